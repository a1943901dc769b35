"""A serial port that is a pseudo terminal, behind a path that outlives its being plugged out."""

import os
import pty
import threading
import tty


class Port:
    """One plugged port; `master` is the device's end, `stop` becomes readable at its end."""

    def __init__(self, path):
        """Put the port at `path`; nobody answers before `serve`."""
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self.slave))
        self.stop, self._stopped = os.pipe()

    def serve(self, run):
        """Let a thread answer, which ends when `stop` is readable."""
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def close(self):
        """Take the port away."""
        os.close(self._stopped)
        self._thread.join(5)
        for descriptor in (self.master, self.slave, self.stop):
            os.close(descriptor)
