"""The Core profile against a strict back end of other hands, over real sockets."""

import asyncio
import json
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware.model.backend import (
    Answer,
    AskBackend,
    AvailabilityRequested,
    BackendAnswered,
    BackendReady,
    CacheClearRequested,
    ConfigurationAnswer,
    ConfigurationChangeRequested,
    ConfigurationRequested,
    KeyValue,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetRequested,
    SampleRequested,
    UnlockRequested,
)
from firmware.model.lists import ListVersionRequested
from firmware.model.reservation import CancelReservationRequested
from firmware.model.session import (
    ConnectorChanged,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
)
from firmware.model.values import ConnectorStatus, StopReason, TokenInfo, Verdict
from tests.node import modules
from tests.pure.ocpp_rig import ended, sample, transaction
from tests.wire.ocpp_station import leave, station, within

# one worker for all: two would install the packages of the peer over each other
pytestmark = [pytest.mark.needs_node, pytest.mark.xdist_group("node peer")]
PEER = Path(__file__).parent / "peer"
KEYS = (KeyValue("HeartbeatInterval", False, "300"), KeyValue("AuthorizationKey", False, None))
ALL = ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage")


@pytest.fixture(scope="module")
def peer():
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    modules(PEER)
    return PEER / "csms.js"


@asynccontextmanager
async def csms(script, *arguments):
    """Run the back end; `heard` grows with each of its lines, `ask` sends a request."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", str(script), *arguments, stdin=pipe, stdout=pipe
    )
    me = SimpleNamespace(heard=[], news=asyncio.Event())

    async def read():
        while line := await process.stdout.readline():
            me.heard.append(json.loads(line))
            me.news.set()

    async def until(true):
        while not true(me.heard):
            me.news.clear()
            await me.news.wait()

    async def ask(method, params):
        before = len(me.heard)
        process.stdin.write(json.dumps({"method": method, "params": params}).encode() + b"\n")

        def replies(heard):
            return [line for line in heard[before:] if line["event"] in ("answer", "refused")]

        await me.until(replies)
        (reply,) = replies(me.heard)
        return reply.get("answer") or reply.get("code") or {}

    me.until, me.ask = until, ask
    reader = asyncio.ensure_future(read())
    try:
        await until(lambda heard: heard)
        me.port = me.heard[0]["port"]
        yield me
    finally:
        process.stdin.close()
        await process.wait()
        await reader
    assert [line for line in me.heard if line["event"] in ("strict", "bad")] == []


def calls(peer, method):
    return [line["params"] for line in peer.heard if line.get("method") == method]


def told(peer):
    return [line["method"] for line in peer.heard if line["event"] == "call"]


def decide(wish):
    """Answer as an agreeable station does."""
    match wish:
        case ConfigurationRequested(call):
            yield ConfigurationAnswer(call, KEYS, ("Unheard",))
        case ConfigurationChangeRequested(call, _, value):
            yield Answer(call, "Accepted" if value.isdecimal() else "Rejected")
        case UnlockRequested(call):
            yield Answer(call, "Unlocked")
        case SampleRequested(outlet):
            yield sample(None, outlet, "Trigger", measurands=ALL)
        case AvailabilityRequested(call, _, _):
            yield Answer(call, "Scheduled")
        case (
            CacheClearRequested(call)
            | RemoteStartRequested(call)
            | RemoteStopRequested(call)
            | ResetRequested(call)
        ):
            yield Answer(call, "Accepted")
        case CancelReservationRequested(call):
            yield Answer(call, "Rejected")
        case ListVersionRequested(call):
            yield Answer(call, "", {"listVersion": 7})


async def ready(me):
    for outlet in (0, 1, 2):
        me.post(ConnectorChanged(outlet, ConnectorStatus.AVAILABLE))
    await me.until(lambda: any(isinstance(wish, BackendReady) for wish in me.wishes))


@pytest.mark.covers("TC_001_CS", "B-OCP-01")
def test_cold_boot_authorisation_and_a_whole_transaction(peer):
    async def story():
        async with csms(peer) as back:
            me = station(f"ws://127.0.0.1:{back.port}/path", decide, ocpp_force_heartbeat=True)
            await ready(me)
            me.post(AskBackend("TAG"))
            await me.until(lambda: BackendAnswered("TAG", TokenInfo(Verdict.ACCEPTED)) in me.wishes)
            me.post(ConnectorChanged(1, ConnectorStatus.PREPARING))
            me.post(TransactionBegan(transaction()))
            me.post(ConnectorChanged(1, ConnectorStatus.CHARGING))
            await me.until(lambda: any(isinstance(w, TransactionConfirmed) for w in me.wishes))
            me.post(sample(measurands=ALL))
            me.post(sample(context="Sample.Clock", at_ms=40_000, measurands=ALL))
            me.post(sample(None, 2, "Sample.Clock", measurands=ALL))
            fault = {"error": "GroundFailure", "info": "x" * 80, "vendor_error": "F01"}
            me.post(ConnectorChanged(1, ConnectorStatus.FAULTED, **fault))
            stopped = ended(transaction(), reason=StopReason.OTHER, stop_token="TAG")
            me.post(TransactionEnded(stopped))
            await back.until(lambda heard: calls(back, "StopTransaction"))
            await back.until(lambda heard: calls(back, "Heartbeat"))
            await leave(me)
            assert me.recorder.problems() == []
        assert back.heard[1] == {"event": "client", "identity": "CP 1/ä", "protocol": "ocpp1.6"}
        order = [name for name in told(back) if name.endswith("Transaction") or "Meter" in name]
        assert order[0] == "StartTransaction"
        assert sorted(order[1:]) == ["MeterValues"] * 3 + ["StopTransaction"]
        assert [stop["transactionId"] for stop in calls(back, "StopTransaction")] == [4711]
        told_faces = calls(back, "StatusNotification")
        faces = [(face["connectorId"], face["status"]) for face in told_faces]
        assert faces[:3] == [(0, "Available"), (1, "Available"), (2, "Available")]
        assert faces[3:] == [(1, "Preparing"), (1, "Charging"), (1, "Faulted")]

    within(20, story)


REQUESTS = [
    ("GetConfiguration", {}, {
        "configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
            {"key": "AuthorizationKey", "readonly": False},
        ],
        "unknownKey": ["Unheard"],
    }),
    ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, {"status": "Accepted"}),
    ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "x"}, {"status": "Rejected"}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, {"status": "Scheduled"}),
    ("ClearCache", {}, {"status": "Accepted"}),
    ("DataTransfer", {"vendorId": "x"}, {"status": "UnknownVendorId"}),
    ("RemoteStartTransaction", {"connectorId": 1, "idTag": "T"}, {"status": "Accepted"}),
    ("RemoteStartTransaction", {"connectorId": 0, "idTag": "T"}, {"status": "Rejected"}),
    ("RemoteStopTransaction", {"transactionId": 5}, {"status": "Accepted"}),
    ("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
    ("UnlockConnector", {"connectorId": 7}, {"status": "NotSupported"}),
    ("GetLocalListVersion", {}, {"listVersion": 7}),
    ("TriggerMessage", {"requestedMessage": "MeterValues"}, {"status": "Accepted"}),
    ("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"}),
    ("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}),
    ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1},
     {"status": "Accepted"}),
    ("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"},
     {"status": "Accepted"}),
    ("CancelReservation", {"reservationId": 1}, {"status": "Rejected"}),
    ("Heartbeat", {}, "NotSupported"),
    ("Heartbeat", {}, "NotSupported"),
    ("Reset", {"type": "Soft"}, {"status": "Accepted"}),
]  # fmt: skip


@pytest.mark.covers("TC_019_CS", "TC_021_CS", "TC_027_CS", "TC_031_CS", "TC_054_CS", "TC_055_CS")
def test_every_request_of_the_core_profile_is_answered(peer):
    async def story():
        async with csms(peer) as back:
            me = station(f"ws://127.0.0.1:{back.port}", decide, ocpp_force_heartbeat=False)
            await ready(me)
            answers = [await back.ask(method, params) for method, params, _ in REQUESTS]
            await back.until(lambda heard: len(calls(back, "MeterValues")) == 2)
            await leave(me)
            assert me.recorder.problems() == []
        assert answers == [answer for *_, answer in REQUESTS]
        assert len([name for name in told(back) if name == "BootNotification"]) == 2

    within(20, story)


@pytest.mark.covers("TC_001_CS", "TC_002_CS")
def test_rejected_then_pending_then_accepted(peer):
    async def story():
        async with csms(peer, "Rejected,Pending,Accepted") as back:
            me = station(f"ws://127.0.0.1:{back.port}", decide)
            await ready(me)
            await back.until(lambda heard: len(calls(back, "StatusNotification")) == 3)
            await leave(me)
            assert me.recorder.problems() == []
        assert told(back)[:4] == ["BootNotification"] * 3 + ["StatusNotification"]

    within(20, story)


@pytest.mark.covers("B-OCP-03", "TC_085_CS")
def test_a_binary_password_is_understood(peer):
    secret = "0001fe" + "ff" * 17

    async def story():
        async with csms(peer, "Accepted", secret) as back:
            bad = station(f"ws://127.0.0.1:{back.port}", link={"password": "11" * 20})
            await bad.until(lambda: "401" in bad.core.status()["problem"])
            await leave(bad)
            good = station(f"ws://127.0.0.1:{back.port}", link={"password": secret})
            await ready(good)
            await leave(good)

    within(20, story)


def test_the_strict_check_fires_on_a_frame_that_is_not_of_the_schema(peer):
    async def story():
        async with csms(peer) as backend:
            me = station(f"ws://127.0.0.1:{backend.port}")
            await backend.until(lambda heard: "BootNotification" in told(backend))
            me.link.send('[2,"bad-1","Heartbeat",{"extra":1}]')
            await backend.until(lambda heard: heard[-1]["event"] == "strict")
            await leave(me)

    with pytest.raises(AssertionError, match="strict"):
        within(20, story)
