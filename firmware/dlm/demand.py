"""What a car really takes, learnt from its currents: which phases, and how much of its offer.

Give every reading to `observed` and call `cycled` at the end of each cycle of the master. Plain
data, so that it may be kept and told; begin anew with each car.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from firmware.model.values import PhasesMa

IDLE_MA = 1_000  # B-DLM-12: less than this on a phase, for
IDLE_MS = 10_000  # so long, while the car takes
BUSY_PERCENT = 80  # more than this of its offer
UNUSED_CYCLES = 2  # B-DLM-13
SPARE_MA = 2_000  # what a car keeps above what it draws, or an eighth of that if it is more
LIMIT_PERCENT = 90  # of its offer drawn: the car has risen to its limit


@dataclass(frozen=True, slots=True)
class Demand:
    """What is known of a car.

    `uses` are the outlet's phases (0, 1, 2) to be reserved; `most_ma` is what it is expected to
    take at most, None while it may take everything; a claim never goes below its minimum for it.
    """

    connected: tuple[int, ...] = (0, 1, 2)  # (0,) where only L1 is wired [CC613 7.1]
    uses: tuple[int, ...] = (0, 1, 2)
    most_ma: int | None = None
    idle_since_ms: tuple[int | None, int | None, int | None] = (None, None, None)
    peak_ma: int = 0  # in this cycle and the unused ones before
    least_offer_ma: int | None = None
    unused_count: int = 0


def fresh(connected: tuple[int, ...]) -> Demand:
    """Return what is known of a car that has just been plugged in: nothing."""
    return Demand(connected, connected)


def observed(demand: Demand, offered_ma: int, currents_ma: PhasesMa, now_ms: int) -> Demand:
    """Take a reading of the outlet's L1, L2, L3 under an offer.

    A phase that carries current is in use at once; a car that has risen to its limit is
    expected to take all again at once.
    """
    drawn_ma = max(currents_ma[phase] for phase in demand.connected)
    if not offered_ma:
        return replace(demand, most_ma=None, idle_since_ms=(None,) * 3, peak_ma=0,
                       least_offer_ma=None, unused_count=0)  # fmt: skip
    busy = drawn_ma * 100 > offered_ma * BUSY_PERCENT
    idle_ms = [
        _idle(demand.idle_since_ms[p], busy and currents_ma[p] < IDLE_MA, now_ms) for p in range(3)
    ]
    uses = tuple(
        p for p in demand.connected if _used(demand, p, currents_ma[p], idle_ms[p], now_ms)
    )
    low_ma = demand.least_offer_ma
    risen = drawn_ma * 100 >= offered_ma * LIMIT_PERCENT
    return replace(
        demand,
        uses=uses,
        most_ma=None if risen else demand.most_ma,
        idle_since_ms=(idle_ms[0], idle_ms[1], idle_ms[2]),
        peak_ma=max(demand.peak_ma, drawn_ma),
        least_offer_ma=offered_ma if low_ma is None else min(low_ma, offered_ma),
    )


def cycled(demand: Demand) -> Demand:
    """End a cycle: two in a row with a part unused leave what was drawn and some spare."""
    if demand.least_offer_ma is None:
        return demand
    expected_ma = _with_spare(demand.peak_ma)
    if expected_ma >= demand.least_offer_ma:
        return replace(demand, peak_ma=0, least_offer_ma=None, unused_count=0)
    if demand.unused_count + 1 < UNUSED_CYCLES:
        return replace(demand, unused_count=demand.unused_count + 1)
    return replace(demand, most_ma=expected_ma, peak_ma=0, least_offer_ma=None, unused_count=0)


def _idle(since_ms: int | None, idle: bool, now_ms: int) -> int | None:
    if not idle:
        return None
    return now_ms if since_ms is None else since_ms


def _used(
    demand: Demand, phase: int, current_ma: int, idle_since_ms: int | None, now_ms: int
) -> bool:
    if current_ma >= IDLE_MA:
        return True
    if idle_since_ms is not None and now_ms - idle_since_ms >= IDLE_MS:
        return False
    return phase in demand.uses


def _with_spare(drawn_ma: int) -> int:
    """In whole amperes, upwards."""
    return -(-(drawn_ma + max(SPARE_MA, drawn_ma // 8)) // 1_000) * 1_000
