"""Boots the virtual station and runs one command in it, as root, on the host's own files.

The guest sees every file of the host, read-only, and the checkout where it is; /tmp and /run are
RAM of its own. No process of it outlives `inside`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.uml.kernel import ROOT, Kernel, NoKernel, find

MEMORY_BYTES = 512 << 20
LONGEST_OUTPUT_BYTES = 4 << 20
DIE_WITH_PARENT = 1  # prctl(PR_SET_PDEATHSIG)
OUT = Path("/run/exchange/out")  # inside; the folder that `init` mounts
INIT = Path(__file__).with_name("init.py")
# found, not imported: lgpio leaves a pipe where it is imported
HAS_LIBRARIES = """
import importlib.util, sys
sys.exit(not all(map(importlib.util.find_spec, ("gpiozero", "lgpio", "spidev"))))
"""
Echo = Callable[[bytes], None] | None
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Result:
    """How a command inside ended; `code` is None where the limit, a panic or a reset ended it."""

    code: int | None
    was_reset: bool
    output: str
    boot_log: str
    wall_s: float

    @property
    def told(self) -> str:
        """Everything there is to read after a failure."""
        return f"exit code {self.code} after {self.wall_s:.1f} s\n{self.output}\n{self.boot_log}"


@dataclass(frozen=True, slots=True)
class Systemd:
    """What a machine with systemd has beside the host's files, by place.

    Text and mode of files; folders that are seen at another place.
    """

    files: Mapping[str, tuple[str, int]]
    binds: Mapping[str, str]


def python() -> Path:
    """Return the interpreter of an environment that has the drivers' libraries."""
    own = ROOT / ".venv-uml" / "bin" / "python"
    for each in (own, Path(sys.executable)):
        if each.exists() and subprocess.run([each, "-c", HAS_LIBRARIES]).returncode == 0:
            return each
    if own.exists():
        raise NoKernel(".venv-uml has no lgpio; `apt-get install python3-lgpio` ends this")
    raise NoKernel("no .venv-uml with spidev; `make uml` makes it")


def inside(
    command: Sequence[str],
    *,
    time_travel: bool = False,
    limit_s: float = 120,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    keep: Sequence[Path] = (),
    echo: Callable[[bytes], None] | None = None,
    systemd: Systemd | None = None,
    out: Path | None = None,
) -> Result:
    """Boot, run a command in `cwd`, power off; the limit is the host's time.

    The command's environment holds no variable of the host but those in `env`. Folders in `keep`
    that lie under /tmp or /run are seen inside, too. `echo` gets the output as it comes. With
    `systemd` the host's own is process 1, and the command a service of it. What the command leaves
    in `OUT` is copied to the folder `out`.
    """
    kernel = find()
    with tempfile.TemporaryDirectory(prefix="powerstation-uml-") as folder:
        exchange = Path(folder)
        places = [cwd, *keep]
        mode = "time-travel" if time_travel else "real-time"
        told = {"POWERSTATION_INSIDE": mode, **(env or {})}
        order = _order(kernel, command, places, told)
        order["exchange"] = folder
        if systemd is not None:
            order["systemd"] = {"binds": systemd.binds, "files": _rig(systemd, folder)}
        (exchange / OUT.name).mkdir()
        (exchange / "order.json").write_text(json.dumps(order))
        started_s = time.monotonic()
        output = _boot(kernel, exchange, time_travel, limit_s, echo)
        wall_s = time.monotonic() - started_s
        code_file, log = exchange / "code", exchange / "boot.log"
        word = code_file.read_text() if code_file.is_file() else ""
        boot_log = log.read_text(errors="replace")
        if out is not None:
            shutil.copytree(exchange / OUT.name, out, dirs_exist_ok=True)
    was_reset = word == "rebooted"
    code = None if was_reset or not word else int(word)
    return Result(code, was_reset, output, boot_log, wall_s)


