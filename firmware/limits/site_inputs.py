"""External inputs that limit the whole site: two of the board, and one of the external meter.

[B-DLM-28, A-21] While a signal is given, `dlm_ext_input_limit` holds for all stations. A grid
operator's signal that cannot be read counts as given: what is wrong is then seen, and nobody
draws what somebody else may just have forbidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.limits.signals import Signal
from firmware.model.dlm import SiteLimitLifted, SiteLimitSet
from firmware.model.load import ExternalLoad, ExternalLoadLost
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import PhasesMa

METER = "meter input"
METER_KEY = "dlm_meter_digital_input"
BOARD_INPUTS = {f"external input {n}": (f"ext{n}", f"dlm_ext_input_{n}") for n in (1, 2)}


@dataclass(slots=True)
class SiteInputsState:
    """Plain data: signals by the source of their limit, and what was told of each."""

    signals: dict[str, Signal]
    told: dict[str, tuple[PhasesMa, str]] = field(default_factory=dict)
    woke: bool = False


class SiteInputs:
    """The machine of the external inputs."""

    def __init__(self, settings: Settings, inputs: Iterable[str]) -> None:
        """`inputs` are those that the board has."""
        there = tuple(inputs)
        signals = {
            source: Signal(name, name in there) for source, (name, _) in BOARD_INPUTS.items()
        }
        signals[METER] = Signal("", answers=False)  # until the meter has told it
        self.state = SiteInputsState(signals)
        self.settings = settings
        # the meter is opened with or without its input at the start
        metered = settings.flag("dlm_external_meter_support")
        self.meter_sense = settings.text(METER_KEY) if metered else "off"

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        self.state.woke = True
        meter = self.state.signals[METER]
        match fact:
            case ExternalLoad():
                meter.answers = fact.digital_input is not None
                meter.active = bool(fact.digital_input)
            case ExternalLoadLost():
                meter.answers = False
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                for source in BOARD_INPUTS:
                    self.state.signals[source].take(fact)
        return self._settle(now_ms)

    def deadline_ms(self) -> int:
        """At once after the start, then when a signal has rested."""
        if not self.state.woke:
            return 0
        return min(signal.over_ms for signal in self.state.signals.values())

    def warnings(self) -> list[str]:
        """Return what cannot be read and counts as given, one sentence each."""
        signals = self.state.signals.items()
        return [self._unread(source) for source, one in signals if one.given and not one.readable]

    # -- inside -----------------------------------------------------------------------------

    def _settle(self, now_ms: int) -> list[object]:
        out: list[object] = []
        told = self.state.told
        limit_ma = self.settings.triple_ma("dlm_ext_input_limit")
        for source, signal in self.state.signals.items():
            if signal.settle(self._sense(source), now_ms):
                said = limit_ma, self._reason(source, signal)
                if told.get(source) != said and not signal.resting:
                    told[source] = said
                    out.append(SiteLimitSet(source, *said))
            elif told.pop(source, None) is not None:
                out.append(SiteLimitLifted(source))
        return out

    def _sense(self, source: str) -> str:
        return self.meter_sense if source == METER else self.settings.text(BOARD_INPUTS[source][1])

    def _reason(self, source: str, signal: Signal) -> str:
        if not signal.readable:
            return self._unread(source)
        sense = self._sense(source).replace("_", " ")
        where = "the external meter's input" if source == METER else f"the input {signal.input}"
        return (
            f"{where} gives its signal, wired {sense}: dlm_ext_input_limit holds until whoever "
            "gives the signal, as a rule the grid operator, ends it"
        )

    def _unread(self, source: str) -> str:
        if source == METER:
            return (
                f"the external meter does not tell its digital input, which {METER_KEY} asks for; "
                f"a signal that cannot be read counts as given: mend the meter, or set {METER_KEY} "
                "to off"
            )
        return self.state.signals[source].unread(BOARD_INPUTS[source][1])
