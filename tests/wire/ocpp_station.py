"""A station on the wire: the protocol and its link in a real loop, deciding by a function."""

import asyncio
from types import SimpleNamespace

from firmware.io.ws import BackendLink, LinkConfig
from firmware.model.backend import (
    BackendConnected,
    BackendLost,
    DropConnection,
    FrameReceived,
    SendFrame,
)
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.storage import Memory
from firmware.sim.recorder import WireRecorder
from tests.pure.ocpp_rig import station as protocol


def station(url, decide=lambda wish: (), *, link=None, **settings):
    """Return a station: `post(fact)`, all `wishes` so far, `until`, `run`, `core`, `link`."""
    me = SimpleNamespace(wishes=[], news=asyncio.Event(), timer=None, started_ms=0)
    loop = asyncio.get_running_loop()
    me.core = protocol(Memory(boot=7), **settings)
    me.recorder = WireRecorder()

    def now_ms():
        return int(loop.time() * 1000) - me.started_ms

    def hear(direction, text=""):
        me.recorder.frame("CP", direction, text, now_ms())

    def post(fact):
        now = now_ms()
        match fact:
            case BackendConnected():
                hear("open")
            case FrameReceived(text):
                hear("down", text)
            case BackendLost():
                hear("close")
        for wish in me.core.handle(fact, now):
            me.wishes.append(wish)
            match wish:
                case SendFrame(text):
                    hear("up", text)
                    me.link.send(text)
                case DropConnection(reason):
                    me.link.drop(reason)
                case _:
                    for answer in decide(wish):
                        loop.call_soon(post, answer)
        if me.timer is not None:
            me.timer.cancel()
        due_ms = me.core.deadline_ms()
        if due_ms < NEVER_MS:
            me.timer = loop.call_later(max(0, due_ms - now_ms()) / 1000, post, TICK)
        me.news.set()

    async def until(true):
        while not true():
            me.news.clear()
            await me.news.wait()

    me.started_ms, me.post, me.until, me.now_ms = now_ms(), post, until, now_ms
    config = LinkConfig(url, "CP 1/ä", **(link or {}))
    me.link = BackendLink(config, post, jitter=lambda: 0.0, now_ms=now_ms)
    me.task = asyncio.ensure_future(me.link.run())
    return me


async def leave(me):
    """End a station."""
    me.link.close()
    await me.task
    if me.timer is not None:
        me.timer.cancel()


def within(seconds, story):
    """Run an async story in a loop of its own, with an overall limit."""
    asyncio.run(asyncio.wait_for(story(), seconds))
