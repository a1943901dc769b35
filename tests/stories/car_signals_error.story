# A car signals an error twice: it recovers from the first, the second ends the transaction.  [A-05, F02]
csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
01:00  car asks E
       expect contactor open within 100 ms
       expect ocpp StatusNotification 1 SuspendedEV EVCommunicationError within 2 s
       expect no ocpp StopTransaction within 60 s
02:00  car asks C
       expect contactor closed within 8 s
03:00  car asks E
       expect contactor open within 100 ms
       expect no ocpp StopTransaction within 298 s
08:00  expect ocpp StopTransaction Other within 3 s
08:10  car leaves
       expect lock unlocked within 2 s
08:20  unplug
       expect ocpp StatusNotification 1 Available within 2 s
