"""The simulated world as a process of its own, and the bench line to it."""

import json
import signal
import socket
import subprocess
import sys


class WorldProcess:
    """A world that `module` serves; `act` speaks the bench protocol."""

    def __init__(self, root, module, board, state_dir):
        args = ["--board", board, "--state", state_dir, "--bench", "127.0.0.1:0"]
        command = [sys.executable, "-m", module, *map(str, args)]
        self.process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)
        ready = json.loads(self.process.stdout.readline())
        host, port = ready["bench"].split(":")
        self.bench = socket.create_connection((host, int(port)), timeout=10)
        self.lines = self.bench.makefile("rb")

    def act(self, verb, **args):
        """Carry out a verb of the bench and return its answer."""
        self.bench.sendall(json.dumps({"do": verb, **args}).encode() + b"\n")
        return json.loads(self.lines.readline())

    def close(self):
        """End it; whatever it left undone is a failure."""
        self.lines.close()
        self.bench.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        self.process.stdout.close()
