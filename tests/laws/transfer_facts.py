"""Facts of transfers for the laws: requests of all kinds, what adapters tell, what was told."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from firmware.model import backend as b
from firmware.model import transfers as t
from firmware.model.security import SignerInspected
from firmware.ocpp.updates import Note, Stage, order_of
from tests.laws.facts import NOON_MS

_QUICK, _STUBBORN = t.Patience(0, 0), t.Patience(2, 1_000)
_URL = "https://name:secret@files.lan/up/"
_PLAIN = t.UpdateRequested("", _URL, None, _STUBBORN)
_SIGNED = t.UpdateRequested(
    "s", _URL, NOON_MS + 2_000, _QUICK, 7, NOON_MS + 9_000, t.Signing("PEM", "c2ln")
)
TRANSFERS: list[object] = [
    *(t.DiagnosticsRequested("d", _URL, span, patience)
      for span in (t.Span(), t.Span(NOON_MS + 90_000_000), t.Span(5, 4))
      for patience in (_QUICK, _STUBBORN)),
    *(t.LogRequested(call, n, content, url, t.Span(), _STUBBORN)
      for n, (call, content, url) in enumerate((
          ("k", t.Content.DIAGNOSTICS, _URL), ("l", t.Content.SECURITY, _URL),
          ("m", t.Content.SECURITY, "file:///etc/passwd")))),
    _PLAIN, _PLAIN, replace(_PLAIN, retrieve_utc_ms=NOON_MS + 3_000), _SIGNED, _SIGNED,
    replace(_SIGNED, call="u", install_utc_ms=None),
    *(SignerInspected(call, problem) for call in "sux" for problem in ("", "it has expired")),
    *map(t.ReportTriggered, t.Report),
    *(t.Uploaded(job) for job in range(1, 5)),
    *(t.UploadFailed(job, "no", trouble)
      for job in range(1, 4) for trouble in (t.Trouble.OTHER, t.Trouble.DENIED)),
    *(t.Downloaded(job, 9, "aa") for job in range(1, 5)),
    *(t.DownloadFailed(job, "no") for job in range(1, 4)),
    *(t.SignatureChecked(job, problem) for job in range(1, 4) for problem in ("", "no")),
    *(fact(job) for job in range(1, 4) for fact in (t.InstallTaken,)),
    *(t.InstallFailed(job, "no") for job in range(1, 4)),
    *(b.Told(f"transfer-status-{n}", answer, code)
      for n in range(1, 6) for answer, code in (({}, ""), (None, ""), (None, "NotSupported"))),
]  # fmt: skip
FETCHED = (_PLAIN, t.Downloaded(1, 9, "aa"))


def _kept(stage: Stage, starts: int = 0) -> str:
    return json.dumps(asdict(Note(order_of(_SIGNED), stage, starts, "0")))


INSTALLING, ORDERED, TOO_OFTEN = (
    _kept(Stage.INSTALLING), _kept(Stage.SCHEDULED), _kept(Stage.DOWNLOADING, 3),
)  # fmt: skip
