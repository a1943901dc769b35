"""Boots the image in an emulated Pi, with the board that plays, and lets the station answer.

QEMU's Pi 3 has no firmware, no SPI answers, no input that moves and a watchdog that resets at
once: `UNSEEN` says what only a real board can show.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from tools.image.disk import MIB
from tools.image.image import Made
from tools.image.pi import CARD_TEXT
from tools.image.shop import FILES, LAST_LINES, ROOT, Failed, demand, run, tell

NEEDED = {"qemu-system-aarch64": "qemu-system-arm"}
CARD_MIB = 2048  # a power of two, as SD cards are for QEMU; larger than the image, so that it grows
BEGIN, END = "STATION-BEGINS", "STATION-ENDS"
WAIT_S = 1500.0
ASK = FILES / "ask.sh"
ASKING = "until [ -e /boot/station/ask.sh ]; do sleep 1; done; . /boot/station/ask.sh"
KERNEL_WORDS = (  # systemd's own way to run a line at boot; the image itself stays as it is
    "console=ttyAMA0,115200", "systemd.wants=kernel-command-line.service",
    "systemd.run_success_action=none", "systemd.run_failure_action=none",
    # what is timed for a Pi is not for a machine that is tens of times slower
    "systemd.default_timeout_start_sec=900", "systemd.service_watchdogs=0",
    "systemd.journald.forward_to_console=1",
    "systemd.mask=serial-getty@ttyAMA0.service",
    f'systemd.run="/bin/sh -c \'{ASKING}\'"',
)  # fmt: skip
UNSEEN = (
    "the GPU's firmware: config.txt, gpio=...=op,dl, autoboot.txt, tryboot, the boot of eMMC",
    "what arrives on a pin: inputs, SPI conversions, edges; the level of a pilot line",
    "the watchdog: QEMU's resets the machine at once, so the board that plays has none",
    "reader, meters, ring, Ethernet of a Pi 4; times: everything is tens of times slower here",
)


def try_image(made: Made) -> None:
    """Boot and ask; raise `Failed` with the last lines of the console."""
    demand(NEEDED)
    with tempfile.TemporaryDirectory(prefix="powerstation-boot-") as place:
        card = Path(place) / "card.img"
        run("cp", "--sparse=always", made.image, card)
        with card.open("r+b") as file:
            file.truncate(CARD_MIB * MIB)
        _as_a_person_would(card)
        first, took_s = boot(made, card)
        tell(f"first start, answered after {took_s:.0f} s:\n{first}")
        _judge(first)
        second, took_s = boot(made, card)
        tell(f"second start of the same card, answered after {took_s:.0f} s")
        _judge(second)
        names = [line for line in first.splitlines() if line.startswith("powerstation-sim-")]
        if not names or names[0] not in second:
            raise Failed(f"the second start has another name than {names}:\n{second}")
        shutil.copy(card.with_suffix(".log"), made.image.with_suffix(".console.log"))
    tell("what this cannot show:\n" + "\n".join(f"  - {line}" for line in UNSEEN))


def boot(made: Made, card: Path) -> tuple[str, float]:
    """Start the machine, return what it answered and after how long; its power is cut then."""
    words = (made.boot / "cmdline.txt").read_text().split()
    line = " ".join([*(w for w in words if w not in ("console=tty1", "quiet")), *KERNEL_WORDS])
    command = (
        "qemu-system-aarch64", "-M", "raspi3b", "-nographic", "-no-reboot", "-monitor", "none",
        "-serial", "stdio", "-kernel", str(made.boot / "vmlinuz"),
        "-initrd", str(made.boot / "initrd.img"), "-dtb", str(made.boot / "emulated.dtb"),
        "-drive", f"file={card},if=sd,format=raw", "-append", line,
    )  # fmt: skip
    began_s = time.monotonic()
    text = _console(command, card.with_suffix(".log"))
    return text, time.monotonic() - began_s


def _as_a_person_would(card: Path) -> None:
    """Put a board file on the card's first partition, as slow as it may be, and the questions."""
    text = CARD_TEXT.replace("board =\n", "board = mock\n")
    mock = (ROOT / "boards/mock.toml").read_text()
    slower = mock.replace("sampling_period_ms = 5", "sampling_period_ms = 20")
    for name, said in (("station.txt", text), ("board.toml", slower), ("ask.sh", ASK.read_text())):
        place = card.with_name(name)
        place.write_text(said)
        run("mcopy", "-o", "-i", f"{card}@@1M", place, f"::{name}")


def _console(command: tuple[str, ...], log: Path) -> str:
    """Run a machine until it has answered; return the answers."""
    said = bytearray()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as machine:
        assert machine.stdout is not None
        try:
            _listen(machine.stdout, said, log)
        finally:
            machine.kill()
    text = said.decode(errors="replace").replace("\r", "")
    if END not in text:
        last = "\n".join(text.splitlines()[-LAST_LINES:])
        raise Failed(f"the machine did not answer within {WAIT_S:g} s; it said last:\n{last}")
    return text.split(BEGIN)[1].split(END)[0].strip()


def _listen(console: IO[bytes], said: bytearray, log: Path) -> None:
    until_s = time.monotonic() + WAIT_S
    while END.encode() not in said and time.monotonic() < until_s:
        ready, _, _ = select.select([console], [], [], 5.0)
        part = os.read(console.fileno(), 65536) if ready else b""
        if ready and not part:
            return
        said += part
        log.write_bytes(said)


def _judge(answers: str) -> None:
    """A station that plays answers, says so, and lives on a root that nobody can write to."""
    wanted = {
        "SIMULATED STATION, board mock": "`powerstation status` does not say that it plays",
        "Available": "no outlet is available",
        "/ /dev/mmcblk0p3 ext4 ro": "the root is not read-only",
        "Read-only file system": "the root could be written to",
        "PWM reads back 266 permille": "the pilot's sandbox does not let it drive",
    }
    wrong = [sentence for word, sentence in wanted.items() if word not in answers]
    if "as small as it was" in answers:
        wrong.append("the data did not grow to the card's size")
    if wrong:
        raise Failed("\n".join([*wrong, answers]))
