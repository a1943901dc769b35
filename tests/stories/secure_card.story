# A copied number is refused where a proof is demanded, before a charge and during it.  [B-RFD-20]
set rfid_enforce_secure on ; set rfid_secure_application f51cd0
set rfid_secure_key 00112233445566778899aabbccddeeff ; csms accepts 0a0e9b83
00:00  plug 32 A cable with car
00:05  swipe 0a0e9b83
       expect led three-colour within 1 s
       expect no ocpp Authorize 0a0e9b83 within 4 s
       expect no contactor closed within 4 s
00:10  swipe 0a0e9b83 mifare_desfire
       expect ocpp Authorize 0a0e9b83 within 1 s
       expect contactor closed within 5 s
00:20  swipe 0a0e9b83
       expect no contactor open within 4 s
00:30  swipe 0a0e9b83 mifare_desfire
       expect contactor open within 5 s
