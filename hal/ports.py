"""What a board offers, in the words of the trade: dataclasses and Protocols only.

Samples are complete states with the time at which they were true; drives are complete
orders, never deltas. A failing exchange raises `HardwareSilent`; nothing here retries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

DUTY_STATE_F = 0  # permille: constant -12 V
DUTY_X1 = 1_000  # permille: constant +12 V, no permission to draw


class HardwareSilent(OSError):
    """A device did not answer in its time; says which, what was asked and how long it took."""


class LockPosition(StrEnum):
    """Where the locking pin is by its end switches."""

    UNLOCKED = "unlocked"
    LOCKED = "locked"
    MOVING = "moving"
    MISSING = "missing"  # no actuator answers


@dataclass(frozen=True, slots=True)
class OutletSample:
    """One outlet as its sensors see it at `at_ms` (monotonic). `None` means not fitted."""

    at_ms: int
    cp_high_mv: int  # high plateau of the control pilot
    cp_low_mv: int  # low plateau; equals the high one while the PWM stands still
    pp_ohm: int | None  # proximity resistor; None is an open circuit: no plug
    duty_permille: int  # read back from the generator
    contactor_closed: bool | None = None  # mirror contact
    lock: LockPosition | None = None
    residual_tripped: bool = False  # fault output of the RCMB
    residual_test_ok: bool | None = None  # verdict of the last self-test; None: none finished
    mcb_tripped: bool = False
    rcd_tripped: bool = False
    mains_mv: tuple[int, int, int] | None = None
    temperature_dc: int | None = None  # deci-Celsius of the controller


@dataclass(frozen=True, slots=True)
class OutletDrive:
    """Everything that is driven on one outlet. 0 permille is state F, 1000 is X1."""

    duty_permille: int = DUTY_X1
    cp_connected: bool = True  # False lifts the pilot off the line (state E seen by the car)
    contactor_on: bool = False
    phases: int = 3
    lock_on: bool = False
    residual_test: bool = False
    ventilation_on: bool = False


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One exchange with a meter: register in Wh, currents in mA in the meter's own order.

    Power is negative where it is exported; currents may be magnitudes.
    """

    at_ms: int
    energy_wh: int
    power_w: int
    currents_ma: tuple[int, int, int]
    voltages_mv: tuple[int, int, int] | None = None
    powers_w: tuple[int, int, int] | None = None
    digital_input: bool | None = None  # the meter's own, where it is asked for


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card at a reader: its UID in the order in which it was sent, lower-case hex.

    Where a proof was demanded, a `secure` card has given it, and `uid` is the number that it
    keeps under that key; of another, `doubt` says what was missing.
    """

    uid: str
    reader: int
    at_ms: int
    kind: str = "mifare_classic"
    secure: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class CardKey:
    """By what a card proves itself: a key of an application, and the file with its number."""

    application: int  # of three bytes
    number: int  # which key of the application it is
    key: bytes = field(repr=False)  # AES-128
    file: int = 0


Rgb = tuple[int, int, int]


class OutletPort(Protocol):
    """The safety pins of one outlet."""

    def sample(self) -> OutletSample:
        """Return the newest state at once; raise `HardwareSilent` when there is none to trust."""

    def drive(self, drive: OutletDrive) -> None:
        """Put the complete order on the pins."""


class EdgePort(Protocol):
    """Where a board tells that something changed before the next sample is due.

    Who has asked for the descriptor calls `drain` before each look at the samples.
    """

    def fileno(self) -> int:
        """Return a descriptor that becomes readable at an edge."""

    def drain(self) -> None:
        """Take what is readable, without blocking."""


class WatchdogPort(Protocol):
    """The watchdog of the board; it restarts everything when nobody kicks it."""

    def kick(self) -> None:
        """Live on."""


class RfidPort(Protocol):
    """One card reader; blocking, so it lives in a thread of its own."""

    def demand(self, key: CardKey | None) -> None:
        """From now on let each card prove that it holds this key, or none; from any thread."""

    def poll(self, wait_ms: int) -> CardRead | None:
        """Wait so long for a card; the same card still present is not reported again."""


class LedPort(Protocol):
    """A ring of RGB lights."""

    def show(self, frame: tuple[Rgb, ...]) -> None:
        """Light the whole ring."""


class InputPort(Protocol):
    """The digital inputs that the board names."""

    def read(self) -> Mapping[str, bool]:
        """Return which inputs are active."""


class MeterPort(Protocol):
    """One meter; blocking."""

    def read(self) -> MeterReading:
        """Ask the meter; raise `HardwareSilent` when it does not answer."""


class ClockPort(Protocol):
    """Monotonic time."""

    def now_ms(self) -> int:
        """Return monotonic milliseconds."""
