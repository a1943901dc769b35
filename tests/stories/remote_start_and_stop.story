# The back end starts and stops.  [B-OCP-35, B-STP-03]
csms accepts 0a0e9b83
00:00  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3 at outlet 2
00:05  csms remote start 0a0e9b83 at outlet 2
       expect ocpp Authorize 0a0e9b83 within 1 s
       expect ocpp StartTransaction 2 0a0e9b83 within 3 s
       expect contactor closed within 5 s at outlet 2
01:00  csms remote stop
       expect contactor open within 7 s at outlet 2
       expect ocpp StopTransaction Remote within 10 s
01:20  unplug at outlet 2
