"""What a Pi reads before Linux: config.txt, cmdline.txt, autoboot.txt, and merged device trees.

Debian's kernel knows no overlays at run time, so boards/overlays are merged here. The pins that
config.txt pulls low come out of the board files.
"""

from __future__ import annotations

from pathlib import Path

from hal.board import load_board
from tools.board_page import output_pins
from tools.image.shop import FILES, ROOT, demand, run

OVERLAYS = ROOT / "boards" / "overlays"
EMULATED_OVERLAY = FILES / "emulated.dts"
NEEDED = {"dtc": "device-tree-compiler", "fdtoverlay": "device-tree-compiler"}
TREES = {  # board: the model's filter in config.txt, and the kernel's tree of that model
    "pi4_single": ("pi4", "bcm2711-rpi-4-b.dtb"),
    "cm4_dual": ("cm4", "bcm2711-rpi-cm4-io.dtb"),
}
KERNEL_WORDS = (
    "console=tty1",  # the serial port is the card reader's
    "pinctrl_bcm2835.persist_gpio_outputs=n",  # a dead owner's outputs become inputs
    "panic=10",
    "quiet",
)
SLOTS = {"a": 1, "b": 2}  # the partition that a slot boots from
CARD_TEXT = """\
# Read at the first start of this station, with an editor of any computer.
#
# Which board is it? One of: cm4_dual pi4_single mock
# mock plays a station: no pin is driven, no car is charged, and it says so everywhere.
# A board file of your own goes beside this file, as board.toml, and wins.
board =
#
# SSH stays off. With a file authorized_keys beside this one, root may come in with those keys.
"""


def config_txt(boards: tuple[str, ...] = tuple(TREES)) -> str:
    """Return config.txt: which tree for which model, and outputs low before Linux is there."""
    lines = ["# made from boards/*.toml by tools/image/pi.py", "arm_64bit=1", "upstream_kernel=1",
             "kernel=vmlinuz", "initramfs initrd.img followkernel", "disable_splash=1"]  # fmt: skip
    for name in boards:
        pins = ",".join(map(str, sorted(output_pins(load_board(ROOT / f"boards/{name}.toml")))))
        model, _ = TREES[name]
        lines += [f"[{model}]", f"device_tree={name}.dtb", f"gpio={pins}=op,dl"]
    return "\n".join([*lines, "[all]"]) + "\n"


def cmdline_txt(slot: str) -> str:
    """Return the one line of the kernel for a slot."""
    return " ".join([f"powerstation.slot={slot}", *KERNEL_WORDS]) + "\n"


def autoboot_txt(good: str) -> str:
    """Return which slot is started, and which one once, after `reboot '0 tryboot'`."""
    other = next(slot for slot in SLOTS if slot != good)
    both = (("all", "tryboot_a_b=1", good), ("tryboot", "", other))
    lines = [(f"[{name}]", more, f"boot_partition={SLOTS[slot]}") for name, more, slot in both]
    return "".join(f"{line}\n" for group in lines for line in group if line)


def merge(tree: Path, overlay: Path, out: Path) -> None:
    """Merge an overlay's source into a kernel's tree; raise `Failed` with what dtc says."""
    demand(NEEDED)
    compiled = out.with_suffix(".dtbo")
    run("dtc", "-@", "-q", "-I", "dts", "-O", "dtb", "-i", OVERLAYS, "-o", compiled, overlay)
    run("fdtoverlay", "-i", tree, "-o", out, compiled)
    compiled.unlink()
