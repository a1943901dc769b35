# The driver pulls the plug at the car while it charges.  [B-STP-01]
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
01:00  car leaves
       expect contactor open within 100 ms
       expect ocpp StopTransaction EVDisconnected within 2 s
       expect lock unlocked within 2 s
01:10  unplug
       expect ocpp StatusNotification 1 Available within 1 s
