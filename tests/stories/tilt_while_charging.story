# The post is hit while a car charges; it lies for longer than ten seconds and wants a restart.  [X03, X07]
csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
01:00  input tilt on
       expect duty 100 % within 200 ms
       expect contactor open within 7 s
       expect led three-colour within 200 ms
       expect ocpp StatusNotification 0 Faulted OtherError X03 within 1 s
       expect ocpp StatusNotification 1 Faulted within 1 s
       expect ocpp StatusNotification 2 Faulted within 1 s
       expect ocpp StopTransaction Other within 10 s
       expect no ocpp StatusNotification X07 within 9.9 s
01:10  expect ocpp StatusNotification 0 Faulted X07 within 1 s
01:20  input tilt off
       expect ocpp StatusNotification 0 Faulted X07 within 1 s
       expect no contactor closed within 60 s
02:30  power off 5 s
       expect ocpp StatusNotification 0 Available NoError X07 within 30 s
03:30  unplug
03:40  swipe 0a0e9b83
03:42  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
