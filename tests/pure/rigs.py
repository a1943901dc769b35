"""Small worlds for tables of behaviour: an outlet in the hand, and settings in a word."""

from __future__ import annotations

from dataclasses import replace

from firmware.config.registry import changed, defaults
from firmware.model.machine import TICK
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import Drive, LockAsked, PermitGiven, Sampled, Traits
from hal.ports import LockPosition, OutletSample

STEP_MS = 10
HIGH_MV = {"A": 12_000, "B": 9_000, "C": 6_000, "D": 3_000, "E": 0, "F": -12_000, "?": -5_000}


def settings(**texts):
    """Return the defaults with these texts changed; `ocpp__X` is `ocpp:X`."""
    return changed(defaults(), {k.replace("ocpp__", "ocpp:"): v for k, v in texts.items()})


class Outlet:
    """One outlet whose samples follow its drives; `world` is what a test changes."""

    def __init__(self, *, lock=True, mirror=True, follow=True, latched=frozenset(), **traits):
        self.core = PilotCore(Traits(1, 32_000, lock=lock, mirror=mirror, **traits), latched)
        self.follow = follow
        self.now_ms = 0
        self.told = []  # every fact, in order
        self.drives = []  # (at, drive) whenever it changed
        self.world = OutletSample(
            0, 12_000, 12_000, None, 1_000, False if mirror else None,
            LockPosition.UNLOCKED if lock else None,
        )  # fmt: skip

    def give(self, *facts):
        for fact in facts:
            for wish in self.core.handle(fact, self.now_ms):
                if isinstance(wish, Drive):
                    self.drives.append((self.now_ms, wish.drive))
                else:
                    self.told.append(wish)

    def sample(self, **changes):
        """Take one sample now; the contacts and the pin follow the drive before it."""
        drive = self.core.state.drive
        mirror, lock = self.core.traits.mirror, self.core.traits.lock
        self.world = replace(self.world, duty_permille=drive.duty_permille)
        if self.follow:
            position = LockPosition.LOCKED if drive.lock_on else LockPosition.UNLOCKED
            self.world = replace(
                self.world,
                contactor_closed=drive.contactor_on if mirror else None,
                lock=position if lock else None,
            )
        pwm = 0 < self.world.duty_permille < 1_000
        low_mv = -12_000 if pwm else self.world.cp_high_mv
        self.world = replace(self.world, **{"at_ms": self.now_ms, "cp_low_mv": low_mv, **changes})
        seen = self.world
        if "cp_high_mv" not in changes and drive.duty_permille == 0:
            seen = replace(seen, cp_high_mv=-12_000, cp_low_mv=-12_000)  # our own F
        elif "cp_high_mv" not in changes and not drive.cp_connected:
            seen = replace(seen, cp_high_mv=12_000)  # our own generator, unloaded
        self.give(Sampled(seen))

    def run(self, span_ms, **changes):
        """Let time pass, sampling every 10 ms."""
        for _ in range(span_ms // STEP_MS):
            self.now_ms += STEP_MS
            self.sample(**changes)

    def line(self, letter, span_ms=0, **changes):
        """Put the pilot line in this state for a while."""
        self.world = replace(self.world, cp_high_mv=HIGH_MV[letter], **changes)
        self.run(span_ms) if span_ms else self.sample()

    def permit(self, limit_ma=16_000, lease_ms=3_600_000, phases=3):
        self.give(PermitGiven(limit_ma, self.now_ms + lease_ms, phases))

    def jump(self, span_ms):
        """Let time pass from deadline to deadline; samples come when something was driven."""
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms, before = due_ms, self.core.state.drive
            self.give(TICK)
            if self.core.state.drive != before:
                self.sample()
        self.now_ms = then_ms

    @property
    def on(self):
        return self.core.state.drive.contactor_on

    @property
    def faults(self):
        return sorted(f.row.id for f in self.core.state.faults)


def charging(*, phases=3, **traits):
    """Return an outlet that charges for a second."""
    outlet = Outlet(**traits)
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    outlet.permit(phases=phases)
    outlet.run(300)
    outlet.line("C", 1_600)
    assert outlet.on and outlet.faults == []
    outlet.drives.clear()
    outlet.told.clear()
    return outlet
