# A whole session while the back end is away; everything arrives afterwards, in order.  [B-OCP-34, B-AUT-07]
csms accepts 0a0e9b83 ; set local_whitelist_entries 0a0e9b83
00:00  backend away
00:10  swipe 0a0e9b83
00:12  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
       expect no ocpp StartTransaction within 60 s
01:30  swipe 0a0e9b83
       expect contactor open within 7 s
02:00  unplug
03:00  backend back
       expect ocpp StartTransaction 0a0e9b83 within 90 s
       expect ocpp StopTransaction 0a0e9b83 within 90 s
