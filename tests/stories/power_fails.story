# The controller loses its power while a car charges; the transaction goes on.  [B-OCP-31]
set restart_transaction_after_power_loss on
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
02:00  power off 5 s
       expect contactor open within 200 ms
02:05  expect contactor closed within 10 s
       expect no ocpp StartTransaction within 20 s
       expect no ocpp StopTransaction within 20 s
03:00  swipe 0a0e9b83
       expect ocpp StopTransaction 0a0e9b83 within 10 s
03:20  unplug
