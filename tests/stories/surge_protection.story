# The surge protection trips while a car charges: it is told, and charging goes on.  [F07, B-ERRB-02, B-ERRB-03]
csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
01:00  input spd on
       expect ocpp StatusNotification 0 Available OtherError F07 within 1 s
       expect no contactor open within 60 s
       expect no ocpp StopTransaction within 60 s
02:00  input spd off
       expect ocpp StatusNotification 0 Available NoError F07 within 1 s
