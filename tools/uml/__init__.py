"""Virtual hardware: a User-Mode Linux kernel with the pins, buses and watchdog of a station.

`build` makes the kernel and its modules, `kernel` finds what was made or given, `run` boots it
and runs a command in it. The modules and the kernel are GPL-2.0-only and no part of the product.
"""
