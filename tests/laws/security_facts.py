"""Facts of the line's security for the laws: keys, losses, certificates, what was told."""

from __future__ import annotations

from firmware.config.registry import changed
from firmware.model import backend as b
from firmware.model import security as s
from firmware.model.security import RootUse
from tests.laws.facts import QUICK

SECURE = changed(QUICK, {"ocpp_basic_auth_password": "0123456789abcdef"})
_HASH = s.CertificateHash("SHA256", "aa", "bb", "1")
_ROOT = s.InstalledRoot(RootUse.CENTRAL_SYSTEM, "f", (_HASH,))
_RAISED = s.SecurityKeyRequested("p", "ocpp:SecurityProfile", "1")
TRIED = (b.BackendConnected(0), _RAISED, b.BackendLost(0, "cut", b.Loss.OURS))
SECURITY: list[object] = [
    _RAISED,
    *(s.SecurityKeyRequested("q", "ocpp_basic_auth_password", v) for v in ("a" * 16, "b" * 20)),
    *(s.SecurityKeyRequested("r", "ocpp:SecurityProfile", v) for v in ("2", "3")),
    *(b.BackendLost(0, cause.value, cause) for cause in b.Loss),
    *(b.BackendConnected(0, anchor) for anchor in ("", "f")),
    *(b.Told(f"security-event-{n}", answer, code)
      for n in (1, 2, 3) for answer, code in (({}, ""), (None, ""), (None, "NotSupported"))),
    s.CertificatesListed((), False), s.CertificatesListed((_ROOT,), True),
    s.InstallRootRequested("i", RootUse.CENTRAL_SYSTEM, "PEM"),
    s.DeleteRootRequested("d", _HASH), s.RootsRequested("g", RootUse.CENTRAL_SYSTEM),
    s.SignedRequested("c", "PEM"), s.SigningTriggered(), s.SigningRequestMade("CSR"),
    *(s.Inspected(call, problem, "f") for call in "ic" for problem in ("", "it has expired")),
    *(s.CertificateKept(call, done) for call in "icd" for done in (True, False)),
    s.SecurityEvent(s.SecurityEventKind.TAMPERED, "lid"),
]  # fmt: skip
