"""A whole station with a real store of certificates, and a back end that asks and listens."""

import json
from datetime import UTC, datetime

from firmware.config.registry import changed
from firmware.io.certificates import CertificateStore
from firmware.model import backend as b
from firmware.model.security import CERTIFICATE_WISHES
from firmware.storage import rows, security
from tests.pure.station_rig import Station
from tests.wire.certificates import Authority

KEY, OTHER_KEY = "0123456789abcdef", "fedcba9876543210"
UTC_NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Secure(Station):
    """Requests go in by `ask`; what the back end heard is in `events` and `signing`."""

    def __init__(self, folder, **texts):
        self.folder = folder
        self.store = CertificateStore(folder, lambda: UTC_NOW)
        self.answers, self.events, self.signing, self.order = {}, [], [], []
        self.event_answers, self.number = [], 0
        super().__init__(**texts)

    def boot(self, **options):
        """Wake up with the settings that were kept."""
        kept = rows.memory(self.database.query).settings
        self.settings = changed(self.settings, kept)
        super().boot(**options)
        self.tell(self.store.listed())

    def ask(self, action, **payload):
        """Send a request; return the answer's payload, or the code of a refusal."""
        self.number += 1
        name = f"ask-{self.number}"
        self.tell(b.FrameReceived(json.dumps([2, name, action, payload])))
        return self.answers.pop(name, None)

    def change(self, key, value):
        """Change a key; return the status, and let the line be cut where it will be."""
        status = self.ask("ChangeConfiguration", key=key, value=value)["status"]
        self.wait(1_000)
        return status

    def cuts(self):
        """Return why the line was cut since it was last looked at."""
        cut = [wish.reason for wish in self.wishes if isinstance(wish, b.DropConnection)]
        self.wishes = [wish for wish in self.wishes if not isinstance(wish, b.DropConnection)]
        return cut

    def lose(self, cause=b.Loss.OTHER, reason="gone", times=1):
        """The line is gone, and cannot be opened so many times."""
        for _ in range(times):
            self.now_ms += 1_000
            self.tell(b.BackendLost(self.now_ms, reason, cause))

    def connect(self, anchor=""):
        """The line is open (again)."""
        self.now_ms += 1_000
        self.tell(b.BackendConnected(self.now_ms, anchor))

    def text(self, key):
        """Return a parameter's value."""
        return str(self.core.configuration.settings.values[key])

    def log(self):
        """Return the kinds in the security log."""
        return [line.split()[2] for line in security.lines(self.database.query)]

    def lines(self):
        return list(security.lines(self.database.query))

    def install(self, authority=None, use="CentralSystemRootCertificate"):
        """Install a root; return it."""
        authority = authority or Authority()
        answer = self.ask("InstallCertificate", certificateType=use, certificate=authority.pem)
        assert answer == {"status": "Accepted"}
        return authority

    def _perform(self, wish):
        if isinstance(wish, CERTIFICATE_WISHES):
            return self.store.perform(wish)
        return super()._perform(wish)

    def _serve(self, frame):
        match frame:
            case [3, name, payload]:
                self.answers[name] = payload
                return []
            case [4, name, code, *_]:
                self.answers[name] = code
                return []
            case [2, number, "SecurityEventNotification", payload]:
                self.order.append("event")
                self.events.append(payload)
                answer = self.event_answers.pop(0) if self.event_answers else [3, {}]
                if answer is None:
                    return []
                return [b.FrameReceived(json.dumps([answer[0], number, *answer[1:]]))]
            case [2, number, "SignCertificate", payload]:
                self.signing.append(payload["csr"])
                return [b.FrameReceived(json.dumps([3, number, {"status": "Accepted"}]))]
        self.order.append(frame[2])
        return super()._serve(frame)


def refused(code):
    """Return the answer of a back end that refuses an event."""
    return [4, code, "", {}]
