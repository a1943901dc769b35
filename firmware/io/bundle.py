"""The file of diagnostics: texts and the journal, bounded, in one ZIP.

Texts come from the station, without secrets and without card numbers. Where there is no journal,
or it may not be read, the file says so in its place.
"""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from firmware.model.transfers import Span

TEXT_MAX_BYTES = 5 << 20  # of each text; the end of it is kept
JOURNAL_LINES = 20_000
JOURNAL_S = 20
UNIT = "powerstation-*"
_CUT = "(the beginning was left out: too long)\n"


def bundle(texts: Mapping[str, str], at: datetime) -> bytes:
    """Return a ZIP of these texts by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            info = zipfile.ZipInfo(name, max(at.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, _bounded(text.encode()))
    return buffer.getvalue()


def journal(span: Span, command: Sequence[str] = ("journalctl",)) -> str:
    """Return the log lines of the station's units, or a sentence on why there are none."""
    asked = [
        *command, "--no-pager", "--quiet", "--utc", "-o", "short-iso-precise", "-u", UNIT,
        "-n", str(JOURNAL_LINES), *_option("--since", span.oldest_utc_ms),
        *_option("--until", span.latest_utc_ms),
    ]  # fmt: skip
    try:
        done = subprocess.run(asked, capture_output=True, timeout=JOURNAL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"The journal cannot be read here: {type(problem).__name__}.\n"
    if done.returncode or not done.stdout:
        why = done.stderr.decode(errors="replace").strip()[:500] or "it has no lines for us"
        return f"The journal cannot be read here: {why}\n"
    return _bounded(done.stdout).decode(errors="replace")


def _option(name: str, utc_ms: int | None) -> tuple[str, ...]:
    """Return an option of journalctl; a time that no calendar has is none."""
    if utc_ms is None or not 0 <= utc_ms < 4_000_000_000_000:
        return ()
    return (name, f"{datetime.fromtimestamp(utc_ms // 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC")


def _bounded(text: bytes) -> bytes:
    return text if len(text) <= TEXT_MAX_BYTES else _CUT.encode() + text[-TEXT_MAX_BYTES:]
