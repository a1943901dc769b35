# The grid operator's signal dims a station with two cars: the first charges on, the second waits.  [B-CUR-13]
set dimming_input ext1_active_high ; set dimming_power_w 4200 ; csms accepts 0a0e9b83 04aabbcc
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3 max_ma=32000
       expect contactor closed within 5 s
00:30  swipe 04aabbcc
00:32  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3 max_ma=32000 at outlet 2
       expect contactor closed within 5 s at outlet 2
       expect duty 53.3 % within 5 s at outlet 2
02:00  input ext1 on
       expect duty 10.1 % within 200 ms
       expect contactor open within 7 s at outlet 2
       expect no ocpp StopTransaction within 60 s
05:00  input ext1 off
       expect duty 53.3 % within 1 s
       expect contactor closed within 7 s at outlet 2
