"""The machine of transfers with a back end that hears what it tells."""

from firmware.model import backend as b
from firmware.model import transfers as t
from firmware.model.machine import TICK
from firmware.model.storage import Memory
from firmware.ocpp.transfers import TransferCore
from tests.pure.rigs import settings

URL = "https://cp:hush@files.lan/a"
ZERO_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
PATIENCE = t.Patience(1, 10_000)
PLAIN = t.UpdateRequested("", URL, ZERO_MS, PATIENCE)
SIGNED = t.UpdateRequested("s", URL, ZERO_MS, PATIENCE, 7, None, t.Signing("PEM", "c2ln"))


class Desk:
    """A machine with a back end that hears every status, unless `deaf`."""

    def __init__(self, notes=None, version="1", ready=True):
        self.core = TransferCore(settings(), Memory(3, notes=notes or {}), version)
        self.now_ms, self.deaf, self.heard, self.wishes = 0, False, [], []
        self.tell(TICK)
        if ready:
            self.tell(b.BackendReady(0), b.ClockSynced(ZERO_MS, "ntp"))

    def tell(self, *facts):
        for fact in facts:
            for wish in self.core.handle(fact, self.now_ms):
                if not isinstance(wish, b.Tell):
                    self.wishes.append(wish)
                elif self.deaf:
                    self.tell(b.Told(wish.ref, None))
                else:
                    self.heard.append(wish.payload["status"])
                    self.tell(b.Told(wish.ref, {}))

    def wait(self, span_ms):
        then_ms = self.now_ms + span_ms
        while self.core.deadline_ms() <= then_ms:
            self.now_ms = max(self.core.deadline_ms(), self.now_ms)
            self.tell(TICK)
        self.now_ms = then_ms

    def wished(self, *kinds):
        found = [wish for wish in self.wishes if isinstance(wish, kinds)]
        self.wishes = [wish for wish in self.wishes if not isinstance(wish, kinds)]
        return found

    def job(self):
        return self.wished(t.DownloadWanted, t.UploadWanted)[-1].job
