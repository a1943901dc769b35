"""A car at the end of the cable: a battery, a charger that follows the offer, and manners.

It acts only at its own deadlines and when its end of the line changes. Current follows a
new offer like a delay line, each change after the same time; switch S2 is the car's word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from hal.mock.cable import offered_ma
from hal.mock.contactor import NEVER_MS

UW_MS_PER_WH = 3_600_000_000_000  # 1 mA at 1 mV for 1 ms is 1 uW ms, so energy is exact
MANNERS = ("polite", "slow", "rude", "sleepy", "no_diode", "one_shot")
WAKE_LIFT_MS = 3_000  # [61851-1 A.5.3] so long without a pilot, or in state F, wakes a sleeper
WAKE_F_MS = 500
SLOW_FOLLOW_MS = 5_000
FULL_TO_B_MS = 1_000
_LONGEST_QUEUE = 64
_NO_PILOT = -1


@dataclass(frozen=True, slots=True)
class Line:
    """What the car sees of the station; duty -1 is no pilot at all."""

    duty_permille: int
    live: bool


class Car:
    """One car; `letter` is the pilot state that it shows, `drawn_ma` what each phase draws."""

    def __init__(self, random: Random) -> None:
        self.phases = 3
        self.max_ma = 32_000
        self.manner = "polite"
        self.connected = True
        self.asks = "auto"
        self.drawn_ma = 0
        self.energy_uw_ms = 0
        self._battery_wh = 60_000
        self._stored_uw_ms = self._battery_wh * UW_MS_PER_WH // 5
        self._close_s2_ms = random.randint(200, 1_500)
        self._follow_ms = random.randint(500, 2_500)
        self._stop_ms = random.randint(200, 900)
        self._open_s2_ms = random.randint(1_200, 2_800)
        self._line = Line(_NO_PILOT, False)
        self._line_since_ms = 0
        self._offer_ma = 0  # what this car takes the line to mean now
        self._s2 = False
        self._awake = False
        self._offered_before = False  # a fresh plug is no wake-up: there was no pilot before it
        self._spent = False
        self._power_uw = 0
        self._integrated_ms = 0
        self._s2_at_ms = NEVER_MS
        self._full_at_ms = NEVER_MS
        self._steps: deque[tuple[int, int]] = deque()

    @property
    def at_ms(self) -> int:
        """When it does something by itself."""
        step_ms = self._steps[0][0] if self._steps else NEVER_MS
        return min(self._s2_at_ms, self._full_at_ms, step_ms)

    @property
    def letter(self) -> str:
        """The pilot state that the car shows."""
        if not self.connected:
            return "A"
        if self.asks != "auto":
            return self.asks
        return "C" if self._s2 else "B"

    @property
    def diode(self) -> bool:
        """False for a car that mirrors the pilot."""
        return self.manner != "no_diode"

    @property
    def full(self) -> bool:
        """The battery takes no more."""
        return self._stored_uw_ms >= self._battery_wh * UW_MS_PER_WH

    def change(self, args: Mapping[str, object], now_ms: int) -> None:
        """Apply checked arguments of the verb `car`."""
        old_capacity_wh = self._battery_wh
        for name in ("phases", "max_ma", "connected", "asks"):
            if name in args:
                setattr(self, name, args[name])
        if "manner" in args and args["manner"] != self.manner:
            self.manner = str(args["manner"])
            self._awake = self._spent = False
        soc = args.get("soc_percent")
        capacity = args.get("battery_wh")
        if isinstance(capacity, int):
            self._battery_wh = capacity
            self._stored_uw_ms = self._stored_uw_ms * capacity // old_capacity_wh
        if isinstance(soc, int):
            self._stored_uw_ms = self._battery_wh * UW_MS_PER_WH * soc // 100
        if not self.connected:
            self._let_go()
        self._think(now_ms)

    def notice(self, line: Line, now_ms: int) -> None:
        """See a new state of the line; the same one changes nothing."""
        if not self.connected:
            line = Line(_NO_PILOT, False)
        if line == self._line:
            return
        was, self._line = self._line, line
        if was.duty_permille != line.duty_permille:
            self._wake(was.duty_permille, now_ms - self._line_since_ms)
            self._line_since_ms = now_ms
        if was.live and not line.live:
            self._stop_now()
        self._think(now_ms)

    def integrate(self, now_ms: int) -> None:
        """Bring the battery and the energy drawn to now at the power that has been flowing."""
        energy_uw_ms = self._power_uw * (now_ms - self._integrated_ms)
        self.energy_uw_ms += energy_uw_ms
        self._integrated_ms = now_ms
        capacity_uw_ms = self._battery_wh * UW_MS_PER_WH
        if energy_uw_ms:
            self._stored_uw_ms = min(self._stored_uw_ms + energy_uw_ms, capacity_uw_ms)

    def flow(self, power_uw: int, now_ms: int) -> None:
        """Tell the power that flows from now on; sets the instant at which the battery is full."""
        self._power_uw = power_uw
        if power_uw:
            missing_uw_ms = self._battery_wh * UW_MS_PER_WH - self._stored_uw_ms
            self._full_at_ms = now_ms + max(1, -(-missing_uw_ms // power_uw))
        else:
            self._full_at_ms = NEVER_MS

    def arrive(self, now_ms: int) -> None:
        """Do what is due."""
        while self._steps and self._steps[0][0] <= now_ms:
            self.drawn_ma = self._steps.popleft()[1]
        if self._full_at_ms <= now_ms and self.full:
            self._stop_now()
            self._s2_at_ms = now_ms + FULL_TO_B_MS
        if self._s2_at_ms <= now_ms:
            self._s2 = not self._s2
            self._s2_at_ms = NEVER_MS
        self._think(now_ms)

    def look(self) -> dict[str, object]:
        """Say what an onlooker sees of the car."""
        return {
            "state": self.letter,
            "connected": self.connected,
            "manner": self.manner,
            "asks": self.asks,
            "phases": self.phases,
            "max_ma": self.max_ma,
            "battery_wh": self._battery_wh,
            "stored_wh": self._stored_uw_ms // UW_MS_PER_WH,
            "full": self.full,
        }

    def _think(self, now_ms: int) -> None:
        had_ma = self._offer_ma
        self._offer_ma = self._understood_ma()
        if had_ma and not self._offer_ma and self._s2:
            self._spent = True
        self._think_s2(now_ms)
        self._think_current(had_ma, now_ms)

    def _understood_ma(self) -> int:
        duty_permille = self._line.duty_permille
        if not 0 < duty_permille <= 1_000:
            return 0
        if self.manner == "rude" and (self._s2 or self._offer_ma):
            return self.max_ma
        return min(offered_ma(duty_permille), self.max_ma)

    def _think_s2(self, now_ms: int) -> None:
        may = self.manner != "sleepy" or self._awake
        may = may and not (self.manner == "one_shot" and self._spent)
        wanted = may and not self.full and self._offer_ma > 0
        if wanted == self._s2:
            self._s2_at_ms = NEVER_MS
        elif self._s2_at_ms == NEVER_MS:
            self._s2_at_ms = now_ms + (self._close_s2_ms if wanted else self._open_s2_ms)

    def _think_current(self, had_ma: int, now_ms: int) -> None:
        closed = self._s2 if self.asks == "auto" else self.asks in ("C", "D")
        if not closed or not self._line.live or not self.connected:
            if self.drawn_ma or self._steps:
                self._stop_now()
            return
        target_ma = 0 if self.full else self._offer_ma
        heading_ma = self._steps[-1][1] if self._steps else self.drawn_ma
        if target_ma == heading_ma:
            return
        if target_ma == 0:
            self._steps.clear()
            self._steps.append((now_ms + self._stop_ms, 0))
            return
        if len(self._steps) == _LONGEST_QUEUE:
            self._steps.pop()
        starting = self.drawn_ma == 0 and not self._steps
        slow = self.manner == "slow" and not starting and had_ma > 0
        delay_ms = SLOW_FOLLOW_MS if slow else self._follow_ms
        due_ms = max(now_ms + delay_ms, self._steps[-1][0] if self._steps else 0)
        self._steps.append((due_ms, target_ma))

    def _wake(self, was_permille: int, lasted_ms: int) -> None:
        lifted = was_permille == _NO_PILOT and lasted_ms >= WAKE_LIFT_MS
        pulsed = was_permille == 0 and lasted_ms >= WAKE_F_MS
        if (lifted or pulsed) and self._offered_before:
            self._awake = True
        if self._line.duty_permille > 0:
            self._offered_before = True

    def _stop_now(self) -> None:
        self._steps.clear()
        self.drawn_ma = 0

    def _let_go(self) -> None:
        self._stop_now()
        self._s2 = False
        self._s2_at_ms = NEVER_MS
        self._awake = self._spent = False
        self._offer_ma = 0
        self._line = Line(_NO_PILOT, False)
        self._offered_before = False
