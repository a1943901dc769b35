"""Starts a station with pages, and asks it as a browser would."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
API = "/api/v1"
PASSWORDS = {
    "user": "user of tests 1",
    "operator": "operator of tests 1",
    "installer": "installer of tests 1",
    "manufacturer": "maker of tests 1",
}


class PageStation:
    """`powerstation run` with its ports; ends with the block."""

    def __init__(self, state, sets=()):
        self.state = Path(state) / "state"
        self._log = Path(state) / "log"
        self._sets = [part for item in sets for part in ("--set", item)]

    def __enter__(self):
        words = ["--board", "boards/mock.toml", "--state", self.state, "--log", self._log,
                 "--web", "127.0.0.1:0", "--local", "127.0.0.2:0", *self._sets]  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "firmware.apps.run", *map(str, words)],
            cwd=TOP, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        assert line, self._log.read_text()
        told = json.loads(line)
        self.pids, self.bench = told["pids"], told["bench"]
        self.url, self.local_url = told["web"][0], told["local"][0]
        self.first = json.loads((self.state / "first-passwords").read_text())
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()

    def browser(self, *, local=False, source="127.0.0.1"):
        """Return a browser that nobody has signed in."""
        return Browser(self.local_url if local else self.url, source)

    def signed(self, user):
        """Return a browser in which a user is signed in."""
        browser = self.browser()
        status, answer = browser.login(user, PASSWORDS[user])
        assert status == 200, answer
        return browser

    def kill(self, name):
        """Kill a process of the station at once."""
        os.kill(self.pids[name], signal.SIGKILL)

    def log(self):
        """Return what the processes have logged."""
        return self._log.read_text()


class Browser:
    """Keeps the cookie and the token of the page."""

    def __init__(self, url, source):
        self.place = url.partition("//")[2]
        self.source = source
        self.cookie = self.csrf = ""
        self.headers = {}

    def ask(self, method, path, body=None, **headers):
        """Return status and JSON; `raw` gives the bytes of the last answer."""
        connection = http.client.HTTPConnection(
            self.place, timeout=20, source_address=(self.source, 0)
        )
        sent = {"X-CSRF-Token": self.csrf, "Cookie": f"session={self.cookie}"} | headers
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path if path.startswith("/") else f"{API}/{path}", data,
                           {k: v for k, v in sent.items() if v})  # fmt: skip
        answer = connection.getresponse()
        self.raw, self.headers = answer.read(), dict(answer.getheaders())
        connection.close()
        for item in answer.msg.get_all("Set-Cookie") or []:
            self.cookie = item.partition("=")[2].partition(";")[0]
        kind = self.headers.get("Content-Type", "")
        return answer.status, json.loads(self.raw) if "json" in kind and self.raw else None

    def get(self, path):
        """Ask and return the answer, which has to be fine."""
        status, answer = self.ask("GET", path)
        assert status == 200, (path, status, answer)
        return answer

    def login(self, user, password):
        """Sign in; return status and answer."""
        status, answer = self.ask("POST", "login", {"user": user, "password": password})
        self.csrf = (answer or {}).get("csrf", "")
        return status, answer

    def until(self, done):
        """Follow the live state until it is so; return it."""
        connection = http.client.HTTPConnection(self.place, timeout=60)
        connection.request("GET", f"{API}/live", headers={"Cookie": f"session={self.cookie}"})
        answer = connection.getresponse()
        try:
            while line := answer.fp.readline().decode():
                if line.startswith("data:") and done(seen := json.loads(line[5:])):
                    return seen
        finally:
            connection.close()
        raise AssertionError("the live state has ended before it was so")

    def insist(self, done):
        """Ask again and again until an answer is so: for processes that start anew."""
        pause = threading.Event()  # real processes start in their own time
        for _ in range(600):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if done():
                    return
            pause.wait(0.1)
        raise AssertionError("it did not come")

    def save(self, **changes):
        """Change parameters; return status and answer."""
        return self.ask("PATCH", "params", {"changes": changes})
