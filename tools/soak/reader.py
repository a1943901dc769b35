"""Faults of a card reader: the station's own thread over a PN532 that is played.

A seed draws what goes wrong and for how long; then it is mended, and a card is held to the
reader. It has to be read, whatever was in the buffers, and nothing but cards that were there.
Every second card is one that proves itself; only it may be told as secure, by its number.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import structlog

from firmware.apps.devices import reader
from firmware.io.threads import Watcher
from firmware.model.devices import ReaderSilent
from firmware.model.session import CardSeen
from hal.drivers.pn532 import Pn532Reader
from hal.ports import CardKey
from tools.played.desfire import BENCH_APPLICATION, BENCH_KEY, DesfireCard
from tools.played.pn532 import FAULTS, LATE, Card, EmulatedPn532
from tools.soak.crowd import Advance, parallel, tell

GIVE_UP_S = 60
READ_S = 10  # a card that is held before the fault
SHORT_S, LONG_S = 1.5, 12.0
LONG_EVERY = 25  # so often one lasts until the reader is asked only every 5 s
ANSWERS_MAX = 8
_PIECE = 20  # faults of one reader
_UID_BYTES = (4, 7, 10)
_KEY = CardKey(BENCH_APPLICATION, 0, BENCH_KEY)

Spoil = Callable[[bytes], bytes]


def _flipped(random: Random) -> Spoil:
    """One bit of the frame is another."""
    at, bit = random.random(), 1 << random.randrange(8)

    def spoil(frame: bytes) -> bytes:
        spoilt = bytearray(frame)
        spoilt[int(at * len(frame))] ^= bit
        return bytes(spoilt)

    return spoil


def _cut(random: Random) -> Spoil:
    """The frame ends early."""
    at = random.random()
    return lambda frame: frame[: int(at * len(frame))]


def _noisy(random: Random) -> Spoil:
    """There is noise before the frame."""
    noise = random.randbytes(random.randint(1, 40))
    return lambda frame: noise + frame


def _drowned(random: Random) -> Spoil:
    """There is only noise, and a lot of it."""
    noise = random.randbytes(random.randint(200, 4_000))
    return lambda _frame: noise


# What spoils the next answers, and what happens to the chip or its port as a whole.
SPOILERS: dict[str, Callable[[Random], str | Spoil]] = {
    "bit flipped": _flipped,
    "cut anywhere": _cut,
    "noise before": _noisy,
    "noise instead": _drowned,
    **{f"answer {name}": partial(lambda name, _random: name, name) for name in (*FAULTS, LATE)},
}
WHOLES = ("silence", "babble", "unplugged", "power lost", "process killed")
KINDS = (*SPOILERS, *WHOLES)


@dataclass(slots=True)
class Trial:
    """One fault: how many silences the station was told of, how long until a card was read.

    `doubted` are proofs that were spoiled so often that the card was told as one without.
    """

    seed: int
    kind: str
    told: int = 0
    doubted: int = 0
    recovery_ms: int | None = None
    problems: list[str] = field(default_factory=list)


class Bench:
    """A chip, and the thread of the station that reads it."""

    def __init__(self, folder: Path) -> None:
        self.chip = EmulatedPn532(folder / "ttyAMA0")
        self.facts: asyncio.Queue[object] = asyncio.Queue()
        self.silences = self.doubted = 0
        self.shown: dict[str, bool] = {}  # number: whether only a proof tells it
        self.bare: set[str] = set()  # what such cards are called without their proof
        self.start()

    def start(self) -> None:
        """Begin to read."""
        self.port = Pn532Reader(str(self.chip.path), 1)
        self.port.demand(_KEY)
        loop = asyncio.get_running_loop()
        self.thread: Watcher = reader(1, self.port, self.facts.put_nowait, loop)
        self.thread.start()

    async def stop(self) -> None:
        """End the thread and close the port."""
        self.thread.finish()
        await asyncio.to_thread(self.port.close)
        await asyncio.to_thread(self.thread.join, READ_S)

    def hold(self, random: Random) -> str:
        """Hold a new card to the reader; return the number by which it is to be told."""
        air = random.randbytes(random.choice(_UID_BYTES))
        self.shown[air.hex()] = False
        self.chip.card = Card(air.hex())
        if random.random() < 0.5:
            return air.hex()
        number = random.randbytes(random.choice(_UID_BYTES))
        self.shown[number.hex()] = True
        self.bare.add(air.hex())
        self.chip.card = DesfireCard(air.hex(), number=number)
        return number.hex()

    async def read(self, number: str, within_s: float) -> str | None:
        """Wait until the card was read; return what is wrong."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    fact = await self.facts.get()
                    if isinstance(fact, ReaderSilent):
                        self.silences += 1
                    elif isinstance(fact, CardSeen):
                        if self.shown.get(fact.uid) is not fact.secure:
                            return f"told of {fact}, which was not there"
                        if fact.uid == number:
                            return None
                        self.doubted += fact.uid in self.bare
        except TimeoutError:
            alive = "lives" if self.thread.is_alive() else "has ended"
            return f"{number} was not read within {within_s:.0f} s; the thread {alive}"


