# The pin is jammed: three attempts, then a fault; freed, the car charges.  [F10, B-STP-14]
csms accepts 0a0e9b83
00:00  lock jam
00:01  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
00:02  swipe 0a0e9b83
       expect no ocpp StatusNotification ConnectorLockFailure within 5 s
       expect no contactor closed within 15 s
00:07  expect ocpp StatusNotification 1 ConnectorLockFailure within 4 s
00:20  lock normal
       expect lock locked within 2 s
       expect contactor closed within 4 s
01:00  swipe 0a0e9b83
       expect lock unlocked within 10 s
01:20  unplug
