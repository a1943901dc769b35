# Card first, then the plug; a residual current ends it.  [B-AUT-02, F01]
board mock ; set vehicle_connection_timeout 45 ; csms accepts 0a0e9b83
00:00  swipe 0a0e9b83
       expect led white-rotating within 200 ms
       expect ocpp Authorize 0a0e9b83 within 1 s
00:20  plug 32 A cable
       expect lock locked within 1 s
       expect ocpp StatusNotification 1 Preparing within 1 s
00:22  car asks C
       expect contactor closed within 3 s ; expect ocpp StartTransaction within 3 s
       expect duty 53.3 % within 3 s
       expect led blue within 3 s
       expect ocpp StatusNotification 1 Charging within 3 s
05:00  residual 8 mA dc
       expect contactor open within 100 ms
       expect ocpp StatusNotification 1 Faulted GroundFailure within 2 s
       expect ocpp StopTransaction Other within 15 s
       expect led three-colour within 1 s
05:20  residual 0 mA dc
05:21  car leaves
       expect lock unlocked within 2 s
05:25  unplug
       expect ocpp StatusNotification 1 Available within 2 s
       expect led green within 1 s
