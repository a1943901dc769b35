"""The broker of a site's load management: mosquitto, started, watched and ended by the master.

Whoever connects shows a certificate of the site, and its name decides what he may do: a unit
asks for itself and reads its own answers, the master's unit reads every question and answers.
Nothing is kept on a disk, and there is a bound on everything: what is not told now is asked
again in a second.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmware.io.dlm_bridge import Bridge, Uplink, bridge_rights, uplink_settings
from firmware.io.dlm_keys import AUTHORITY, BROKER, NotPaired, authority_of
from firmware.io.unique import put
from firmware.model.dlm import MAX_FRAME_BYTES, UNIT_NAME

PORT = 8883
CONFIG, RIGHTS, ROOT, PID = "mosquitto.conf", "mosquitto.acl", "root.pem", "mosquitto.pid"
UPLINK_ROOT = "uplink-root.pem"
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1, 30
_STEADY_S = 30  # a broker that ran so long was a good one
_LINE_BYTES = 4_096
_PLACES = ("/usr/sbin", "/usr/local/sbin")  # not in the path of a plain user
CONNECTIONS_MAX = 512


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """Where the broker listens and whose certificates it shows; `unit` is its station's own.

    That unit is the master's, unless there is an `uplink` to the master's broker; `bridges` are
    the brokers that have theirs to this one.
    """

    folder: Path
    keys: Path
    unit: str
    network: int
    address: str = "0.0.0.0"
    port: int = PORT
    uplink: Uplink | None = None
    bridges: tuple[Bridge, ...] = ()


class DlmBroker:
    """Mosquitto as a child; `run` is the task that keeps it alive."""

    def __init__(
        self, config: BrokerConfig, tell: Callable[[str], None],
        program: Callable[[], str | None] = lambda: shutil.which("mosquitto") or _beside_path(),
    ) -> None:  # fmt: skip
        """`tell` gets why the broker does not run, in one sentence; empty while it runs."""
        self.config = config
        self._program = program
        self.process: Process | None = None
        self._tell = tell
        self._told: str | None = None

    async def run(self) -> None:
        """Start it, and again whenever it ends, until this task is cancelled."""
        loop = asyncio.get_running_loop()
        pause_s = SHORTEST_PAUSE_S
        while True:
            begun_s = loop.time()
            self._say(await self._life())
            if loop.time() - begun_s > _STEADY_S:
                pause_s = SHORTEST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _life(self) -> str:
        """Run one broker until it ends; return why it did."""
        program = self._program()
        if program is None:
            return "no broker for load management: install the package mosquitto"
        try:
            _end_orphan(self.config.folder)
            file = write(self.config)
            process = await asyncio.create_subprocess_exec(
                program, "-c", file, stdout=PIPE, stderr=asyncio.subprocess.STDOUT,
                limit=_LINE_BYTES, start_new_session=True,
            )  # fmt: skip
        except (OSError, NotPaired, ValueError) as why:
            return f"the broker for load management does not start: {why}"
        self.process = process
        try:
            last = await self._watch(process)
        finally:
            await _ended(process)
            self.process = None
        return f"the broker for load management has ended ({process.returncode}): {last}"

    async def _watch(self, process: Process) -> str:
        """Read what it says, so that it never waits for us; return the last complaint."""
        last = "it gave no reason"
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit
                continue
            if not line:
                return last
            text = line.decode(errors="replace").strip().partition(": ")[2]
            if text.endswith(" running"):
                self._say("")
            if text.startswith("Error"):
                last = text.removeprefix("Error: ")[:200]
                if "Address already in use" in last:
                    last = f"port {self.config.port} is taken by another program"

    def _say(self, why: str) -> None:
        if why != self._told:
            self._told = why
            self._tell(why)


def write(config: BrokerConfig) -> Path:
    """Write the broker's files; return the one to start it with; or raise."""
    assert UNIT_NAME.fullmatch(config.unit), f"{config.unit!r} cannot name a unit"
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    put(config.folder / ROOT, _certificate(config.keys / AUTHORITY), 0o600)
    extra = bridge_rights(config.bridges, config.unit, config.network)
    master = config.unit if config.uplink is None else None
    put(config.folder / RIGHTS, rights(master, config.network) + extra, 0o600)
    text = settings(config)
    if config.uplink is not None:
        root = config.folder / UPLINK_ROOT
        put(root, authority_of(config.uplink.keys), 0o600)
        text += uplink_settings(config.uplink, config.unit, config.network, root)
    put(config.folder / CONFIG, text, 0o600)
    return config.folder / CONFIG


def settings(config: BrokerConfig) -> str:
    """Return the content of mosquitto's configuration.

    Started by root, mosquitto would become another user, who may not read the keys.
    """
    broker = config.keys / BROKER
    return f"""\
{"user root" if os.geteuid() == 0 else ""}
pid_file {config.folder / PID}
log_dest stderr
log_type error
log_type information
persistence false
persistent_client_expiration 1h
allow_zero_length_clientid false
max_keepalive 60
max_packet_size {MAX_FRAME_BYTES + 1_024}
message_size_limit {MAX_FRAME_BYTES}
max_inflight_messages 20
max_queued_messages {CONNECTIONS_MAX}
max_queued_bytes {64 * MAX_FRAME_BYTES}
memory_limit {64 << 20}
retain_available false
sys_interval 0
listener {config.port} {config.address}
max_connections {CONNECTIONS_MAX}
max_qos 0
cafile {config.folder / ROOT}
certfile {broker}
keyfile {broker}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {config.folder / RIGHTS}
"""


def rights(master: str | None, network: int) -> str:
    """Return who may do what: `%u` is the name in the certificate.

    Where the master is behind a bridge, no unit may answer: what the bridge brings is not asked.
    """
    units = f"""\
pattern write dlm/{network}/ask/%u
pattern read dlm/{network}/answer/%u
pattern read dlm/{network}/master
"""
    if master is None:
        return units
    return f"""\
user {master}
topic read dlm/{network}/ask/+
topic write dlm/{network}/answer/+
topic write dlm/{network}/master
{units}"""


def _certificate(file: Path) -> str:
    """Return the certificate of a file without its key, which the broker is not to have."""
    return (
        "-----BEGIN CERTIFICATE-----" + file.read_text().partition("-----BEGIN CERTIFICATE-----")[2]
    )


def _beside_path() -> str | None:
    return shutil.which("mosquitto", path=os.pathsep.join(_PLACES))


def _end_orphan(folder: Path) -> None:
    """End a broker that an earlier life of the master has left behind: it holds the port."""
    with suppress(OSError, ValueError):
        pid = int((folder / PID).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if str(folder / CONFIG).encode() in command:
            os.kill(pid, signal.SIGKILL)
            (folder / PID).unlink()


async def _ended(process: Process) -> None:
    """Have it ended: it keeps nothing, and just after its start it does not heed SIGTERM."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