def _rig(systemd: Systemd, exchange: str) -> dict[str, tuple[str, int]]:
    """Return the files of a machine that runs the order and nothing else of the host's."""
    python = Path(sys.executable).resolve()
    service = (
        "[Unit]\nAfter=basic.target\nRequires=basic.target\n"
        f"[Service]\nType=exec\nExecStart={python} -I {INIT} {exchange} serve\n"
        "StandardError=file:/dev/tty1\n"
    )
    target = "[Unit]\nRequires=rig.service\n"
    return {
        "/etc/fstab": ("", 0o644),
        "/etc/machine-id": ("0" * 31 + "1\n", 0o444),
        "/etc/systemd/system/rig.target": (target, 0o644),
        "/etc/systemd/system/rig.service": (service, 0o644),
        **systemd.files,
    }


def _order(
    kernel: Kernel, command: Sequence[str], places: list[Path], env: dict[str, str]
) -> dict[str, object]:
    python = Path(sys.executable)
    kept = [ROOT, python.parents[1], python.resolve().parents[1], *places]
    kept += [module.parent for module in kernel.modules]
    return {
        "command": [str(part) for part in command],
        "cwd": str(places[0]),
        "env": {
            "PATH": PATH,
            "HOME": "/tmp",
            "LG_WD": "/run",  # lgpio makes a pipe where it stands
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **env,
        },
        "keep": list(dict.fromkeys(str(path.absolute()) for path in kept)),
        "modules": [str(module) for module in kernel.modules],
    }


def _boot(kernel: Kernel, exchange: Path, time_travel: bool, limit_s: float, echo: Echo) -> str:
    arguments = [
        f"mem={MEMORY_BYTES >> 20}M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        f"dtb={kernel.tree}",
        f"uml_dir={exchange}/",
        "con=null",
        "con0=null,fd:2",
        "con1=null,fd:1",
        "ssl=null",
        "panic=-1",
        *(["time-travel=inf-cpu"] if time_travel else []),
        f"init={Path(sys.executable).resolve()}",
        "--",
        "-I",
        str(INIT),
        str(exchange),
    ]
    if any(" " in argument for argument in arguments):
        raise ValueError(f"the kernel's command line takes no blanks: {arguments}")
    with (exchange / "boot.log").open("wb") as log:
        process = subprocess.Popen(
            [kernel.linux, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env={"PATH": PATH, "HOME": str(exchange), "TMPDIR": str(_memory_folder(exchange))},
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        try:
            return _read_all(process, limit_s, echo)
        finally:
            # the kernel's own children are in its session; none of them may stay behind
            with process, contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _read_all(process: subprocess.Popen[bytes], limit_s: float, echo: Echo) -> str:
    assert process.stdout is not None
    last_s = time.monotonic() + limit_s
    output = bytearray()
    while (left_s := last_s - time.monotonic()) > 0:
        if not select.select([process.stdout], [], [], left_s)[0]:
            break
        chunk = os.read(process.stdout.fileno(), 65_536)
        if not chunk:
            process.wait(max(0.1, last_s - time.monotonic()))
            break
        output += chunk
        del output[:-LONGEST_OUTPUT_BYTES]
        if echo is not None:
            echo(chunk)
    return output.decode(errors="replace")


def _memory_folder(last: Path) -> Path:
    """Return a folder for the guest's memory: with room, and from which code may run."""
    for folder in (Path("/dev/shm"), Path("/tmp")):
        if folder.is_dir() and os.access(folder, os.W_OK) and _serves_as_memory(folder):
            return folder
    return last


def _serves_as_memory(folder: Path) -> bool:
    status = os.statvfs(folder)
    if status.f_bavail * status.f_frsize < MEMORY_BYTES:
        return False
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(mmap.PAGESIZE)
        try:
            mmap.mmap(file.fileno(), mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()
        except PermissionError:
            return False
    return True
