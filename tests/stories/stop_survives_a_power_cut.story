# The driver stops, and the power fails before the car has let go: the stop is not forgotten.
csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3 manner=rude
       expect contactor closed within 5 s
02:00  swipe 0a0e9b83
       expect no contactor open within 900 ms
02:01  power off 5 s
       expect contactor open within 200 ms
02:06  expect ocpp StopTransaction 0a0e9b83 within 10 s
       expect no contactor closed within 60 s
03:30  unplug
       expect ocpp StatusNotification 1 Available within 1 s
