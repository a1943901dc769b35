"""Hardware abstraction: ports, boards, drivers and the mock. Imports nothing of `firmware`."""
