# The breaker of the domestic socket of outlet 1 trips: that outlet stops, the other charges on.  [F05]
csms accepts 0a0e9b83 04b2c3d4
00:00  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
00:01  swipe 0a0e9b83
       expect contactor closed within 5 s
00:10  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3 at outlet 2
00:11  swipe 04b2c3d4
       expect contactor closed within 5 s at outlet 2
01:00  input mcb_schuko_1 on
       expect contactor open within 7 s
       expect ocpp StatusNotification 1 Faulted OverCurrentFailure F05 within 1 s
       expect ocpp StopTransaction Other within 10 s
       expect led three-colour within 1 s
       expect no contactor open within 60 s at outlet 2
02:10  input mcb_schuko_1 off
       expect ocpp StatusNotification 1 NoError F05 within 1 s
       expect led blue within 1 s
