"""The page of the boards, made from their files: header drawn, lines, config.txt, interlocks."""

from __future__ import annotations

from pathlib import Path

from hal.board import BoardProfile, load_board
from hal.section import Pin

BOARDS = Path(__file__).parent.parent / "boards"
OUTPUTS = frozenset({
    "contactor", "deadman", "one_phase", "lock_forward", "lock_backward", "residual_test",
    "cp_connect", "ventilation",
})  # fmt: skip
HEADER = (  # the 40 pins of a Pi, left and right, by GPIO or by what is fixed there
    ("3V3", "5V"), (2, "5V"), (3, "GND"), (4, 14), ("GND", 15), (17, 18), (27, "GND"), (22, 23),
    ("3V3", 24), (10, "GND"), (9, 25), (11, 8), ("GND", 7), (0, 1), (5, "GND"), (6, 12),
    (13, "GND"), (19, 16), (26, 20), ("GND", 21),
)  # fmt: skip
FIXED = {
    8: "SPI0 CE0", 9: "SPI0 MISO", 10: "SPI0 MOSI", 11: "SPI0 SCLK", 12: "PWM0 CP 1",
    13: "PWM1 CP 2", 14: "UART TX (reader)", 15: "UART RX (reader)", 18: "SPI6 CE0 (ring)",
    19: "SPI6 MISO (ring)", 20: "SPI6 MOSI (ring)", 21: "SPI6 SCLK (ring)",
}  # fmt: skip

HEAD = """
What a board must do without a program: every contactor line is pulled low, the sensor's fault
output and the deadman gate the coil, and the pilot rests at +12 V. A line that is cut reads as the
worse of its two meanings: the mirror contact is closed while the poles are open, the sensor holds
its line low while all is well, the auxiliary contacts of breakers are closed while they are on;
each has a pull-up of 10 kOhm on the board. The end switches of a lock close to ground.

Lines go through gpiozero, with a factory that the board file names; there is no second choice.
`gpiod` is ours, over libgpiod: no thread, edges by a descriptor. `lgpio` is gpiozero's own; its
library runs a thread that wakes 2,000 times a second in the safety process. `rpigpio` is there for
boards where RPi.GPIO works at all: it does not on Debian's kernel (no /dev/gpiomem), not on a
Pi 5, and its edges are broken from kernel 6.6 on. Where it does not load, the station says so and
does not start. rpi-lgpio stands in for it under its name and may never be installed beside it, so
it has a lock and an environment of its own (`make .venv-rpigpio/ready`). What is proved, with it
and on the simulated chip (`tests/gpiosim/rpigpio`): an output is low at first and drives its line,
also one beyond the header; an input is read; an edge wakes the pilot; a released line is low and
can be had again; a held one is refused. RPi.GPIO itself maps the chip's memory and was never run
by us: on a Pi 4 with an older Raspberry Pi OS, `factory = "rpigpio"` and `powerstation selftest`
prove it there.

`config.txt` on Raspberry Pi OS (the image of this project has the same in its device trees, made
from `boards/overlays/*.dts`):

    dtparam=spi=on
    dtoverlay=spi6-1cs
    dtoverlay=disable-bt
    dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4   (cm4_dual)
    dtoverlay=pwm,pin=12,func=4                         (pi4_single)
    dtparam=strict_gpiod
    {gpio}

`cmdline.txt`: `pinctrl_bcm2835.persist_gpio_outputs=n`, so that outputs are released when their
owner dies. Without it a dead process leaves its contactor driven: the deadman is what opens then.
"""


def page_lines() -> list[str]:
    """Return the page without its title."""
    lines: list[str] = []
    outputs: set[int] = set()
    for path in sorted(BOARDS.glob("*.toml")):
        board = load_board(path)
        if board.simulated or path.stem.startswith("_"):
            continue
        outputs |= output_pins(board)
        lines += _board(board, path.read_text().split("\nname = ")[0])
    gpio = "gpio=" + ",".join(str(pin) for pin in sorted(outputs)) + "=op,dl"
    return [HEAD.strip().format(gpio=gpio), "", *lines]


def output_pins(board: BoardProfile) -> set[int]:
    """Return the lines that a board drives: low until a program says otherwise."""
    return {pin for name, pin in _held(board) if name.split()[-1] in OUTPUTS}


def _held(board: BoardProfile) -> list[tuple[str, int]]:
    of_outlets = [(f"outlet {o.number} {use}", pin) for o in board.outlets
                  for use, pin in o.pins.items()]  # fmt: skip
    of_inputs = [(f"input {use}", pin) for use, pin in board.input_pins.items()]
    return [(use, pin) for use, pin in of_outlets + of_inputs if isinstance(pin, int)]


def _board(board: BoardProfile, comment: str) -> list[str]:
    said = " ".join(line.lstrip("# ") for line in comment.splitlines())
    holders = {pin: use for use, pin in _held(board)}
    lines = [f"## {board.name}", "", said, "", f"Interlocks: {board.interlocks.text}.", ""]
    lines += ["| what | pin | | pin | what |", "|---:|---:|---|---|---|"]
    for number, (left, right) in enumerate(HEADER):
        one, two = 2 * number + 1, 2 * number + 2
        lines.append(f"| {_what(left, holders)} | {one} | o o | {two} | {_what(right, holders)} |")
    beyond = {pin: use for pin, use in holders.items() if pin > 27}
    if beyond:
        lines += ["", "| line of the module | what |", "|---|---|"]
        lines += [f"| GPIO{pin} | {use} |" for pin, use in sorted(beyond.items())]
    lines += ["", "| part | where |", "|---|---|"]
    for outlet in board.outlets:
        named: list[tuple[str, Pin]] = [(u, p) for u, p in outlet.pins.items() if type(p) is str]
        lines += [f"| outlet {outlet.number} {use} | {pin} |" for use, pin in named]
    lines += [f"| {m.name} ({m.driver}, {m.map}) | {m.device} |" for m in board.meters]
    lines += [f"| reader {r.number} ({r.driver}) | {r.device} |" for r in board.readers]
    if board.led is not None:
        lines.append(f"| ring of {board.led.count} ({board.led.driver}) | {board.led.device} |")
    return [*lines, ""]


def _what(pin: int | str, holders: dict[int, str]) -> str:
    if isinstance(pin, str):
        return pin
    return f"GPIO{pin} {holders.get(pin, FIXED.get(pin, '-'))}"
