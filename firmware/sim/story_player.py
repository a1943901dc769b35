"""Plays a story in virtual time: one station, its world, its back end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from firmware.io.loop import loop_ms
from firmware.led.patterns import shown
from firmware.model.session import ShowPattern
from firmware.sim.backend import Backend
from firmware.sim.loop import VirtualLoop
from firmware.sim.outcome import Outcome, judged, lacks, skipped
from firmware.sim.recorder import WireRecorder
from firmware.sim.station import SimPlan, SimStation
from firmware.sim.story import Act, Judgement, Seen, Story, colours, judge
from hal.mock.outlet import BenchError

PORT = 9_000
LEAD_MS = 10_000  # the station has booted before the story begins
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "story"


def ocpp_words(text: str) -> tuple[str, ...] | None:
    """Return action and values of a CALL of the station, as words; `None` for other frames."""
    try:
        message = json.loads(text)
    except ValueError:
        return None
    if not isinstance(message, list) or len(message) != 4 or message[0] != 2:
        return None
    return (message[2], *(str(value) for value in message[3].values()))


def change_words(change: Mapping[str, Any]) -> tuple[str, int, tuple[str, ...]] | None:
    """Return kind, outlet and words of a world's watch event."""
    match change:
        case {"event": "contactor", "outlet": outlet, "closed": closed}:
            return "contactor", outlet, ("closed" if closed else "open",)
        case {"event": "lock", "outlet": outlet, "locked": locked}:
            return "lock", outlet, ("locked" if locked else "unlocked",)
        case {"event": "duty", "outlet": outlet, "duty_permille": duty}:
            return "duty", outlet, (f"{duty / 10:g}", "%")
        case {"event": "currents", "outlet": outlet, "currents_ma": currents_ma}:
            return "current", outlet, (f"{max(currents_ma) / 1_000:g}", "A")
        case {"event": "led", "frame": lights}:
            return "led", 0, colours(lights)
        case _:
            return None


def exact(within_ms: int) -> int:
    """Return the limit that fails where time is virtual: the story's own."""
    return within_ms


class SimPlayer:
    """One story, once."""

    def __init__(self, story: Story, profile: Any, seed: int = 0) -> None:
        self.story = story
        self.loop = VirtualLoop()
        self.recorder = WireRecorder()
        self.failures: list[str] = []
        self.loop.set_exception_handler(self._failed)
        self.backend = Backend(self._utc_now, on_frame=self._frame)
        self.log: list[Seen] = []
        settings = {"operator_current_limit_1": "32", "operator_current_limit_2": "32"}
        plan = SimPlan(
            NAME, profile, seed, host="backend.lan", port=PORT,
            settings=settings | story.settings, meter_poll_ms=1_000,
            utc_at_zero_ms=int(EPOCH.timestamp() * 1_000),
        )  # fmt: skip
        self.station = SimStation(self.loop, plan)
        self.station.on_change = self._change
        self.station.on_pattern = self._pattern
        self.station.world.on_link = self._link

    def outcome(self) -> Outcome:
        """Play to the end and tell what became of it, with what the pilots looked like."""
        world = self.station.world
        missing = lacks(self.story, world.act("rig", {}, 0), world.look(0))
        if missing:
            return skipped(self.story.name, "sim", missing)
        reason, judgements = "", []
        try:
            judgements = self.play()
        except BenchError as refusal:
            reason = str(refusal)
        return judged(
            self.story,
            "sim",
            judgements,
            slack=exact,
            reason=reason,
            seconds=self._now() / 1_000,
            log=self.log,
            traces={o.number: self._trace(o.number) for o in world.profile.outlets},
        )

    def play(self) -> list[Judgement]:
        """Play to the end and judge; raise what went wrong in the machinery itself."""
        if self.story.accepts is not None:
            self.backend.tokens = set(self.story.accepts)
        self.loop.run_until_complete(self._play())
        if self.failures:
            raise AssertionError(self.failures[0])
        return judge(self.story, self.log, slack=exact)

    async def _play(self) -> None:
        await self.backend.start("", PORT)
        self.station.power_on()
        try:
            for step in self.story.steps:
                if isinstance(step, Act):
                    await self._until(step.at_ms + LEAD_MS)
                    await self._do(step)
            await self._until(self.story.end_ms + LEAD_MS + 1_000)
        finally:
            self.station.power_off()
            await self.backend.stop()
            await asyncio.sleep(5)  # what is under way ends before the loop does

    async def _until(self, at_ms: int) -> None:
        if at_ms > loop_ms(self.loop):
            await asyncio.sleep(at_ms / 1_000 - self.loop.time())

    async def _do(self, act: Act) -> None:
        if act.verb.startswith("csms "):
            work = asyncio.ensure_future(
                command(self.backend, NAME, act.verb[5:], dict(act.arguments))
            )
            work.add_done_callback(lambda done: done.exception())
        else:
            self.station.act(act.verb, **act.arguments)

    def _trace(self, outlet: int) -> list[list[Any]]:
        points: list[list[Any]] = []
        from_ms: Any = 0
        while from_ms is not None:
            asked = {"outlet": outlet, "from_ms": from_ms}
            answer: dict[str, Any] = self.station.world.act("trace", asked, self._now())
            points += answer["points"]
            from_ms = answer.get("next_ms")
        return [[at_ms - LEAD_MS, *rest] for at_ms, *rest in points]

    # -- what is seen -----------------------------------------------------------------------

    def _saw(self, kind: str, outlet: int, what: tuple[str, ...], at_ms: int) -> None:
        self.log.append(Seen(at_ms - LEAD_MS, kind, outlet, what))

    def _change(self, change: Mapping[str, Any]) -> None:
        words = change_words(change)
        if words is not None:
            self._saw(*words, change["at_ms"])

    def _pattern(self, wish: ShowPattern) -> None:
        lights = shown(wish, wish.since_ms, 24)
        words = colours(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in lights)
        self._saw("led", 0, words, self._now())

    def _frame(self, station: str, direction: str, text: str, _at: datetime) -> None:
        self.recorder.frame(station, direction, text, self._now())
        words = ocpp_words(text) if direction == "up" else None
        if words is not None:
            self._saw("ocpp", 0, words, self._now())

    def _link(self, arguments: Mapping[str, object]) -> None:
        host = self.station.plan.host
        if arguments["up"]:
            self.loop.network.heal(host)
        else:
            self.loop.network.cut(host)

    def _now(self) -> int:
        return loop_ms(self.loop)

    def _utc_now(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self._now())

    def _failed(self, _loop: Any, context: Mapping[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")


async def command(backend: Backend, station: str, what: str, a: dict[str, Any]) -> None:
    """Let the back end do what a story's `csms` act says."""
    match what:
        case "start":
            await backend.remote_start(station, a["token"], a["outlet"])
        case "stop":
            running = [t for t in backend.ledger(station).transactions if t.stopped is None]
            await backend.remote_stop(station, running[-1].id if running else -1)
        case "reset":
            await backend.reset(station, a["kind"])
        case "unlock":
            await backend.unlock(station, a["outlet"])
        case "availability":
            await backend.availability(station, a["outlet"], a["operative"])
        case "set":
            await backend.change_configuration(station, a["key"], a["value"])
