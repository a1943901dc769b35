# A short session for rigs where time is real.
csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
       expect led white-rotating within 500 ms
00:01  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 4 s
       expect ocpp StartTransaction 0a0e9b83 within 2 s
00:06  residual 8 mA dc
       expect contactor open within 100 ms
       expect ocpp StopTransaction Other within 2 s
