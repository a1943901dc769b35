"""The laws of every machine, for the protocol: total, restful, jump is step, deadlines move."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.model import backend
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.session import ConnectorChanged, TransactionBegan, TransactionEnded
from firmware.model.settings import SettingsChanged
from firmware.model.values import ConnectorStatus
from tests.pure import ocpp_rig
from tests.pure.ocpp_rig import NOON, ended, sample, station, transaction

CONFS = [
    {"status": "Accepted", "currentTime": NOON, "interval": 20},
    {"status": "Pending", "currentTime": NOON, "interval": 5},
    {"status": "Rejected", "currentTime": NOON, "interval": 0},
    {"transactionId": 5, "idTagInfo": {"status": "Accepted"}},
    {},
]
NUMBERS = st.integers(1, 6).map(lambda n: f"7-{n}")
RESULTS = st.tuples(st.just(3), NUMBERS, st.sampled_from(CONFS)).map(list)
ERRORS = NUMBERS.map(lambda number: [4, number, "InternalError", "", {}])
REQUESTS = st.sampled_from(
    [
        [2, "a", "ClearCache", {}],
        [2, "b", "TriggerMessage", {"requestedMessage": "StatusNotification"}],
        [2, "c", "TriggerMessage", {"requestedMessage": "BootNotification"}],
        [2, "d", "TriggerMessage", {"requestedMessage": "Heartbeat"}],
        [2, "e", "RemoteStartTransaction", {"idTag": "T"}],
        [2, "f", "Nonsense", {}],
    ]
)
FRAMES = (RESULTS | ERRORS | REQUESTS).map(json.dumps).map(backend.FrameReceived)
FACES = st.builds(
    ConnectorChanged, st.integers(-1, 3), st.sampled_from(ConnectorStatus),
    st.sampled_from(["NoError", "OtherError", "?"]),
)  # fmt: skip
KEYS = st.sampled_from(["7-1-1", "7-2-1"])
FACTS = st.one_of(
    FRAMES,
    FRAMES,
    FACES,
    st.integers(0, 3).map(backend.BackendConnected),
    st.builds(backend.BackendLost, st.just(0), st.just("gone")),
    KEYS.map(transaction).map(TransactionBegan),
    KEYS.map(lambda key: TransactionEnded(ended(transaction(key)))),
    st.builds(sample, KEYS | st.none(), context=st.sampled_from(["Sample.Periodic", "Trigger"])),
    st.sampled_from(["A", "B", "x" * 30]).map(backend.AskBackend),
    st.builds(backend.Answer, st.sampled_from("abc"), st.sampled_from(["Accepted", "?"])),
    st.builds(backend.ClockSynced, st.integers(-5, 5), st.just("ntp")),
    st.just(TICK),
    st.just("garbage"),
    st.none(),
    st.integers(0, 9).map(
        lambda n: SettingsChanged(
            ocpp_rig.settings(ocpp__HeartbeatInterval=n, ocpp_force_heartbeat=n % 2 == 0)
        )
    ),
)
BOOTED = [
    [
        (0, backend.BackendConnected(0)),
        (1, backend.FrameReceived(json.dumps([3, "7-1", conf]))),
        (0, ConnectorChanged(1, ConnectorStatus.AVAILABLE)),
    ]
    for conf in CONFS[:3]
]
STORY = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from([[], BOOTED[0], *BOOTED]),
    st.lists(st.tuples(st.integers(0, 300), FACTS), min_size=5, max_size=30),
)
QUICK = {
    "backend_connection_timeout": 4,
    "ocpp__TransactionMessageRetryInterval": 3,
    "ocpp__MinimumStatusDuration": 2,
}


def told(core, story, step_ms=None):
    """Tell a story by deadlines, or also every `step_ms`; return what came when."""
    log, now_ms = [], 0

    def note(fact, at_ms):
        if wishes := list(core.handle(fact, at_ms)):
            log.append((at_ms, wishes))

    for wait, fact in story:
        then_ms = now_ms + wait * 20
        while now_ms < then_ms:
            due_ms = max(now_ms, core.deadline_ms()) if not step_ms else now_ms + step_ms
            now_ms = min(due_ms, then_ms)
            note(TICK, now_ms)
        note(fact, now_ms)
    return log


@settings(max_examples=60, deadline=None)
@given(STORY)
def test_called_at_deadlines_or_every_20_ms_it_tells_the_same(story):
    assert told(station(**QUICK), story) == told(station(**QUICK), story, step_ms=20)


@settings(max_examples=200, deadline=None)
@given(STORY)
def test_the_deadline_moves_once_it_was_served(story):
    core = station(**QUICK)
    told(core, story)
    for _ in range(200):
        due_ms = core.deadline_ms()
        if due_ms == NEVER_MS:
            return
        core.handle(TICK, due_ms)
        assert core.deadline_ms() > due_ms
        assert list(core.handle(TICK, due_ms)) == []


STATES = (
    ConnectorChanged, backend.ClockSynced, SettingsChanged, backend.BackendLost,
    TransactionBegan, TransactionEnded, str, type(None), type(TICK),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(STORY)
def test_an_unchanged_fact_changes_nothing(story):
    core, now_ms = station(**QUICK), 0
    for wait, fact in story:
        now_ms += wait * 20
        core.handle(fact, now_ms)
        core.handle(TICK, now_ms)
        again = list(core.handle(fact, now_ms))
        if isinstance(fact, STATES):
            assert again == []
        if isinstance(fact, backend.AskBackend):  # under way, or refused again
            assert all(isinstance(wish, backend.BackendAnswered) for wish in again)
