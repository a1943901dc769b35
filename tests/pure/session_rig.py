"""One outlet's session in the hand, and ways to bring it where a test begins."""

from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    FaultRaised,
)
from firmware.model.session import (
    ConnectorChanged,
    LimitChanged,
    MeterRead,
    SessionShown,
    StartSource,
    StopAsked,
    TokenAccepted,
)
from firmware.model.session import SessionPhase as P
from firmware.model.values import (
    CpState,
    Reading,
    StopReason,
)
from firmware.session.core import SessionCore
from tests.pure.rigs import settings

ACCEPT = TokenAccepted(1, "TAG", StartSource.CARD, "PARENT")
NO_PLUG, PLUG = CableChanged(1, None, 0), CableChanged(1, 32_000, 0)
NO_CAR, CAR, ASKS = (CpChanged(1, cp, 0) for cp in (CpState.A, CpState.B1, CpState.C2))
CLOSED, OPEN = ContactorMoved(1, True, "car_asks", 0), ContactorMoved(1, False, "cp_b", 0)
LIMIT = LimitChanged(1, 16_000, "operator", "why")
RAISED = FaultRaised(1, Fault.GROUND_FAILURE, 0)
SHOWN = (SessionShown, ConnectorChanged)


class Session:
    """A session in the hand; `wished` is what it wished since it was last looked at."""

    def __init__(self, *facts, resumed=None, reason=None, operative=True, **texts):
        self.core = SessionCore(
            1, settings(**texts), 7, resumed=resumed, resume_reason=reason, operative=operative
        )
        self.now_ms = 0
        self.wished, self.shown = [], []
        self.tell(LIMIT, *facts)

    def tell(self, *facts):
        for fact in facts:
            for wish in self.core.handle(fact, self.now_ms):
                (self.shown if isinstance(wish, SHOWN) else self.wished).append(wish)

    def read(self, energy_wh):
        self.tell(MeterRead(1, Reading(energy_wh, 0, (0, 0, 0), self.now_ms)))

    def wait(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def news(self):
        wished, self.wished = self.wished, []
        return wished

    @property
    def phase(self):
        return self.core.state.phase

    @property
    def faces(self):
        return [shown.status for shown in self.shown if isinstance(shown, ConnectorChanged)]


def running(**texts):
    session = Session(PLUG, CAR, ACCEPT, **texts)
    session.wait(1_000)
    session.read(100)
    session.tell(ASKS, CLOSED)
    session.wait(1_000)
    assert session.phase is P.RUNNING
    session.news()
    return session


def ending(**texts):
    session = running(**texts)
    session.tell(StopAsked(1, StopReason.LOCAL, "TAG"))
    return session


def finishing(**texts):
    session = ending(**texts)
    session.tell(CAR, OPEN)
    session.read(900)
    session.wait(1_000)
    return session
