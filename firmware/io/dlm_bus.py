"""A unit's place on the bus of load management: frames over MQTT, as facts to its machines.

Nothing here keeps anybody safe: what is lost is asked again, and a lease ends by itself. What
waits to be sent is replaced by what is newer, and forgotten with the connection. A frame counts
only under the topic of the unit that it names, and the broker gives each unit its own topics.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiomqtt import Client, Message, MqttError, ProtocolVersion

from firmware.io.dlm_keys import NotPaired, bus_context
from firmware.model.dlm import MasterSeen, UnitAnswered, UnitAsked
from firmware.model.errors import RemoteError

KEEPALIVE_S = 2  # paho's own 60 s would hide a cut cable for so long
ANSWER_S = 5  # of the broker
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1, 15
QUEUED_MAX = 1_024  # frames that came and were not looked at; further ones are lost

Frame = UnitAsked | UnitAnswered | MasterSeen
Address = tuple[str, int]


class Wire(Protocol):
    """How frames become bytes."""

    def pack(self, frame: Frame) -> bytes:
        """Return the bytes of a frame."""

    def unpack(self, data: bytes) -> Frame:
        """Return the frame, or raise `RemoteError`."""


@dataclass(frozen=True, slots=True)
class BusConfig:
    """Who this unit is, and whether a master lives here."""

    unit: str
    network: int
    keys: Path
    master: bool = False


@dataclass(frozen=True, slots=True)
class BusPorts:
    """What the bus is given: the frames' form, where brokers are, whom to tell, and chance.

    `tell` gets why this unit is not on the bus, in one sentence; empty while it is.
    """

    wire: Wire
    brokers: Callable[[], Sequence[Address]]
    post: Callable[[object], None]
    tell: Callable[[str], None]
    jitter: Callable[[], float]


class DlmBus:
    """The connection to the broker, kept for ever; `run` is its task."""

    def __init__(self, config: BusConfig, ports: BusPorts) -> None:
        self._config, self._ports = config, ports
        self._begin = f"dlm/{config.network}"
        self._waiting: dict[str, Frame] = {}  # by topic
        self._more = asyncio.Event()
        self._connected = False
        self._told: str | None = None
        self.refused = 0
        self.last_refused = ""

    def perform(self, word: Frame) -> None:
        """Say a word to other units, if they can be reached."""
        match word:
            case UnitAsked(unit):
                self._send(f"{self._begin}/ask/{unit}", word)
            case UnitAnswered(unit):
                self._send(f"{self._begin}/answer/{unit}", word)
            case MasterSeen():
                self._send(f"{self._begin}/master", word)

    async def run(self) -> None:
        """Connect, and again whenever it breaks, until this task is cancelled."""
        pause_s: float = SHORTEST_PAUSE_S
        while True:
            steady = await self._round()
            _end_if_cancelled()
            pause_s = SHORTEST_PAUSE_S if steady else min(2 * pause_s, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s * (0.5 + self._ports.jitter() / 2))

    async def _round(self) -> bool:
        """Try every broker once; return whether one let us in."""
        try:
            context = await asyncio.to_thread(bus_context, self._config.keys)
        except (NotPaired, OSError) as why:
            self._say(str(why))
            return False
        brokers = self._ports.brokers()
        if not brokers:
            self._say("no master of load management is found in this network")
        for host, port in brokers:
            try:
                await self._stay(host, port, context)
            except (MqttError, OSError) as why:
                self._say(f"the master of load management at {host}:{port}: {_told(why)}")
            if self._connected:
                self._connected = False
                self._waiting.clear()
                return True
        return False

    async def _stay(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Be on the bus until it breaks, which raises `MqttError`."""
        client = Client(
            host, port, identifier=self._config.unit, protocol=ProtocolVersion.V5,
            tls_context=context, keepalive=KEEPALIVE_S, timeout=ANSWER_S,
            max_queued_incoming_messages=QUEUED_MAX,
        )  # fmt: skip
        async with client:
            for topic in self._topics():
                await client.subscribe(topic)
            self._connected = True
            self._say("")
            tasks = [asyncio.create_task(do(client)) for do in (self._read, self._write)]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _topics(self) -> tuple[str, ...]:
        if self._config.master:
            return (f"{self._begin}/ask/+",)
        return f"{self._begin}/answer/{self._config.unit}", f"{self._begin}/master"

    async def _read(self, client: Client) -> None:
        async for message in client.messages:
            try:
                self._ports.post(self._frame(message))
            except RemoteError as why:
                self.refused += 1
                self.last_refused = f"{message.topic}: {why}"

    def _frame(self, message: Message) -> Frame:
        """Return a frame that belongs where it came from; raise `RemoteError`."""
        assert isinstance(message.payload, bytes), "without a converter it is bytes"
        frame, topic = self._ports.wire.unpack(message.payload), message.topic.value
        match frame:
            case UnitAsked(unit) if topic == f"{self._begin}/ask/{unit}":
                return frame
            case UnitAnswered(unit) if topic == f"{self._begin}/answer/{unit}":
                return frame
            case MasterSeen(_, self._config.network) if topic == f"{self._begin}/master":
                return frame
        raise RemoteError(f"{type(frame).__name__} does not belong here")

    async def _write(self, client: Client) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                topic = next(iter(self._waiting))
                await client.publish(topic, self._ports.wire.pack(self._waiting.pop(topic)))
                _end_if_cancelled()

    def _send(self, topic: str, frame: Frame) -> None:
        if self._connected:
            self._waiting[topic] = frame
            self._more.set()

    def _say(self, why: str) -> None:
        if why != self._told:
            self._told = why
            self._ports.tell(why)


def _end_if_cancelled() -> None:
    """End where `asyncio.wait_for` of Python 3.11, inside aiomqtt, has swallowed that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _told(why: Exception) -> str:
    """Return a failure in words of the trade."""
    text = str(why)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "it is the master of another site; pair this station with it, or mend the address"
    if "ALERT_UNKNOWN_CA" in text or "ALERT_BAD_CERTIFICATE" in text:
        return "it does not know this station; pair it anew"
    if "refused" in text.lower():
        return "nobody answers at this address"
    return text or type(why).__name__
