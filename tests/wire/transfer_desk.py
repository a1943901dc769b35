"""A worker of transfers in the hand: wishes in, facts out, and its folder."""

import hashlib
import queue

from firmware.io.file_line import Bounds, Line
from firmware.io.installer import HandOver
from firmware.io.tls import TlsConfig
from firmware.io.transfers import Job, TransferWorker
from firmware.model import transfers as t

FIRMWARE = bytes(range(256)) * 2_000
DIGEST = hashlib.sha256(FIRMWARE).hexdigest()
SPAN = t.Span()
BOUNDS = Bounds(silence_s=5, upload_s=20, download_s=20, firmware_bytes=1_000_000)
HERE = Line(TlsConfig(), loopback=True)
TEXTS = {"security.log": "1 2026 StartupOfTheDevice\n"}
NAME = "CP1_security_20260101T000000Z.zip"


class Desk:
    """A worker with its facts in the hand."""

    def __init__(self, folder, bounds=BOUNDS, line=HERE):
        self.folder, self.line, self.facts = folder / "updates", line, queue.Queue()
        installer = HandOver(self.folder, taken_s=0)
        self.worker = TransferWorker(self.folder, installer, self.facts.put, bounds)
        self.worker.start()
        self.number = 0

    def ask(self, wish):
        self.worker.ask(Job(wish, self.line, TEXTS))

    def upload(self, url, content=t.Content.SECURITY):
        self.number += 1
        self.ask(t.UploadWanted(self.number, url, NAME, content, SPAN))
        return self.fact()

    def download(self, url):
        self.number += 1
        self.ask(t.DownloadWanted(self.number, url))
        return self.fact()

    def fact(self):
        return self.facts.get(timeout=30)

    def left(self):
        return sorted(path.name for path in self.folder.iterdir())
