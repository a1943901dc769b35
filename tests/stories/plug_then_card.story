# Plug first, then the card; the same card ends it; a stranger's card does not.  [B-AUT-15, 16, B-STP-02]
csms accepts 0a0e9b83 04b2c3d4
00:00  plug 20 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect lock locked within 1 s
       expect no contactor closed within 5 s
00:05  swipe 0a0e9b83
       expect ocpp StartTransaction 0a0e9b83 within 2 s
       expect duty 33.3 % within 2 s
       expect contactor closed within 5 s
       expect current 19.98 A within 10 s
00:40  swipe 04b2c3d4c3d4
       expect no contactor open within 10 s
01:00  swipe 0a0e9b83
       expect duty 100 % within 200 ms
       expect contactor open within 6 s
       expect ocpp StopTransaction 0a0e9b83 within 8 s
       expect lock unlocked within 8 s
       expect ocpp StatusNotification 1 Finishing within 1 s
01:20  unplug
       expect ocpp StatusNotification 1 Available within 1 s