def kind_of(seed: int) -> str:
    """Return what goes wrong with a seed; each in turn."""
    return KINDS[seed % len(KINDS)]


async def _fault(bench: Bench, seed: int) -> Trial:
    random, one = Random(f"reader {seed}"), Trial(seed, kind_of(seed))
    bench.chip.card = None
    first = random.choice(("nobody", "lies there", "comes with it"))
    if first == "lies there" and (wrong := await bench.read(bench.hold(random), READ_S)):
        one.problems.append(f"before the fault: {wrong}")
    bench.silences = bench.doubted = 0
    lasts_s = LONG_S if (seed + 1) % LONG_EVERY == 0 else random.uniform(0, SHORT_S)
    begin = partial(bench.hold, random) if first == "comes with it" else None
    await _happen(bench, one.kind, random, lasts_s, begin)
    mended_s = time.monotonic()
    wrong = await bench.read(bench.hold(random), GIVE_UP_S)
    one.told, one.doubted = bench.silences, bench.doubted
    if wrong is None:
        one.recovery_ms = round(1_000 * (time.monotonic() - mended_s))
    else:
        one.problems.append(wrong)
    return one


async def _happen(
    bench: Bench, kind: str, random: Random, lasts_s: float, then: Callable[[], str] | None
) -> None:
    """Let the fault be there for its time, and take it away; `then` as soon as it is there."""
    chip = bench.chip
    match kind:
        case "silence":
            chip.silent = True
        case "babble":
            chip.babbling = True
        case "unplugged":
            await asyncio.to_thread(chip.unplug)
        case "power lost":
            chip.restart()
        case "process killed":  # it says no goodbye: the chip stays as it is
            chip.silent = True
            await bench.stop()
        case _:
            count = random.randint(1, ANSWERS_MAX)
            chip.fail(*(SPOILERS[kind](random) for _ in range(count)))
    if then is not None:
        then()
    await asyncio.sleep(lasts_s)
    if kind == "unplugged":
        chip.plug()
    chip.silent = chip.babbling = False
    chip.faults.clear()
    if kind == "process killed":
        bench.start()


async def _series(seeds: range, done: Callable[[], None]) -> list[Trial]:
    with tempfile.TemporaryDirectory(prefix="powerstation-reader-") as folder:
        before = _descriptors()
        bench = Bench(Path(folder))
        trials = []
        for seed in seeds:
            trials.append(await _fault(bench, seed))
            done()
        await bench.stop()
        await asyncio.to_thread(bench.chip.unplug)
    if (left := _descriptors()) != before:
        trials[-1].problems.append(f"{left - before} descriptors were left open")
    return trials


def series(seeds: range, done: Callable[[], None] = lambda: None) -> list[Trial]:
    """Play some faults on one reader, one after the other; `done` is called after each."""
    return asyncio.run(_series(seeds, done))


def faults(count: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of so many faults."""
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)  # each bare card is a warning
    structlog.configure(wrapper_class=quiet)
    pieces = [range(n, min(n + _PIECE, count)) for n in range(0, count, _PIECE)]
    trials = [
        one for piece in parallel(partial(series, done=tell), pieces, advance) for one in piece
    ]
    by_kind: defaultdict[str, list[Trial]] = defaultdict(list)
    for one in trials:
        by_kind[one.kind].append(one)
    figures: dict[str, object] = {kind: _words(by_kind[kind]) for kind in KINDS if by_kind[kind]}
    figures["all"] = _words(trials)
    figures["spoiled proofs told as none"] = sum(one.doubted for one in trials)
    figures["failing seeds"] = [one.seed for one in trials if one.problems] or "none"
    return figures, [
        f"seed {t.seed} ({t.kind}): {problem}" for t in trials for problem in t.problems
    ]


def _words(trials: list[Trial]) -> str:
    times_ms = sorted(t.recovery_ms for t in trials if t.recovery_ms is not None)
    told = sum(t.told > 0 for t in trials)
    text = f"{len(times_ms)} of {len(trials)} back, {told} told as silence"
    if not times_ms:
        return text
    p50, p99 = (times_ms[min(len(times_ms) * n // 100, len(times_ms) - 1)] for n in (50, 99))
    return f"{text}; back after p50 {p50}, p99 {p99}, max {times_ms[-1]} ms"


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
