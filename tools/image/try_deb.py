"""Installs a package in an emulated root, starts its services by hand, asks, upgrades, removes.

What systemd itself does with the units is not shown here: the chroot has no systemd running.
"""

from __future__ import annotations

import re
import shlex
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tools.image.chroot import Inside
from tools.image.deb import UNITS, Package
from tools.image.releases import Release
from tools.image.roots import emulated, hand_in, unpack
from tools.image.shop import Failed, tell

T = TypeVar("T")
READY_S = 240.0  # emulated, on a busy machine; a Pi takes a second or two
IMPORTS = (
    "import importlib.metadata as m, platform, lgpio, spidev, serial, nfc, usb1, pymodbus;"
    "import gpiozero.pins.lgpio, hal.drivers.pins_board, hal.drivers.pn532, hal.drivers.ws2812;"
    "print(platform.python_version(), platform.machine(), lgpio.get_module_version(), "
    "*(f'{n} {m.version(n)}' for n in ('lgpio', 'spidev', 'pydantic', 'nfcpy')))"
)
FROM_UNIT = re.compile(r"^ExecStart=(.*)$", re.M)


def try_package(release: Release, package: Package) -> None:
    """Show that a package does what it must; raise `Failed` at the first thing that it does not."""
    emulated()
    with tempfile.TemporaryDirectory(prefix="powerstation-try-") as place:
        root = unpack(release, Path(place) / "root")
        inside = Inside(root, Path(place) / "outside")
        install = ("apt-get", "-qq", "-y", "install", *hand_in(inside, release, package.file))
        _timed(release, "installed", lambda: inside.run(*install))
        tell(f"{release.codename}: {package.file.stat().st_size / 2**20:.1f} MiB package, "
             f"{_used_mib(root / 'opt/powerstation'):.0f} MiB in /opt/powerstation")  # fmt: skip
        _without_board(inside)
        _first_boot(release, inside)
        tell(f"{release.codename}: {_timed(release, 'imports', lambda: _python(inside)).strip()}")
        _a_station(release, inside)
        _a_real_board(inside)
        _kept(inside, install)
    tell(f"{release.codename}: the package does what it must")


def exec_start(root: Path, unit: str) -> list[str]:
    """Return what the installed unit starts."""
    text = (root / UNITS / f"powerstation-{unit}.service").read_text()
    return shlex.split(FROM_UNIT.findall(text)[0])


def _without_board(inside: Inside) -> None:
    said = inside.run("powerstation", "status", check=False)
    _expect("no board is chosen" in said, f"without a board `status` says: {said}")


def _first_boot(release: Release, inside: Inside) -> None:
    words = exec_start(inside.root, "firstboot")
    first, second = inside.run(*words), inside.run(*words)
    _expect("made identity" in first and "made device.key" in first, f"first boot: {first}")
    _expect("made" not in second, f"the second boot makes something again: {second}")
    key = (inside.root / "etc/powerstation/device.key").read_text().strip()
    _expect(key not in first + second, "the first boot prints the secret")
    _expect(len(key) == 64, "the secret is too short")
    listed = inside.run("stat", "-c", "%A %U:%G %n", "/etc/powerstation", "/var/lib/powerstation",
                        "/etc/powerstation/device.key", "/etc/powerstation/identity")  # fmt: skip
    tell(f"{release.codename}: first boot:\n{listed.rstrip()}")


def _python(inside: Inside) -> str:
    return inside.run(
        "sh", "-c", f"cd /tmp && /opt/powerstation/bin/python3 -c {shlex.quote(IMPORTS)}"
    )


def _a_station(release: Release, inside: Inside) -> None:
    inside.run("powerstation", "board", "mock")
    lines = {name: exec_start(inside.root, name) for name in ("world", "pilotd", "stationd")}
    # RuntimeDirectory= is systemd's; each command has a /run of its own here
    for name in ("pilotd", "stationd"):
        lines[name] = [
            w.replace("/run/powerstation/", "/var/lib/powerstation/").replace(
                "/run/powerstation-web/", "/var/lib/powerstation/"
            )
            for w in lines[name]
        ]
    with inside.daemons(lines, READY_S) as ready_s:
        tell(f"{release.codename}: ready after "
             + ", ".join(f"{name} {took_s:.1f} s" for name, took_s in ready_s.items()))  # fmt: skip
        for words in (["status"], ["why", "1"], ["board"]):
            said = _timed(release, f"powerstation {words[0]}",
                          lambda words=words: inside.run("powerstation", *words))  # fmt: skip
            tell(f"{release.codename}: powerstation {' '.join(words)}\n{said.rstrip()}")
            _expect(words != ["status"] or "Available" in said, "no outlet is available")
            _expect(words != ["status"] or "SIMULATED" in said, "it does not say that it plays")


def _a_real_board(inside: Inside) -> None:
    """A real board file in a place without its pins: sentences, and nothing else."""
    inside.run("powerstation", "board", "pi4_single")
    places = "--board /etc/powerstation/board.toml --state /var/lib/powerstation"
    said = inside.run("sh", "-c", f"cd /tmp && powerstation selftest {places}", check=False)
    _expect("Traceback" not in said and "gpio" in said, f"selftest: {said}")
    tell(f"selftest of pi4_single, where there are no pins:\n{said.rstrip()}")


def _kept(inside: Inside, install: tuple[str, ...]) -> None:
    """An upgrade keeps what a station is; a removal too; a purge does not."""
    etc, state = inside.root / "etc/powerstation", inside.root / "var/lib/powerstation"
    before = {p.name: p.read_bytes() for p in etc.iterdir() if p.is_file()}
    inside.run(*install, "--reinstall")
    after = {p.name: p.read_bytes() for p in etc.iterdir() if p.is_file()}
    _expect(before == after, f"an upgrade changed /etc/powerstation: {sorted(after)}")
    inside.run("apt-get", "-qq", "-y", "remove", "powerstation")
    _expect((etc / "board.toml").exists(), "a removal took the board file")
    _expect((state / "station.db").exists(), "a removal took the state")
    _expect(not (inside.root / "opt/powerstation").exists(), "a removal left /opt/powerstation")
    inside.run("apt-get", "-qq", "-y", "purge", "powerstation")
    _expect(not etc.exists() and not state.exists(), "a purge left something")
    tell("upgrade and removal keep /etc/powerstation and the state, a purge takes them")


def _timed(release: Release, what: str, work: Callable[[], T]) -> T:
    began_s = time.monotonic()
    result = work()
    tell(f"{release.codename}: {what}: {time.monotonic() - began_s:.1f} s")
    return result


def _used_mib(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise Failed(otherwise)
