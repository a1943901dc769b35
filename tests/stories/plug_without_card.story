# A plug that nobody pays for is held, and set free when the car leaves or nobody comes.  [B-STP-10]
set vehicle_connection_timeout 60
00:00  plug 32 A cable with car
       expect lock locked within 1 s
       expect no lock unlocked within 9 s
00:10  car leaves
       expect lock unlocked within 1 s
00:15  unplug
00:20  plug 32 A cable with car
       expect lock locked within 1 s
       expect no lock unlocked within 59 s
01:20  expect lock unlocked within 2 s
