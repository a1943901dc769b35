# A card that the back end does not accept.  [B-AUT-06, B-AUT-12, B-LEDB-02]
csms accepts 0a0e9b83
00:00  plug 32 A cable with car
00:05  swipe deadbeef
       expect ocpp Authorize deadbeef within 1 s
       expect led three-colour within 2 s
       expect no contactor closed within 4 s
       expect no ocpp StartTransaction within 4 s
00:10  swipe 0a0e9b83
       expect contactor closed within 5 s
