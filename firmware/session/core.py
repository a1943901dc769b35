"""The session of one outlet: plug and card in any order, one transaction, its record.

The table in `rules` says where it goes; this machine says what arriving there means. A
transaction exists from its `PutTransaction` on, and power may fail after any wish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from firmware.model.backend import ClockSynced
from firmware.model.clock import WallClock
from firmware.model.free import free_mode
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    FaultCleared,
    FaultRaised,
    HoldLock,
    PilotFound,
    PilotLost,
)
from firmware.model.reservation import OutletReserved
from firmware.model.session import (
    AuthorityExpired,
    EnergyWanted,
    LimitChanged,
    MeterRead,
    OperativeChanged,
    ReadMeter,
    SessionShown,
    StopAsked,
    TokenAccepted,
    Transaction,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
    UnlockAsked,
)
from firmware.model.session import SessionPhase as P
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import DropTransaction, PutTransaction
from firmware.model.values import CpState, StopReason, Verdict
from firmware.session.face import FaultNews, face
from firmware.session.record import begun, over
from firmware.session.rules import (
    DARK,
    ERROR_WAIT_MS,
    RESUME_WAIT_MS,
    next_due_ms,
    next_rule,
)
from firmware.session.state import Authority, SessionState, StopMode, stop_mode

METER_AGAIN_MS = 5_000


class SessionCore:
    """The machine of one outlet's session."""

    def __init__(
        self,
        outlet: int,
        settings: Settings,
        boot: int,
        *,
        resumed: Transaction | None = None,
        resume_reason: StopReason | None = None,
        operative: bool = True,
    ) -> None:
        """`resumed` is a transaction of an earlier boot; with a reason it must end."""
        self.outlet = outlet
        self.settings = settings
        self.clock = WallClock(boot)
        attached = settings.flag("cable_always_locked")
        self.state = SessionState(operative=operative, attached=attached, stops=stop_mode(settings))
        self.news = FaultNews()
        self._shown: tuple[object, ...] = ()
        self._due_ms = NEVER_MS
        if resumed is not None:
            s = self.state
            s.transaction, s.phase, s.resuming, s.charged = resumed, P.RUNNING, True, True
            if resumed.stop_reason is not None:  # asked for before the power failed
                s.stop = (resumed.stop_reason, resumed.stop_token)
            elif resume_reason is not None:
                s.stop = (resume_reason, None)
                s.stored_only = resume_reason is StopReason.POWER_LOSS

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact, follow the table as far as it goes, show what changed."""
        out: list[object] = []
        if self.state.woke_ms is None:
            self.state.woke_ms = now_ms
        self._take(fact, now_ms, out)
        self._resume(now_ms, out)
        self._give_up(now_ms, out)
        for _ in range(8):  # no way through the table is longer
            rule = next_rule(self.state, now_ms)
            if rule is None:
                break
            self._leave(rule.name, now_ms, out)
            self.state.phase, self.state.phase_ms = rule.target, now_ms
            self._enter(rule.name, now_ms, out)
        self._unlock_unused(now_ms, out)
        if now_ms >= self.state.ask_meter_ms:
            self.state.ask_meter_ms = now_ms + METER_AGAIN_MS
            out.append(ReadMeter(self.outlet))
        self._show(out)
        self._due_ms = next_due_ms(self.state, now_ms, self._timeout_ms())
        return out

    def deadline_ms(self) -> int:
        """When a token expires, a meter is asked again or a wait is over."""
        return self._due_ms

    # -- facts ------------------------------------------------------------------------------

    def _take(self, fact: object, now_ms: int, out: list[object]) -> None:
        s = self.state
        match fact:
            case CableChanged(_, cable_ma, _):
                self._cable(cable_ma, now_ms, out)
            case CpChanged(_, cp, _):
                self._car(cp, now_ms, out)
            case ContactorMoved(_, closed, _, _):
                self._contacts(closed, now_ms)
            case MeterRead():
                self._register(fact, now_ms)
            case LimitChanged(_, limit_ma, _, _):
                s.limit_ma = limit_ma
            case TokenAccepted(_, token, source, parent, kept, starter):
                until_ms = now_ms + self._timeout_ms()
                s.authority = Authority(token, source, parent, until_ms, kept, starter)
                if s.plugged:
                    self._hold(True, out)
            case StopAsked(_, StopReason.LOCAL | StopReason.REMOTE) if (
                s.phase is P.RUNNING and s.stops is StopMode.ONLY_BY_DISCONNECTING
            ):
                self._pause(out)
            case StopAsked(_, reason, token):
                self._stop(reason, token, out)
            case TransactionConfirmed():
                self._confirmed(fact, out)
            case FaultRaised(_, fault, _) if fault not in s.faults:
                s.faults.add(fault)
                if not fault.row.station_wide:
                    self.news.began_one(fault)
            case FaultCleared(_, fault, _):
                known = fault in s.faults
                s.faults.discard(fault)
                if not fault.row.station_wide:
                    self.news.ended_one(fault, known=known)
            case OperativeChanged(_, operative):
                s.operative = operative
            case OutletReserved(_, kept, number):
                s.reserved = kept
                if s.authority is not None:  # it may be over before the start
                    s.authority = replace(s.authority, reservation_id=number)
            case UnlockAsked():
                s.held = False
                out.append(HoldLock(self.outlet, False))
            case PilotFound():
                s.held = None  # a pilot that has just come must be told again
                if s.phase is P.RUNNING:
                    self._hold(True, out)
            case PilotLost():
                s.contactor_closed = False
            case ClockSynced(utc_at_zero_ms, _):
                self.clock.utc_at_zero_ms = utc_at_zero_ms
            case SettingsChanged(settings):
                self._configure(settings, out)
            case _:
                pass

    def _cable(self, cable_ma: int | None, now_ms: int, out: list[object]) -> None:
        s = self.state
        came = cable_ma is not None and not s.plugged
        s.cable_ma = cable_ma
        if came:
            s.plugged_ms = now_ms
            early = not self.settings.flag("lock_actuator_only_if_authorized") or s.attached
            if early or s.authority is not None or s.phase is P.RUNNING:
                self._hold(True, out)
        elif cable_ma is None:
            s.plugged_ms = None
            self._hold(False, out)

    def _contacts(self, closed: bool, now_ms: int) -> None:
        s = self.state
        if s.phase is P.ENDING and s.contactor_closed and not closed:
            s.phase_ms = s.ask_meter_ms = now_ms  # the register that counts comes from now on
        s.contactor_closed = closed
        s.charged = s.charged or (closed and s.phase is P.RUNNING)

    def _car(self, cp: CpState, now_ms: int, out: list[object]) -> None:
        """A car that leaves without a session sets its plug free. [B-STP-10]"""
        s = self.state
        before, s.cp = s.cp, cp
        left = before is not None and before.car and cp is CpState.A
        if cp not in (CpState.E, CpState.F):
            s.error_ms = None
        elif s.error_ms is None:
            s.error_ms = now_ms
        moved = left or (cp.car and not s.denied and before is CpState.A)
        if left and s.phase in (P.PLUGGED, P.AUTHORISED):
            self._hold(False, out)
        elif s.stops is StopMode.ONLY_BY_DISCONNECTING and s.phase is P.RUNNING and moved:
            self._hold(not left, out)
        if s.stops is StopMode.NORMAL_D_RCD and cp in (CpState.D1, CpState.D2):  # [B-STP-07]
            self._stop(StopReason.OTHER, None, out)

    def _hold(self, locked: bool, out: list[object]) -> None:
        """Tell the pilot about the plug, once; a cable that stays is not set free."""
        stays = self.state.attached and self.state.plugged and not locked
        if self.state.held != locked and not stays:
            self.state.held = locked
            out.append(HoldLock(self.outlet, locked))

    def _configure(self, settings: Settings, out: list[object]) -> None:
        s, self.settings = self.state, settings
        s.stops = stop_mode(settings)
        before, s.attached = s.attached, settings.flag("cable_always_locked")
        if s.attached and not before and s.plugged:
            self._hold(True, out)
        elif before and not s.attached and s.phase in (P.IDLE, P.FINISHING):
            self._hold(False, out)

    def _unlock_unused(self, now_ms: int, out: list[object]) -> None:
        """Nobody came with a card: the plug is free again. [B-STP-10]"""
        s = self.state
        if s.phase is not P.PLUGGED or s.plugged_ms is None:
            return
        if now_ms >= s.plugged_ms + self._timeout_ms():
            s.plugged_ms = None
            self._hold(False, out)

    def _give_up(self, now_ms: int, out: list[object]) -> None:
        """A car in error has five minutes; its contactor opened at once. [A-05]"""
        s = self.state
        due_ms = NEVER_MS if s.error_ms is None else s.error_ms + ERROR_WAIT_MS
        if s.phase is P.RUNNING and s.stop is None and not s.resuming and now_ms >= due_ms:
            self._stop(StopReason.OTHER, None, out)

    def _register(self, read: MeterRead, now_ms: int) -> None:
        s = self.state
        s.reading = read.reading
        tx = s.transaction
        if tx is None or s.phase not in (P.RUNNING, P.ENDING) or s.resuming or s.stored_only:
            return
        last_wh = max(read.reading.energy_wh, tx.last_wh)
        if last_wh != tx.last_wh:
            dark = s.stop is not None and s.stop[0] in DARK  # it flowed before the power went
            last_at = tx.last_at if dark else self.clock.stamp(now_ms)
            s.transaction = replace(tx, last_wh=last_wh, last_at=last_at)

    def _confirmed(self, fact: TransactionConfirmed, out: list[object]) -> None:
        s = self.state
        if s.transaction is None or s.transaction.key != fact.key:
            return
        s.transaction = replace(
            s.transaction, transaction_id=fact.transaction_id, parent=fact.info.parent
        )
        if fact.info.verdict is Verdict.ACCEPTED or free_mode(self.settings) is not None:
            return  # [B-FRE-07, A-09] what is free goes on
        if self.settings.flag("ocpp:StopTransactionOnInvalidId"):
            self._stop(StopReason.DEAUTHORIZED, None, out)
        else:  # [ER 3.17] only the energy stops
            self._deny("token not accepted", out)

    def _stop(self, reason: StopReason, token: str | None, out: list[object]) -> None:
        """Stop what runs; the wish is kept, so that a power cut does not forget it."""
        s = self.state
        if s.phase is P.RUNNING and s.stop is None and s.transaction is not None:
            s.stop = (reason, token)
            s.transaction = replace(s.transaction, stop_reason=reason, stop_token=token)
            out.append(PutTransaction(s.transaction))
        elif s.phase is not P.ENDING:
            s.authority = None

    def _deny(self, reason: str, out: list[object]) -> None:
        """Let the transaction run on without energy, over power cuts too."""
        s = self.state
        if s.transaction is not None and not s.denied:
            s.transaction = replace(s.transaction, denied=True)
            out.append(PutTransaction(s.transaction))
            out.append(EnergyWanted(self.outlet, wanted=False, reason=reason))

    def _pause(self, out: list[object]) -> None:
        """[B-STP-04] Card or back end end the energy; the transaction ends with the plug."""
        self._deny("stopped, until the cable is unplugged", out)
        self._hold(False, out)

    def _resume(self, now_ms: int, out: list[object]) -> None:
        """A transaction of an earlier boot waits for the pilot to tell what is there."""
        s = self.state
        if not s.resuming or s.woke_ms is None:
            return
        told = s.cp is not None
        if not told and now_ms < s.woke_ms + RESUME_WAIT_MS:
            return
        s.resuming = False
        if s.stop is None and (not told or s.gone):  # [B-OCP-33]
            s.stop = (StopReason.POWER_LOSS, None)
        if s.stop is None:
            out.append(EnergyWanted(self.outlet, wanted=not s.denied, reason="resumed"))
            self._hold(True, out)

    # -- phases -----------------------------------------------------------------------------

    def _leave(self, rule: str, now_ms: int, out: list[object]) -> None:
        s = self.state
        if s.phase is P.AUTHORISED and rule == "expired":
            if s.authority is not None:
                out.append(AuthorityExpired(self.outlet, s.authority.token))
                self._hold(False, out)
            s.authority = None
        if s.phase is P.RUNNING and s.stop is None:
            # [E2 4.10] whatever ends it without a wish: the car has gone, or a fault
            s.stop = (StopReason.EV_DISCONNECTED if rule == "gone" else StopReason.OTHER, None)

    def _enter(self, rule: str, now_ms: int, out: list[object]) -> None:
        s = self.state
        match s.phase:
            case P.STARTING:
                self._hold(True, out)
                s.ask_meter_ms = now_ms
            case P.RUNNING:
                self._begin(now_ms, out)
            case P.ENDING:
                assert s.stop is not None
                out.append(EnergyWanted(self.outlet, wanted=False, reason=s.stop[0].value))
                s.ask_meter_ms = now_ms if not s.contactor_closed else NEVER_MS
            case P.FINISHING:
                self._end(now_ms, out)
            case _:
                s.ask_meter_ms = NEVER_MS

    def _begin(self, now_ms: int, out: list[object]) -> None:
        s = self.state
        assert s.authority is not None and s.reading is not None
        s.numbered += 1
        key = f"{self.clock.boot}-{self.outlet}-{s.numbered}"
        at, mode = self.clock.stamp(now_ms), free_mode(self.settings)
        s.transaction = begun(self.outlet, key, s.authority, s.reading.energy_wh, at=at, mode=mode)
        s.authority, s.stop, s.charged, s.ask_meter_ms = None, None, False, NEVER_MS
        out += [
            PutTransaction(s.transaction),
            TransactionBegan(s.transaction),
            EnergyWanted(self.outlet, wanted=True, reason="transaction"),
        ]

    def _end(self, now_ms: int, out: list[object]) -> None:
        s = self.state
        assert s.transaction is not None and s.stop is not None
        reason, token = s.stop
        s.stored_only = False
        ended = over(s.transaction, reason, token, self.clock.stamp(now_ms))
        s.transaction, s.stop, s.ask_meter_ms = None, None, NEVER_MS
        out += [PutTransaction(ended), TransactionEnded(ended)]
        if ended.private:
            out.append(DropTransaction(ended.key))  # nobody has to hear of it
        car_left = reason is StopReason.EV_DISCONNECTED and s.plugged
        if not car_left or self.settings.flag("ocpp:UnlockConnectorOnEVSideDisconnect"):
            self._hold(False, out)

    # -- showing ----------------------------------------------------------------------------

    def _show(self, out: list[object]) -> None:
        s = self.state
        if s.resuming:
            return
        shown: SessionShown = SessionShown(
            self.outlet,
            s.phase,
            charging=s.contactor_closed,
            faulted=s.stopped_by_fault,
            operative=s.usable,
            reserved=s.reserved,
        )
        faces = self.news.faces(face(self.outlet, s, self.settings))
        if shown not in self._shown:
            out.append(shown)
        if len(faces) > 1 or faces[0] not in self._shown:
            out += faces
        self._shown = (shown, faces[-1])

    def _timeout_ms(self) -> int:
        return self.settings.number("vehicle_connection_timeout") * 1_000
