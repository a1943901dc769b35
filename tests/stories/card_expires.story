# An accepted card finds no plug in time.  [B-AUT-14]
set vehicle_connection_timeout 30 ; csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
       expect led blue within 2 s
00:31  plug 32 A cable with car
       expect no ocpp StartTransaction within 20 s
       expect no contactor closed within 20 s
