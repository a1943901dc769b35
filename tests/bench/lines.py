"""Serial cables without a port: pseudo terminals whose other ends are joined by a thread."""

import os
import pty
import select
import socket
import threading
import tty


class Cable:
    """Two serial ports, each the other's other end; `near` and `far` are their paths."""

    def __init__(self):
        self._masters, self._slaves = zip(*(pty.openpty() for _ in range(2)), strict=True)
        for slave in self._slaves:
            tty.setraw(slave)
        self.near, self.far = (os.ttyname(slave) for slave in self._slaves)
        self._pump = Pump(*self._masters)

    def close(self):
        """Pull the cable out."""
        self._pump.close()
        for descriptor in (*self._masters, *self._slaves):
            os.close(descriptor)


class Bridge:
    """A serial port with the bench protocol of a world behind it; `near` is its path."""

    def __init__(self, bench):
        host, _, port = bench.rpartition(":")
        self._world = socket.create_connection((host, int(port)))
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.near = os.ttyname(self._slave)
        self._pump = Pump(self._master, self._world.fileno())

    def close(self):
        """Pull the cable out."""
        self._pump.close()
        self._world.close()
        os.close(self._master)
        os.close(self._slave)


class Pump:
    """Carries bytes both ways between two descriptors, in a thread."""

    def __init__(self, one, other):
        self._ways = {one: other, other: one}
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """End the thread."""
        os.close(self._stopped)
        self._thread.join(5)
        os.close(self._stop)

    def _run(self):
        while True:
            ready, _, _ = select.select([*self._ways, self._stop], [], [])
            if self._stop in ready:
                return
            for source in ready:
                data = os.read(source, 4_096)
                while data:
                    data = data[os.write(self._ways[source], data) :]
