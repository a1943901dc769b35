"""Process 1 of the virtual station: mounts, modules, one command, power off.

Runs inside the kernel, on the standard library alone and without any program of the host. The
host's files are seen read-only; scratch is RAM; the folder `exchange` carries the order in and
the exit code out. A machine that comes back from a reset tells so and runs nothing.

Where the order has files and units, the host's systemd becomes process 1, on a root of its own
that forgets what is written, and this program runs the command as the service `rig`.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import termios
import traceback
from pathlib import Path

READ_ONLY, BIND, MOVE = 1, 4_096, 8_192
POWER_OFF = 0x4321FEDC
FINIT_MODULE = 313  # x86-64; there is no other host for User-Mode Linux
SET_TIMER_SLACK = 29
SET_FLAGS, UP_AND_RUNNING = 0x8914, 0x41
SCRATCH = ("/run", "/tmp", "/var/tmp", "/dev/shm")
EXCHANGE = Path("/run/exchange")
REBOOTED = "rebooted"
LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Do as ordered, then switch the machine off, whatever happens."""
    code = "125"
    try:
        if sys.argv[2:] == ["serve"]:
            order = json.loads((EXCHANGE / "order.json").read_text())
            code = str(_run(order))
        else:
            order = _prepare(Path(sys.argv[1]))
            if _booted_before():
                code = REBOOTED
            elif "systemd" in order:
                _become_systemd(order)
            else:
                code = str(_run(order))
    except BaseException:  # noqa: BLE001 - the end of process 1 would be a kernel panic
        traceback.print_exc()
    try:
        (EXCHANGE / "code").write_text(code)
    finally:
        os.sync()
        LIBC.reboot(POWER_OFF)


def _prepare(exchange: Path) -> dict:
    _mount("proc", "/proc")
    _mount("sysfs", "/sys")
    _mount("debugfs", "/sys/kernel/debug")
    _mount("configfs", "/sys/kernel/config")
    order = json.loads((exchange / "order.json").read_text())
    os.makedirs("/dev/pts", exist_ok=True)  # noqa: PTH103 - devtmpfs
    os.makedirs("/dev/shm", exist_ok=True)  # noqa: PTH103
    _mount("devpts", "/dev/pts")
    for place in SCRATCH:
        if Path(place).is_dir():
            _mount("tmpfs", place)
    # what scratch has covered is mounted again where it was
    for kept in order["keep"]:
        if kept.startswith(tuple(f"{place}/" for place in SCRATCH)):
            _mount("hostfs", kept, READ_ONLY, kept)
    _mount("hostfs", str(EXCHANGE), 0, str(exchange))
    if order["env"]["POWERSTATION_INSIDE"] == "time-travel":
        # who sleeps with slack is woken early by whatever else ticks, and that is drawn at random
        LIBC.prctl(SET_TIMER_SLACK, 1)
    socket.sethostname("station")
    _loopback()
    for module in order["modules"]:
        _load(module)
    return order


def _booted_before() -> bool:
    mark = EXCHANGE / "booted"
    before = mark.exists()
    mark.touch()
    os.sync()
    return before


def _mount(kind: str, place: str, flags: int = 0, options: str = "") -> None:
    if kind in ("tmpfs", "hostfs"):
        Path(place).mkdir(parents=True, exist_ok=True)
    if LIBC.mount(kind.encode(), place.encode(), kind.encode(), flags, options.encode()):
        raise OSError(ctypes.get_errno(), f"mount {kind} on {place}")


def _become_systemd(order: dict) -> None:
    """Never returns: systemd goes on with a root that lies over the host's."""
    for name in ("upper", "work", "root"):
        Path(f"/run/rig/{name}").mkdir(parents=True)
    root = "/run/rig/root"
    layers = "lowerdir=/,upperdir=/run/rig/upper,workdir=/run/rig/work"
    _mount("overlay", root, 0, layers)
    for place in ("/run", "/tmp", "/var/tmp", "/etc/systemd/system"):
        _mount("tmpfs", f"{root}{place}")
    for kept in order["keep"]:
        if kept.startswith(tuple(f"{place}/" for place in SCRATCH)):
            _mount("hostfs", f"{root}{kept}", READ_ONLY, kept)
    _mount("hostfs", f"{root}{EXCHANGE}", 0, order["exchange"])
    for place, source in order["systemd"]["binds"].items():
        Path(f"{root}{place}").mkdir(parents=True, exist_ok=True)
        _call_mount(f"{root}{source}", f"{root}{place}", "", BIND)
    for place, (text, mode) in order["systemd"]["files"].items():
        file = Path(f"{root}{place}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
    for place in ("/dev", "/proc", "/sys"):
        _call_mount(place, f"{root}{place}", "", MOVE)
    os.chdir(root)
    _call_mount(".", "/", "", MOVE)
    os.chroot(".")
    words = ["systemd", "--unit=rig.target", "--show-status=0", "--log-target=kmsg"]
    os.execve("/lib/systemd/systemd", words, {"PATH": order["env"]["PATH"]})


def _call_mount(source: str, place: str, kind: str, flags: int) -> None:
    if LIBC.mount(source.encode(), place.encode(), kind.encode(), flags, None):
        raise OSError(ctypes.get_errno(), f"mount {source} on {place}")


def _loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SET_FLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))


def _load(module: str) -> None:
    with open(module, "rb") as image:  # noqa: PTH123
        if LIBC.syscall(FINIT_MODULE, image.fileno(), b"", 0):
            raise OSError(ctypes.get_errno(), f"loading {module}")


def _run(order: dict) -> int:
    line = _raw_line("/dev/tty1")
    child = subprocess.Popen(
        order["command"],
        cwd=order["cwd"],
        env=order["env"],
        stdin=subprocess.DEVNULL,
        stdout=line,
        stderr=line,
        start_new_session=True,
    )
    while True:  # process 1 also buries what others leave behind
        pid, status = os.wait()
        if pid == child.pid:
            return os.waitstatus_to_exitcode(status)


def _raw_line(device: str) -> int:
    line = os.open(device, os.O_RDWR | os.O_NOCTTY)
    settings = termios.tcgetattr(line)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    termios.tcsetattr(line, termios.TCSANOW, settings)
    return line


main()
