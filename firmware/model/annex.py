"""IEC 61851-1 Annex A for an AC station: every transition and time limit, as one table.

The machine takes its times from here and `tests/pure/test_annex.py` measures each row on it.
The standard itself was not at hand: `origin` says where a figure was read; a row that is not
`seen_in_print` is listed on the page for checking, and one that is not `proven` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Bound = Literal["at most", "at least", "none"]


@dataclass(frozen=True, slots=True)
class Row:
    """One transition: what the standard allows (`limit_ms`) and what we do (`ours_ms`)."""

    id: str  # the number of a sequence of Table A.6, or a word for a rule beside it
    before: str
    after: str
    condition: str
    bound: Bound
    limit_ms: int | None
    ours_ms: int | None  # None: nothing is done, or nothing that takes time
    clause: str
    origin: str
    seen_in_print: bool = True
    proven: bool = True
    reason: str = ""  # why it is not proven

    @property
    def kept(self) -> bool:
        """What we do is within what is allowed."""
        if self.limit_ms is None or self.ours_ms is None:
            return True
        if self.bound == "at most":
            return self.ours_ms <= self.limit_ms
        return self.ours_ms >= self.limit_ms


_A6 = "Table A.6"
_NAMES = "names of the sequences: a public header that quotes the table; no limit was seen"
_OPEN = "EVerest bring-up guide and IECStateMachine; Tinkerforge takes 75 ms"

ROWS: tuple[Row, ...] = (
    Row("1.1", "A", "B1", "plugged in, car with S2", "none", None, 50, _A6, _NAMES, False),
    Row("1.2", "A", "C1", "plugged in, car without S2", "none", None, 500, _A6, _NAMES, False),
    Row("2.1", "B", "A", "unplugged without load", "none", None, 50, _A6, _NAMES, False),
    Row("2.2", "C2", "A", "unplugged under load: contactor open", "at most", 100, 0, _A6, _OPEN),
    Row("3.1", "B1", "B2", "power is available: PWM on", "none", None, 0, _A6, _NAMES, False),
    Row("3.2", "C1", "C2", "power is available: PWM on", "none", None, 0, _A6, _NAMES, False),
    Row("4", "B2", "C2", "the car closes S2: contactor closed", "at most", 3_000, 500, _A6,
        "EVerest; Tinkerforge waits 500 ms as well, to pass over toggles"),
    Row("5", "C2", "C2", "the car begins to draw: nothing is done", "none", None, None, _A6,
        _NAMES, False),
    Row("6", "C2", "C2", "another limit: duty changed", "at most", 5_000, 0, _A6,
        "manual B-CUR-04 names the 5 s of the car; 5 s between changes is from memory", False),
    Row("6 car", "C2", "C2", "the car follows a smaller limit", "at most", 5_000, None, _A6,
        "manual B-CUR-04", False, False, "overload (X05) is judged where the meter is"),
    Row("7", "C2", "C2", "the car ends its draw: nothing is done", "none", None, None, _A6,
        _NAMES, False),
    Row("8.1", "C2", "B2", "the car opens S2 under PWM: contactor open", "at most", 100, 0, _A6,
        _OPEN),
    Row("8.2", "C1", "B1", "the car opens S2 without PWM: contactor open", "at most", 100, 0, _A6,
        _OPEN),
    Row("9.1", "C2", "C1", "the station asks to stop: PWM off", "none", None, 0, _A6, _NAMES,
        False),
    Row("9.2", "B2", "B1", "the station stops the PWM", "none", None, 0, _A6, _NAMES, False),
    Row("9.3", "A2", "A1", "the car has gone: PWM off", "none", None, 50, _A6, _NAMES, False),
    Row("10.1", "C1", "B1", "the car obeys within 3 s: contactor open", "at most", 100, 0, _A6,
        "3 s of the car: Tinkerforge; the opening as in 8.2"),
    Row("10.2", "C1", "C1", "the car does not obey: opened under load", "at least", 6_000, 6_000,
        _A6, "EVerest 6 s, its controller 7 s; Tinkerforge 6 s; SmartEVSE C1Timer 6"),
    Row("11", "B2", "B2", "a toggle B-C-B of up to 400 ms does not close", "at least", 401, 500,
        _A6, "Tinkerforge: 500 ms against toggles of 250 ms; EVerest: about 200 ms"),
    Row("11 told", "B2", "B2", "a toggle B-C-B is reported upwards", "none", None, 0, _A6,
        "EVerest bring-up guide"),
    Row("12", "C2", "E", "error on the line: contactor open", "at most", 100, 0, _A6, _OPEN),
    Row("12 F", "C2", "F", "-12 V on the line: contactor open", "at most", 100, 0, _A6, _OPEN),
    Row("12 told", "B", "E", "an error without load is told", "none", None, 50, _A6,
        "EVerest: a state is never decided later than 50 ms", False),
    Row("12 own", "any", "F", "the station shows its own error as F", "at least", 300, 4_000, _A6,
        "EVerest: 300 ms of F after a fault; as long as for waking here"),
    Row("D", "C2", "D", "ventilation asked for, there is none: open", "at most", 100, 0,
        "Table A.4", "EVerest, Tinkerforge, chargebyte: an error"),
    Row("D fan", "B2", "D2", "ventilation asked for and there: closed, fan on", "at most", 3_000,
        500, "Table A.4", "as seq 4; no limit was seen", False),
    Row("CP short", "C2", "?", "a voltage of no state: contactor open", "at most", 100, 0, "A.3",
        "chargebyte CPUtils, Tinkerforge"),
    Row("PE lost", "C2", "A", "PE or CP open: contactor open", "at most", 100, 0, "A.3", _OPEN),
    Row("diode", "C2", "C2", "no diode under PWM: contactor open", "none", None, 100, "A.3",
        "Tinkerforge: about 100 ticks in C; no limit was seen", False),
    Row("PP lost", "C2", "-", "no plug while power is on: contactor open", "at most", 100, 0,
        "B.2", "EVerest: PP is watched while charging; the limit is that of 2.2", False),
    Row("B1 hold", "B1", "B2", "PWM on again after it was stopped", "at least", 3_000, 3_000,
        _A6, "SmartEVSE"),
    Row("C again", "C2", "C2", "closed again after opening under load", "at least", 5_000, 5_100,
        "A.5", "Tinkerforge 5 s; the car itself opening S2 is no load"),
    Row("wake wait", "B2", "F", "a car is offered power and sleeps: F begins", "at least", 30_000,
        60_000, "A.5.3", "Phoenix: 30 s; Tinkerforge: 90 s; B-DLM-31: 60 s"),
    Row("wake", "F", "B2", "F, then PWM again; twice at most", "at least", 3_000, 4_000,
        "A.5.3", "Phoenix: 3 s; Tinkerforge and EVerest: 4 s"),
    Row("unlock F", "F", "F", "the plug is freed in F, contacts open and nobody holds it", "none",
        None, 0, "D.6.5 Table D.9", "EVerest: after 5 s in F, in E at once, in B it stays held"),
    Row("phases", "C2", "B1", "1 to 3 phases: pilot away, the car let go by itself", "at least",
        45_000, 45_000, "-", "chargebyte phase_control: BMW iX3 and Cupra need it"),
    Row("phases load", "C2", "B1", "1 to 3 phases: pilot away, opened under load", "at least",
        60_000, 60_000, "-", "chargebyte phase_control"),
)  # fmt: skip

BY_ID = {row.id: row for row in ROWS}


def ours_ms(row_id: str) -> int:
    """Return the time that the machine keeps for a row."""
    ms = BY_ID[row_id].ours_ms
    assert ms is not None, row_id
    return ms


SETTLE_MS = ours_ms("1.1")
ENTER_C_MS = ours_ms("4")
GRACE_MS = ours_ms("10.2")
DIODE_MS = ours_ms("diode")
B1_HOLD_MS = ours_ms("B1 hold")
CLOSE_AGAIN_MS = ours_ms("C again") - DIODE_MS  # the diode is proven anew
F_MS = ours_ms("wake")
WAKE_MS = ours_ms("wake wait")
PHASES_MS = ours_ms("phases")
PHASES_LOAD_MS = ours_ms("phases load")
