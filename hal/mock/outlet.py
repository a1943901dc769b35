"""One outlet of the simulated world: cable, car, contactor, lock and sensor put together.

Every change goes through `settle`, which first counts the energy that flowed until then.
Nothing happens between two events, so cost lies only where something changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from hal.board import OutletProfile
from hal.mock.cable import Cable, plateaus
from hal.mock.car import UW_MS_PER_WH, Car, Line
from hal.mock.contactor import NEVER_MS, Contactor
from hal.mock.lock import Lock
from hal.mock.residual import Residual
from hal.mock.supply import Supply
from hal.ports import DUTY_STATE_F, DUTY_X1, LockPosition, OutletDrive, OutletSample

FREQUENCY_MHZ = 1_000_000  # [61851-1 A.2] 1 kHz while the PWM runs
TRACE_MS = 600_000
TRACE_POINTS = 20_000
HARDWARE_DEFAULT = OutletDrive()

Report = Callable[[dict[str, object]], None]
TracePoint = tuple[int, int, int, int, bool]


class BenchError(ValueError):
    """A verb that cannot be done here and now; str() is a sentence for the answer."""


class Outlet:
    """The physics of one outlet; `deadline_ms` is when it next changes by itself."""

    def __init__(
        self,
        profile: OutletProfile,
        supply: Supply,
        random: Random,
        report: Report,
    ) -> None:
        self._profile = profile
        self._supply = supply
        self._random = random
        self._report = report
        self.number = profile.number
        self.tethered = profile.tethered
        self.drive = HARDWARE_DEFAULT
        self.contactor = Contactor(profile.contactor_close_ms, profile.contactor_open_ms)
        self.lock = Lock(profile.lock_travel_ms) if profile.lock else None
        self.residual = Residual(profile.residual_trip_ms) if profile.residual else None
        self.car: Car | None = None
        self._cable: Cable | None = Cable(None) if profile.tethered else None
        self._forced_cp_mv: tuple[int, int] | None = None
        self._forced_pp: Cable | None = None
        self._parted_uw_ms = 0  # drawn by cars that have left
        self._power_uw = 0
        self._since_ms = 0
        self.currents_ma = (0, 0, 0)
        self.cp_mv = (12_000, 12_000)
        self.deadline_ms = NEVER_MS
        self.changed = True
        self.trace: deque[TracePoint] = deque(maxlen=TRACE_POINTS)
        self._told: dict[str, object] = {}
        self._shown: tuple[object, ...] = ()

    # -- the controller's side ----------------------------------------------------------------

    def order(self, drive: OutletDrive, now_ms: int) -> None:
        """Put a complete order on the pins."""
        if drive == self.drive:
            return
        self.drive = drive
        if self.lock is not None:
            self.lock.drive(drive.lock_on, now_ms)
        if self.residual is not None:
            self.residual.test(drive.residual_test, now_ms)
        self.settle(now_ms)

    def sample(self, now_ms: int, interlock_inputs: tuple[bool, bool], dc: int) -> OutletSample:
        """Return what the sensors see; `interlock_inputs` are MCB and RCD, `dc` deci-Celsius."""
        pp = self._forced_pp or self._cable
        residual = self.residual
        return OutletSample(
            at_ms=now_ms,
            cp_high_mv=self.cp_mv[0],
            cp_low_mv=self.cp_mv[1],
            pp_ohm=None if pp is None else pp.pp_ohm,
            duty_permille=self.drive.duty_permille,
            contactor_closed=self.contactor.closed if self._profile.mirror_contact else None,
            lock=None if self.lock is None else self.lock.position,
            residual_tripped=residual is not None and residual.tripped,
            residual_test_ok=None if residual is None else residual.test_ok,
            mcb_tripped=interlock_inputs[0],
            rcd_tripped=interlock_inputs[1],
            mains_mv=self._supply.mains_mv,
            temperature_dc=dc,
        )

    # -- the bench's side ---------------------------------------------------------------------

    def plug(self, pp_ohm: int | None, now_ms: int) -> None:
        """Put a cable into the socket; on a tethered outlet the cable is always there."""
        if self._profile.tethered:
            if self.car is not None:
                raise BenchError(f"outlet {self.number}: a car is already on the cable")
            return
        if self._cable is not None:
            raise BenchError(f"outlet {self.number}: a cable is already plugged in (unplug first)")
        if pp_ohm is None:
            raise BenchError(f"outlet {self.number}: plug needs cable_ma or pp_ohm")
        if self.lock is not None and self.lock.holds:
            raise BenchError(f"outlet {self.number}: the locking pin is in the way")
        self._cable = Cable(pp_ohm)
        self.settle(now_ms)

    def unplug(self, force: bool, now_ms: int) -> None:
        """Take the plug out, and the car with it; a lock holds it unless forced."""
        if self._cable is None or (self._profile.tethered and self.car is None):
            raise BenchError(f"outlet {self.number}: nothing is plugged in")
        if self.lock is not None and self.lock.holds and not force:
            text = "the plug is locked (force: true tears it out)"
            raise BenchError(f"outlet {self.number}: {text}")
        self._count(now_ms)
        if self.car is not None:
            self._parted_uw_ms += self.car.energy_uw_ms
            self.car = None
        if not self._profile.tethered:
            self._cable = None
        self.settle(now_ms)

    def put_car(self, args: Mapping[str, object], now_ms: int) -> None:
        """Put a car at the end of the cable, or change the one that is there."""
        if self._cable is None:
            raise BenchError(f"outlet {self.number}: no cable is plugged in (plug first)")
        self._count(now_ms)
        if self.car is None:
            self.car = Car(self._random)
            self.car.integrate(now_ms)
        self.car.change(args, now_ms)
        self.settle(now_ms)

    def force_cp(self, plateaus_mv: tuple[int, int] | None, now_ms: int) -> None:
        """Force what the station measures on the pilot, or give it back (`None`)."""
        self._forced_cp_mv = plateaus_mv
        self.settle(now_ms)

    def force_pp(self, pp: Cable | None, now_ms: int) -> None:
        """Force the proximity resistance; `None` gives it back to the cable."""
        self._forced_pp = pp
        self.settle(now_ms)

    # -- physics ------------------------------------------------------------------------------

    def run(self, now_ms: int) -> None:
        """Let everything that is due at this very instant happen."""
        self._count(now_ms)
        if self.contactor.at_ms <= now_ms:
            self.contactor.arrive()
        if self.lock is not None and self.lock.at_ms <= now_ms:
            self.lock.arrive()
        if self.residual is not None and self.residual.at_ms <= now_ms:
            self.residual.arrive(now_ms)
        if self.car is not None and self.car.at_ms <= now_ms:
            self.car.arrive(now_ms)
        self.settle(now_ms)

    def settle(self, now_ms: int) -> None:
        """Bring coil, car, currents and reports in line with what changed."""
        self._count(now_ms)
        residual = self.residual
        dropped = self._supply.rcmb_in_coil_path and residual is not None and residual.tripped
        self.contactor.coil(self.drive.contactor_on and not dropped, now_ms)
        mains_mv = self._supply.behind_breakers_mv(self.number)
        car = self.car
        if car is not None:
            duty_permille = self.drive.duty_permille if self.drive.cp_connected else -1
            car.notice(Line(duty_permille, self.contactor.closed and any(mains_mv)), now_ms)
        self._flow(car, mains_mv, now_ms)
        self.cp_mv = self._forced_cp_mv or self._plateaus(self.drive)
        self.deadline_ms = min(
            self.contactor.at_ms,
            NEVER_MS if self.lock is None else self.lock.at_ms,
            NEVER_MS if residual is None else residual.at_ms,
            NEVER_MS if car is None else car.at_ms,
        )
        self._tell(now_ms)

    def energy_uw_ms(self, now_ms: int) -> int:
        """Return the energy drawn through this outlet until now, exact; 3.6e12 to the Wh."""
        car_uw_ms = 0 if self.car is None else self.car.energy_uw_ms
        return self._parted_uw_ms + car_uw_ms + self._power_uw * (now_ms - self._since_ms)

    @property
    def line_mv(self) -> tuple[int, int]:
        """The plateaus of the pilot line while a PWM runs, forced ones as they are."""
        running = replace(self.drive, duty_permille=(DUTY_STATE_F + DUTY_X1) // 2)
        return self._forced_cp_mv or self._plateaus(running)

    @property
    def power_uw(self) -> int:
        """The power that flows now."""
        return self._power_uw

    def look(self, now_ms: int) -> dict[str, object]:
        """Return what a meter and an oscilloscope would see."""
        pwm = DUTY_STATE_F < self.drive.duty_permille < DUTY_X1
        pp = self._forced_pp or self._cable
        return {
            "outlet": self.number,
            "cp_high_mv": self.cp_mv[0],
            "cp_low_mv": self.cp_mv[1],
            "pp_ohm": None if pp is None else pp.pp_ohm,
            "duty_permille": self.drive.duty_permille,
            "frequency_mhz": FREQUENCY_MHZ if pwm else 0,
            "contactor_closed": self.contactor.closed,
            "locked": self._locked,
            "currents_ma": list(self.currents_ma),
            "energy_wh": self.energy_uw_ms(now_ms) // UW_MS_PER_WH,
            "car": None if self.car is None else self.car.look(),
        }

    @property
    def _locked(self) -> bool:
        return self.lock is not None and self.lock.position is LockPosition.LOCKED

    def _plateaus(self, drive: OutletDrive) -> tuple[int, int]:
        car = self.car
        return plateaus(drive, "A" if car is None else car.letter, car is None or car.diode)

    def _count(self, now_ms: int) -> None:
        if self.car is not None and self._since_ms != now_ms:
            self.car.integrate(now_ms)
        self._since_ms = now_ms

    def _flow(self, car: Car | None, mains_mv: tuple[int, int, int], now_ms: int) -> None:
        if car is None or not car.drawn_ma or not self.contactor.closed:
            self.currents_ma, self._power_uw = (0, 0, 0), 0
        else:
            phases = min(car.phases, self.drive.phases, self._profile.phases)
            ma = car.drawn_ma
            one, two, three = (
                ma if n < phases and volts_mv else 0 for n, volts_mv in enumerate(mains_mv)
            )
            self.currents_ma = (one, two, three)
            self._power_uw = one * mains_mv[0] + two * mains_mv[1] + three * mains_mv[2]
        if car is not None:
            car.flow(self._power_uw, now_ms)

    def _tell(self, now_ms: int) -> None:
        car = self.car
        pp = self._forced_pp or self._cable
        shown = (
            self.cp_mv,
            pp,
            self.drive.duty_permille,
            self.contactor.closed,
            None if self.lock is None else self.lock.position,
            self.residual and (self.residual.tripped, self.residual.test_ok),
            self.currents_ma,
            car and (car.letter, car.connected, car.full),
        )
        if shown == self._shown:
            return
        self._shown = shown
        self.changed = True
        high_mv, low_mv = self.cp_mv
        news: dict[str, dict[str, object]] = {
            "cp": {"high_mv": high_mv, "low_mv": low_mv},
            "pp": {"ohm": None if pp is None else pp.pp_ohm},
            "duty": {"duty_permille": self.drive.duty_permille},
            "contactor": {"closed": self.contactor.closed},
            "lock": {"locked": self._locked},
            "currents": {"currents_ma": list(self.currents_ma)},
            "car": {"state": car and car.letter, "full": car is not None and car.full},
        }
        for event, body in news.items():
            if self._told.get(event) != body:
                self._told[event] = body
                self._report({"event": event, "outlet": self.number, **body, "at_ms": now_ms})
        self._trace(now_ms)

    def _trace(self, now_ms: int) -> None:
        point = (now_ms, *self.cp_mv, self.drive.duty_permille, self.contactor.closed)
        if self.trace and self.trace[-1][1:] == point[1:]:
            return
        # the newest point before the window stays: it tells the state in which the window began
        while len(self.trace) > 1 and self.trace[1][0] < now_ms - TRACE_MS:
            self.trace.popleft()
        self.trace.append(point)
