"""What diagnostics hold, through the parts of the station process that make and bring them."""

import io
import json
import queue
import zipfile
from datetime import UTC, datetime

import pytest

from firmware.apps.files import HIDDEN, Files, Sources
from firmware.io.bundle import TEXT_MAX_BYTES, bundle, journal
from firmware.io.file_line import TransferFailed
from firmware.io.sqlite import Database, Writer
from firmware.io.tls import TlsConfig
from firmware.model import transfers as t
from firmware.model.machine import TICK
from firmware.model.storage import Memory, Store
from firmware.model.transfers import Content, Span, Uploaded, UploadWanted
from firmware.ocpp import StationInfo
from firmware.station.core import Options, StationCore
from firmware.storage import rows, schema
from tests.pure.rigs import settings
from tests.wire.file_servers import web_server

PASSWORD, CARD = "0123456789abcdef", "0a0e9b83"


@pytest.fixture
def uploads(tmp_path):
    """Return what a station brings to a web server for a content, by the names of its files."""
    known = settings(
        ocpp_basic_auth_password=PASSWORD,
        local_whitelist_entries=CARD,
        ocpp_ws_proxy=f"http://cp:{PASSWORD}@proxy:1",
    )
    core = StationCore(known, Memory(1), Options(StationInfo("V", "M", "S1", "1", 2)))
    writer = Writer(Database(tmp_path / "station.db", schema.MIGRATIONS), pytest.fail)
    writer.start()
    for wish in core.handle(TICK, 0):  # StartupOfTheDevice is in the log
        if isinstance(wish, Store):
            writer.submit([s for one in wish.writes for s in rows.statements(one)], bool)
    facts = queue.Queue()
    sources = Sources(core, writer, TlsConfig())
    files = Files(tmp_path, facts.put, lambda: sources, loopback=True)
    files.start()

    def bring(content):
        files.perform(UploadWanted(1, f"{url}/log.zip", "log.zip", content, Span()))
        assert facts.get(timeout=30) == Uploaded(1)
        with zipfile.ZipFile(io.BytesIO(web.bodies.pop())) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}

    with web_server() as (web, port):
        url = f"http://localhost:{port}"
        yield bring
    files.finish()
    writer.finish()


@pytest.mark.covers("TC_045_1_CS")
def test_diagnostics_hold_everything_but_secrets_and_the_numbers_of_cards(uploads):
    texts = uploads(Content.DIAGNOSTICS)
    assert set(texts) == {
        "version.txt", "status.json", "settings.json", "faults.json", "wear.json",
        "security.log", "journal.log",
    }  # fmt: skip
    assert PASSWORD not in repr(texts) and CARD not in repr(texts)
    kept = json.loads(texts["settings.json"])
    assert kept["ocpp_basic_auth_password"] == kept["local_whitelist_entries"] == HIDDEN
    assert kept["ocpp:HeartbeatInterval"] == "0"


@pytest.mark.covers("TC_079_CS")
def test_the_security_log_is_a_file_with_an_event_a_line(uploads):
    texts = uploads(Content.SECURITY)
    assert list(texts) == ["security.log"]
    assert "StartupOfTheDevice" in texts["security.log"]


def test_a_journal_that_cannot_be_read_is_a_sentence(tmp_path):
    nobody = str(tmp_path / "no-such-program")
    assert journal(Span(), (nobody,)) == ("The journal cannot be read here: FileNotFoundError.\n")
    assert journal(Span(), ("sh", "-c", "echo no right >&2; exit 1")) == (
        "The journal cannot be read here: no right\n"
    )


def test_the_journal_is_asked_for_its_span():
    told = journal(Span(1_767_225_600_000, 10**30), ("echo",))
    assert "--since 2026-01-01 00:00:00 UTC" in told and "--until" not in told


def test_of_a_text_that_is_too_long_the_end_is_kept():
    content = bundle({"a": "x" * TEXT_MAX_BYTES + "the end"}, datetime(2026, 1, 1, tzinfo=UTC))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("a").decode()
    assert text.endswith("the end") and text.startswith("(the beginning was left out")


def test_what_cannot_be_begun_is_told_as_failed():
    assert t.failed(t.DownloadWanted(3, "ftp://x"), "no") == [t.DownloadFailed(3, "no")]
    assert str(TransferFailed("a sentence")) == "a sentence"
