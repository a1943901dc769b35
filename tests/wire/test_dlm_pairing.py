"""Keys of a site, and pairing by a code over real TLS: who is let in, and who learns nothing."""

import asyncio
import json
import ssl
import stat

import pytest
from cryptography import x509
from spake2 import SPAKE2_A

from firmware.io.dlm_keys import (
    AUTHORITY,
    BROKER,
    UNIT,
    BadRequest,
    NotPaired,
    SiteAuthority,
    bus_context,
    keep_unit,
    signing_request,
    site_of,
    unit_key,
)
from firmware.io.dlm_pairing import (
    BUSY_MAX,
    CODE_DIGITS,
    CODE_S,
    CODE_TRIES,
    LINE_BYTES,
    NotPairing,
    PairingConfig,
    PairingDesk,
    pair,
)

WRONG = "00000000"


class Desk:
    """A master's desk with a clock that is set by hand."""

    def __init__(self, folder):
        self.keys, self.told, self.now_s = folder / "master", [], 0.0
        self.authority = SiteAuthority(self.keys, "cellar")
        self.desk = PairingDesk(self.authority, self.keys, self.told.append, lambda: self.now_s)

    async def open(self):
        """Return a code that is none of those that the tests guess."""
        code = await self.desk.open("127.0.0.1", 0)
        self.port = self.desk.port
        return code if code != WRONG else await self.open()

    async def pair(self, folder, code, unit="garage"):
        """Pair a unit; return what went wrong."""
        try:
            await pair(PairingConfig("127.0.0.1", self.port, unit, folder), code)
        except NotPairing as why:
            return str(why)
        return ""


# -- keys -------------------------------------------------------------------------------------


def test_keys_are_readable_by_their_owner_only_and_made_once(tmp_path):
    SiteAuthority(tmp_path / "keys", "cellar")
    files = {file.name: file.read_bytes() for file in (tmp_path / "keys").iterdir()}
    assert set(files) == {AUTHORITY, BROKER, UNIT}
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}
    SiteAuthority(tmp_path / "keys", "cellar")
    assert {f.name: f.read_bytes() for f in (tmp_path / "keys").iterdir()} == files


def test_a_master_under_another_name_has_a_new_certificate_of_the_same_site(tmp_path):
    SiteAuthority(tmp_path, "cellar")
    site = site_of(tmp_path)
    SiteAuthority(tmp_path, "attic")
    held = x509.load_pem_x509_certificate((tmp_path / UNIT).read_bytes())
    assert held.subject.rfc4514_string() == "CN=attic"
    assert site_of(tmp_path) == site


def test_a_unit_that_becomes_a_master_leaves_the_site_it_was_paired_with(tmp_path):
    other = SiteAuthority(tmp_path / "other", "attic")
    key = unit_key()
    issued = other.signed("cellar", signing_request(key, "cellar"))
    keep_unit(tmp_path / "keys", key, "cellar", issued, other.pem)
    SiteAuthority(tmp_path / "keys", "cellar")
    assert site_of(tmp_path / "keys") not in ("", site_of(tmp_path / "other"))


def test_a_site_whose_authority_was_deleted_has_all_keys_anew(tmp_path):
    SiteAuthority(tmp_path, "cellar")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    (tmp_path / AUTHORITY).unlink()
    SiteAuthority(tmp_path, "cellar")
    assert [f.name for f in tmp_path.iterdir() if f.read_bytes() == before[f.name]] == []


def test_nobody_gets_the_name_of_the_masters_own_unit(tmp_path):
    authority = SiteAuthority(tmp_path, "cellar")
    with pytest.raises(BadRequest, match="cellar is the name of the master's own unit"):
        authority.signed("cellar", signing_request(unit_key(), "cellar"))


@pytest.mark.parametrize("unit", ["", "#", "a/b", "+", "a\n", "-", "a" * 65])
def test_a_name_that_would_reach_other_topics_is_refused(tmp_path, unit):
    authority = SiteAuthority(tmp_path, "cellar")
    with pytest.raises(BadRequest, match="cannot name a unit"):
        authority.signed(unit, signing_request(unit_key(), "garage"))


def test_the_name_in_the_request_does_not_count(tmp_path):
    authority = SiteAuthority(tmp_path, "cellar")
    issued = authority.signed("garage", signing_request(unit_key(), "cellar"))
    subject = x509.load_pem_x509_certificate(issued.encode()).subject
    assert subject.rfc4514_string() == "CN=garage"


