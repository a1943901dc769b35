"""One outlet by IEC 61851-1: samples and permits in, complete drives and facts out.

Opening the contactor needs one reason and waits for nothing; closing needs all of them.
A permit dies by itself. Law of this room: it decides from its own sample and its own permit,
never from what the station believes.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.model.annex import (
    B1_HOLD_MS,
    CLOSE_AGAIN_MS,
    DIODE_MS,
    ENTER_C_MS,
    F_MS,
    GRACE_MS,
    SETTLE_MS,
)
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    CpToggled,
    FaultCleared,
    FaultRaised,
    LockMoved,
    OfferChanged,
    PermitEnded,
)
from firmware.model.values import MIN_CURRENT_MA
from firmware.pilot import contactor, faults, lock, phases, residual, supply, wakeup
from firmware.pilot.cable import cable_ma
from firmware.pilot.classify import Letter, cp_state, diode_good, letter, pwm_on
from firmware.pilot.duty import duty_permille, offered_ma
from firmware.pilot.facts import (
    Drive,
    LockAsked,
    LoopLate,
    PermitGiven,
    PermitTaken,
    PilotIn,
    PilotOut,
    Sampled,
    SampleLost,
    StationHeard,
    Traits,
)
from firmware.pilot.state import PilotState
from hal.ports import DUTY_STATE_F, DUTY_X1, LockPosition, OutletDrive, OutletSample

MAX_LOOKS = 4  # a new order can end a fault of the old one, and that changes the order again
BLANK_MS = 100  # after F or a lift the line is not the car's yet
ALONE_MS = 600_000  # a plug is not held for ever by a station that does not come back
_ASKING = frozenset("CD")


class PilotCore:
    """The machine of one outlet."""

    def __init__(self, traits: Traits, latched: frozenset[Fault] = frozenset()) -> None:
        """`latched` are the faults that an earlier run left; their own rules end them."""
        self.traits = traits
        self.state = PilotState(
            faults=set(latched & faults.LATCHED), test_failed=Fault.RESIDUAL_TEST in latched
        )
        self._wake_ms = NEVER_MS

    def handle(self, fact: PilotIn, now_ms: int) -> Iterable[PilotOut]:
        """Take one fact; the answer's drives come before its reports."""
        s, out = self.state, list[PilotOut]()
        self._wake_ms = NEVER_MS
        if s.alone_ms is None:
            s.alone_ms = now_ms
        if isinstance(fact, (StationHeard, PermitGiven, LockAsked)):
            s.alone_ms = NEVER_MS
        match fact:
            case Sampled(sample):
                if s.sample is None:
                    self._wake_up(sample, now_ms)
                s.sample, s.fresh = sample, True
            case SampleLost():
                s.fresh = False
            case LoopLate():
                # the deadman may have let go of coil and pin: they begin anew from now
                s.contactor_ms = s.lock_ms = now_ms
                s.late = s.drive.contactor_on
            case PermitGiven(limit_ma, expires_ms, phases_wanted, wake):
                s.permit_ma, s.permit_until_ms = limit_ma, expires_ms
                s.phases_wanted, s.may_wake = phases_wanted, wake
            case PermitTaken(reason):
                self._end_permit(reason, now_ms, out)
                if reason == "link_lost" and s.alone_ms == NEVER_MS:
                    s.alone_ms = now_ms
            case LockAsked(locked):
                s.lock_wanted = locked
                lock.retry(s)
            case _:
                pass
        if s.permit_ma and now_ms >= s.permit_until_ms:
            self._end_permit("expired", now_ms, out)
        if s.permit_ma:
            self._at(s.permit_until_ms)
        if s.lock_wanted:
            s.lock_wanted = now_ms < s.alone_ms + ALONE_MS
            self._at_future(s.alone_ms + ALONE_MS, now_ms)
        if s.sample is not None:
            for _ in range(MAX_LOOKS):
                self._look(s.sample, now_ms, out)
                if not self._decide(s.sample, now_ms, out):
                    break
        # what opens leaves first, then what is told
        out.sort(key=lambda wish: not isinstance(wish, Drive))
        return out

    def deadline_ms(self) -> int:
        """When something changes although nothing happens."""
        return self._wake_ms

    def report(self, now_ms: int) -> Iterable[PilotOut]:
        """Tell the present state as facts, for a station that has just come."""
        s, outlet = self.state, self.traits.outlet
        there = [FaultRaised(outlet, f, now_ms) for f in Fault if f in s.faults]
        if s.sample is None:  # what is found is told as soon as it is known
            return there
        return [
            CableChanged(outlet, s.cable_ma, now_ms),
            *([] if s.cp is None else [CpChanged(outlet, s.cp, now_ms)]),
            ContactorMoved(outlet, s.contacts_closed, "report", now_ms),
            LockMoved(outlet, s.locked, now_ms),
            OfferChanged(outlet, offered_ma(s.drive.duty_permille), now_ms),
            *there,
        ]

    def _wake_up(self, sample: OutletSample, now_ms: int) -> None:
        """Begin from what is found: a held plug stays held until the station has its say."""
        s = self.state
        if s.lock_wanted is None:
            s.lock_wanted = sample.lock is LockPosition.LOCKED
        s.seen_ms = s.contactor_ms = s.lock_ms = now_ms

    # -- sensing ----------------------------------------------------------------------------

    def _look(self, sample: OutletSample, now_ms: int, out: list[PilotOut]) -> None:
        s = self.state
        self._look_at_line(sample, now_ms, out)
        if s.settled == "A":
            s.x1_ms = None  # the next car has not been stopped yet
        self._look_at_diode(sample, now_ms)
        self._tell_cp(sample, now_ms, out)
        self._tell_contacts_and_lock(sample, now_ms, out)
        self._at_future(residual.step(s, self.traits, sample, now_ms), now_ms)
        before = frozenset(s.faults)
        for due_ms in faults.judge(s, self.traits, sample, now_ms):
            self._at(due_ms)
        if before != s.faults:
            self._tell_faults(before, now_ms, out)

    def _tell_faults(self, before: frozenset[Fault], now_ms: int, out: list[PilotOut]) -> None:
        s, outlet = self.state, self.traits.outlet
        over, begun = before - s.faults, s.faults - before
        if begun & faults.OWN:
            s.f_until_ms = now_ms + F_MS
        out += [FaultCleared(outlet, f, now_ms) for f in Fault if f in over]
        out += [FaultRaised(outlet, f, now_ms) for f in Fault if f in begun]

    def _look_at_line(self, sample: OutletSample, now_ms: int, out: list[PilotOut]) -> None:
        s = self.state
        if self._hidden(now_ms):
            self._at_future(s.shown_ms + BLANK_MS, now_ms)
            return
        seen = letter(sample.cp_high_mv, s.seen)
        if seen != s.seen:
            if (s.settled, s.seen, seen) == ("B", "C", "B"):  # [61851-1 A.6 seq 11]
                out.append(CpToggled(self.traits.outlet, now_ms - s.seen_ms, now_ms))
            s.seen, s.seen_ms = seen, now_ms
        if s.settled != s.seen:
            due_ms = s.seen_ms + _settle_ms(s.settled, s.seen)
            if now_ms >= due_ms:
                s.settled, s.settled_ms = s.seen, now_ms
            else:
                self._at(due_ms)

    def _hidden(self, now_ms: int) -> bool:
        """The line shows what we drive, or nothing: it says nothing about the car."""
        s = self.state
        return _ours(s.drive) or now_ms < s.shown_ms + BLANK_MS

    def _look_at_diode(self, sample: OutletSample, now_ms: int) -> None:
        s = self.state
        if not pwm_on(sample.duty_permille) or s.seen not in "BCD":
            s.diode_good_ms = s.diode_bad_ms = None
        elif diode_good(sample.cp_high_mv, sample.cp_low_mv):
            s.diode_bad_ms = None
            if s.diode_good_ms is None:
                s.diode_good_ms = now_ms
            self._at_future(s.diode_good_ms + DIODE_MS, now_ms)
        else:
            s.diode_good_ms = None
            if s.diode_bad_ms is None:
                s.diode_bad_ms = now_ms

    def _tell_cp(self, sample: OutletSample, now_ms: int, out: list[PilotOut]) -> None:
        s, outlet = self.state, self.traits.outlet
        rating_ma = cable_ma(sample.pp_ohm)
        if self.traits.tethered:  # with the car the plug comes and goes
            rating_ma = None if s.settled in (None, "A") else self.traits.max_ma
        if rating_ma != s.cable_ma:
            s.cable_ma, s.cable_ms = rating_ma, now_ms
            out.append(CableChanged(outlet, rating_ma, now_ms))
        if s.settled is None:
            return
        cp = cp_state(s.settled, pwm_on(sample.duty_permille))
        if cp != s.cp:
            s.cp = cp
            out.append(CpChanged(outlet, cp, now_ms))

    def _tell_contacts_and_lock(
        self, sample: OutletSample, now_ms: int, out: list[PilotOut]
    ) -> None:
        s, outlet = self.state, self.traits.outlet
        if self.traits.mirror and sample.contactor_closed is not None:
            closed = sample.contactor_closed
        else:  # nobody tells: contacts told to open count as closed until they surely moved
            moved_ms = s.contactor_ms + contactor.MOVE_MS
            closed = s.drive.contactor_on or (s.contacts_closed and now_ms < moved_ms)
            if closed:
                self._at_future(moved_ms, now_ms)
        if closed != s.contacts_closed:
            s.contacts_closed = closed
            out.append(ContactorMoved(outlet, closed, s.contactor_reason, now_ms))
        locked = sample.lock is LockPosition.LOCKED if self.traits.lock else s.drive.lock_on
        if locked != s.locked:
            s.locked = locked
            out.append(LockMoved(outlet, locked, now_ms))

    # -- deciding ---------------------------------------------------------------------------

    def _decide(self, sample: OutletSample, now_ms: int, out: list[PilotOut]) -> bool:
        """Give a new order if one is needed; return whether."""
        s = self.state
        view = self._view(sample, now_ms)
        on = self._contactor(view, now_ms)
        s.late = False
        cp_connected, driven_phases, phases_ms = phases.step(s, self.traits, now_ms, on=on)
        self._at_future(phases_ms, now_ms)
        wake_ms = wakeup.step(s, now_ms, offering=pwm_on(s.drive.duty_permille))
        self._at_future(wake_ms, now_ms)
        duty = self._duty(view, now_ms, on=on)
        tried = s.lock_try
        goal = bool(s.lock_wanted) or on or s.contacts_closed
        lock_on, again_ms = lock.step(s, self.traits, sample, now_ms, goal=goal)
        self._at_future(again_ms, now_ms)
        drive = OutletDrive(
            duty_permille=duty,
            cp_connected=cp_connected,
            contactor_on=on,
            phases=driven_phases,
            lock_on=lock_on,
            residual_test=s.testing_ms is not None,
            ventilation_on=self.traits.ventilation and on and view.settled == "D",
        )
        if drive == s.drive and s.driven:
            return s.lock_try != tried  # the last attempt is over: that is a fault
        if pwm_on(s.drive.duty_permille) and not pwm_on(duty):
            s.x1_ms = now_ms
        if pwm_on(duty) and not pwm_on(s.drive.duty_permille):
            wakeup.offered(s, now_ms)
        if _ours(s.drive) and not _ours(drive):
            s.shown_ms = now_ms
            self._at(now_ms + BLANK_MS)
        if drive.contactor_on != s.drive.contactor_on:
            s.contactor_ms = now_ms
            self._at(now_ms + contactor.MOVE_MS)
        if drive.lock_on != s.drive.lock_on:
            s.lock_ms = now_ms
        if duty != s.drive.duty_permille:
            s.wrong_output_ms = None  # it has its time to follow
        if offered_ma(duty) != offered_ma(s.drive.duty_permille):
            out.append(OfferChanged(self.traits.outlet, offered_ma(duty), now_ms))
        s.drive, s.driven = drive, True
        out.append(Drive(drive))
        return True

    def _view(self, sample: OutletSample, now_ms: int) -> contactor.View:
        s = self.state
        proven = s.diode_good_ms is not None and now_ms >= s.diode_good_ms + DIODE_MS
        return contactor.View(
            fresh=s.fresh and not self._hidden(now_ms),
            settled=s.settled or "?",
            seen=s.seen,
            asking=_ASKING if self.traits.ventilation else _ASKING - {"D"},
            permit=self._limit_ma() >= MIN_CURRENT_MA and phases.settled(s, self.traits),
            pwm=pwm_on(sample.duty_permille),
            diode_proven=proven,
            cable_ok=bool(s.cable_ma),
            residual_ready=residual.ready(s, self.traits, now_ms),
            locked=(s.locked and s.drive.lock_on) if self.traits.lock else True,
            contacts_open=not self.traits.mirror or sample.contactor_closed is False,
            rested=now_ms >= s.rest_until_ms and len(s.closings_ms) < contactor.CLOSINGS,
            faulted=bool(s.faults - faults.HARMLESS),
        )

    def _limit_ma(self) -> int:
        """Return the least of what station, cable, board and heat allow; 0 without a permit."""
        s = self.state
        if not s.permit_ma:
            return 0
        return min(s.permit_ma, s.cable_ma or 0, self.traits.max_ma, supply.heat_limit_ma(s.faults))

    def _contactor(self, view: contactor.View, now_ms: int) -> bool:
        s = self.state
        if not s.drive.contactor_on:
            s.grace_until_ms = NEVER_MS
            self._at_future(s.rest_until_ms, now_ms)
            s.closings_ms = [t for t in s.closings_ms if now_ms < t + contactor.CLOSINGS_MS]
            if len(s.closings_ms) >= contactor.CLOSINGS:
                self._at(s.closings_ms[0] + contactor.CLOSINGS_MS)
            if contactor.missing(view):
                return False
            s.contactor_reason = "car_asks"
            s.closings_ms.append(now_ms)
            return True
        reason = "loop_late" if s.late else contactor.must_open(view)
        if reason is None and view.permit:
            s.grace_until_ms = NEVER_MS
        elif reason is None:
            if s.grace_until_ms == NEVER_MS:
                s.grace_until_ms = now_ms + GRACE_MS
            if now_ms >= s.grace_until_ms:
                reason = "permit_ended_under_load"
            else:
                self._at(s.grace_until_ms)
        if reason is None:
            return True
        s.contactor_reason = reason
        if reason != "cp_b":  # a car that opens S2 has ended its draw before  [seq 7, 8.1]
            s.rest_until_ms = now_ms + CLOSE_AGAIN_MS
        return False

    def _duty(self, view: contactor.View, now_ms: int, *, on: bool) -> int:
        s = self.state
        if now_ms < s.f_until_ms and not on:
            self._at(s.f_until_ms)
            return DUTY_STATE_F
        if now_ms < s.rest_until_ms and not on:  # its supply has gone: first it has to let go
            return DUTY_X1
        if not (view.fresh and view.permit and view.cable_ok) or view.faulted:
            return DUTY_X1
        if view.settled != "B" and view.settled not in view.asking:
            return DUTY_X1
        hold_ms = 0 if s.x1_ms is None or pwm_on(s.drive.duty_permille) else s.x1_ms + B1_HOLD_MS
        if now_ms < hold_ms:
            self._at(hold_ms)
            return DUTY_X1
        return duty_permille(self._limit_ma())

    # -- small things -----------------------------------------------------------------------

    def _end_permit(self, reason: str, now_ms: int, out: list[PilotOut]) -> None:
        if self.state.permit_ma:
            self.state.permit_ma = 0
            out.append(PermitEnded(self.traits.outlet, reason, now_ms))

    def _at(self, at_ms: int) -> None:
        self._wake_ms = min(self._wake_ms, at_ms)

    def _at_future(self, at_ms: int, now_ms: int) -> None:
        if at_ms > now_ms:
            self._at(at_ms)


def _ours(drive: OutletDrive) -> bool:
    """State F, or a lifted pilot: the car cannot show anything."""
    return drive.duty_permille == DUTY_STATE_F or not drive.cp_connected


def _settle_ms(before: Letter | None, after: Letter) -> int:
    """Leaving C or D is never debounced, entering is."""
    if before in _ASKING:
        return 0
    return ENTER_C_MS if after in _ASKING else SETTLE_MS