@pytest.mark.parametrize("request_pem", ["", "x", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"])
def test_what_is_no_request_is_refused(tmp_path, request_pem):
    with pytest.raises(BadRequest, match="no signing request"):
        SiteAuthority(tmp_path, "cellar").signed("garage", request_pem)


def test_a_request_that_was_changed_after_it_was_signed_is_refused(tmp_path):
    der = bytearray(
        ssl.PEM_cert_to_DER_cert(_as_certificate(signing_request(unit_key(), "garage")))
    )
    der[der.index(b"garage")] ^= 1
    changed = ssl.DER_cert_to_PEM_cert(bytes(der)).replace("CERTIFICATE", "CERTIFICATE REQUEST")
    with pytest.raises(BadRequest, match="not signed by an EC key of its own"):
        SiteAuthority(tmp_path, "cellar").signed("garage", changed)


def _as_certificate(request_pem):
    return request_pem.replace("CERTIFICATE REQUEST", "CERTIFICATE")


def test_a_certificate_for_another_key_or_of_another_site_is_not_kept(tmp_path):
    authority, other = SiteAuthority(tmp_path / "a", "cellar"), SiteAuthority(tmp_path / "b", "x")
    key = unit_key()
    issued = authority.signed("garage", signing_request(key, "garage"))
    for wrong in (
        (unit_key(), "garage", issued, authority.pem),
        (key, "attic", issued, authority.pem),
        (key, "garage", issued, other.pem),
        (key, "garage", "", authority.pem),
    ):
        with pytest.raises(BadRequest):
            keep_unit(tmp_path / "unit", *wrong)
    assert not (tmp_path / "unit").exists()


def test_a_unit_without_keys_or_with_damaged_ones_says_what_to_do(tmp_path):
    with pytest.raises(NotPaired, match="not paired with a master; pair it by a code"):
        bus_context(tmp_path)
    SiteAuthority(tmp_path, "cellar")
    whole = (tmp_path / UNIT).read_text()
    for damaged in ("", whole[: len(whole) // 2], whole.replace("A", "B")):
        (tmp_path / UNIT).write_text(damaged)
        with pytest.raises(NotPaired, match="is damaged .*; pair this station anew"):
            bus_context(tmp_path)


# -- pairing ------------------------------------------------------------------------------------


def test_a_unit_with_the_code_is_paired_and_the_code_is_used_up(tmp_path):
    async def run():
        desk = Desk(tmp_path)
        code = await desk.open()
        assert len(code) == CODE_DIGITS
        first = await desk.pair(tmp_path / "garage", f" {code[:4]} {code[4:]} ")
        return first, await desk.pair(tmp_path / "attic", code, "attic"), desk.told

    first, second, told = asyncio.run(run())
    assert first == ""
    assert "is a code open on its page?" in second
    assert told == ["garage is paired"]
    assert site_of(tmp_path / "garage") == site_of(tmp_path / "master") != ""
    bus_context(tmp_path / "garage")
    assert not (tmp_path / "attic").exists()


def test_five_wrong_codes_end_even_the_right_one(tmp_path):
    async def run():
        desk = Desk(tmp_path)
        code = await desk.open()
        wrong = [await desk.pair(tmp_path / "g", WRONG) for _ in range(CODE_TRIES - 1)]
        assert desk.desk.left_ms > 0
        wrong.append(await desk.pair(tmp_path / "g", WRONG))
        assert desk.desk.left_ms == 0
        return wrong, await desk.pair(tmp_path / "g", code), desk.told

    wrong, right, told = asyncio.run(run())
    assert all("the code may be wrong or used up" in why for why in wrong)
    assert "the code may be wrong or used up" in right
    assert [why.rpartition(": ")[2] for why in told[:-1]] == ["4", "3", "2", "1", "0"]
    assert told[-1] == (
        "a station could not be paired: the code has been tried too often; open another one"
    )
    assert not (tmp_path / "g").exists()


def test_a_guess_that_is_never_proved_costs_a_try_as_well(tmp_path):
    async def run():
        desk = Desk(tmp_path)
        await desk.open()
        told = [await say(desk.port, hello()) for _ in range(CODE_TRIES + 1)]
        return [bool(answer) for answer in told]

    assert asyncio.run(run()) == [True] * CODE_TRIES + [False]


def test_a_code_is_worth_nothing_after_ten_minutes(tmp_path):
    async def run():
        desk = Desk(tmp_path)
        code = await desk.open()
        desk.now_s = CODE_S
        return await desk.pair(tmp_path / "g", code), desk.told

    why, told = asyncio.run(run())
    assert "the code may be wrong or used up" in why
    assert told == ["a station could not be paired: no code is open"]


async def paired_through(desk, folder, shown, toward):
    """Return what comes of a pairing through one who has no code and passes on every byte."""
    code, there = await desk.open(), desk.port

    async def passed_on(reader, writer):
        master, away = await asyncio.open_connection("127.0.0.1", there, ssl=toward)
        await asyncio.gather(copied(reader, away), copied(master, writer))

    async with await asyncio.start_server(passed_on, "127.0.0.1", 0, ssl=shown) as server:
        desk.port = server.sockets[0].getsockname()[1]
        return await desk.pair(folder, code)


def test_who_stands_between_with_another_certificate_pairs_nobody(tmp_path):
    SiteAuthority(tmp_path / "between", "cellar")
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(tmp_path / "between" / BROKER)
    folder = tmp_path / "garage"

    async def run():
        desk = Desk(tmp_path)
        return await paired_through(desk, folder, shown, blind()), desk.told

    why, told = asyncio.run(run())
    assert "hung up" in why
    assert told == ["a station could not be paired: garage does not have the code; tries left: 4"]
    assert not folder.exists()


def test_who_stands_between_and_only_passes_on_does_no_harm(tmp_path):
    async def run():
        desk = Desk(tmp_path)
        return await paired_through(desk, tmp_path / "garage", None, None), desk.told

    assert asyncio.run(run()) == ("", ["garage is paired"])


def test_a_false_master_that_does_not_know_the_code_pairs_nobody(tmp_path):
    SiteAuthority(tmp_path / "false", "cellar")

    async def run():
        false = Desk(tmp_path / "false-desk")
        await false.open()
        return await false.pair(tmp_path / "g", WRONG)

    assert "the code may be wrong or used up" in asyncio.run(run())
    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize(
    "line",
    [
        b"\n", b"[]\n", b"{}\n", b"\xff\n", b"[" * 5_000 + b"\n", b"x" * (2 * LINE_BYTES),
        b'{"unit": 1, "element": "00"}\n', b'{"unit": "a/b", "element": "00"}\n',
        b'{"unit": "a", "element": "00"}\n', b'{"unit": "a", "element": "zz"}\n',
        json.dumps({"unit": "a", "element": "42" + "00" * 32}).encode() + b"\n",
        json.dumps({"unit": "a", "element": "41" + "ff" * 32}).encode() + b"\n",
        json.dumps({"unit": "a", "element": "41" + "02" + "00" * 31}).encode() + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_word_of_ours_is_refused_and_the_desk_goes_on(tmp_path, line):
    async def run():
        desk = Desk(tmp_path)
        code = await desk.open()
        answer = await say(desk.port, line)
        return answer, await desk.pair(tmp_path / "g", code), desk.told

    answer, paired, told = asyncio.run(run())
    assert b"proof" not in answer
    assert paired == ""
    assert [why.partition(":")[0] for why in told] == [
        "a station could not be paired", "garage is paired",
    ]  # fmt: skip


def test_a_third_connection_at_a_time_is_closed(tmp_path):
    async def run():
        desk = Desk(tmp_path)
        await desk.open()
        held = [
            await asyncio.open_connection("127.0.0.1", desk.port, ssl=blind())
            for _ in range(BUSY_MAX)
        ]
        answer = await say(desk.port, hello())
        for _, writer in held:
            writer.close()
        return answer

    assert asyncio.run(run()) == b""


# -- the other side, by hand ----------------------------------------------------------------------


def blind():
    """Return a context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def hello():
    """Return the first line of a unit that guesses."""
    side = SPAKE2_A(WRONG.encode(), idA=b"a", idB=b"master")
    return json.dumps({"unit": "a", "element": side.start().hex()}).encode() + b"\n"


async def say(port, line):
    """Return what the desk answers to a line, until it hangs up or waits for more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=blind())
    writer.write(line)
    try:
        answer = await reader.readline()
    except ConnectionError:
        answer = b""
    writer.close()
    return answer


async def copied(reader, writer):
    while data := await reader.read(4_096):
        writer.write(data)
    writer.close()
