"""What a Pi reads before Linux fits what the board files say."""

import re
import subprocess

import pytest

from hal.board import load_board
from tools.board_page import output_pins
from tools.image import pi
from tools.image.shop import Failed


def section(text, name):
    return re.search(rf"^\[{name}\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S)[1]


def board(repository, name):
    return load_board(repository / f"boards/{name}.toml")


@pytest.mark.parametrize("name", pi.TREES)
def test_every_output_of_a_board_is_low_before_linux_is_there(repository, name):
    text = section(pi.config_txt(), pi.TREES[name][0])
    pins = re.search(r"^gpio=([\d,]+)=op,dl$", text, re.M)[1]
    assert {int(pin) for pin in pins.split(",")} == output_pins(board(repository, name))
    assert f"device_tree={name}.dtb" in text


def test_a_compute_module_reads_the_lines_of_a_pi_4_too_and_may(repository):
    """Its firmware takes [pi4] for itself as well: what is pulled low there must be an output."""
    outputs = [output_pins(board(repository, name)) for name in ("pi4_single", "cm4_dual")]
    assert outputs[0] <= outputs[1]
    text = pi.config_txt()
    assert text.index("[pi4]") < text.index("[cm4]") < text.index("[all]")


def test_a_dead_owner_leaves_no_pin_driven_and_the_serial_port_is_the_readers():
    words = pi.cmdline_txt("a").split()
    assert "pinctrl_bcm2835.persist_gpio_outputs=n" in words
    assert [word for word in words if word.startswith("console=")] == ["console=tty1"]


def test_each_slot_is_tried_from_the_other():
    texts = {slot: pi.autoboot_txt(slot) for slot in pi.SLOTS}
    for slot, other in (("a", "b"), ("b", "a")):
        assert f"boot_partition={pi.SLOTS[slot]}" in section(texts[slot], "all")
        assert "tryboot_a_b=1" in section(texts[slot], "all")
        assert f"boot_partition={pi.SLOTS[other]}" in section(texts[slot], "tryboot")


@pytest.mark.parametrize("name", pi.TREES)
@pytest.mark.needs_dtc
def test_an_overlay_compiles_and_takes_no_pin_that_is_a_line_of_its_board(
    repository, tmp_path, name
):
    out = tmp_path / "out.dtbo"
    words = ["-@", "-I", "dts", "-O", "dtb", "-i", str(pi.OVERLAYS), "-o", str(out)]
    done = subprocess.run(
        ["dtc", *words, str(pi.OVERLAYS / f"{name}.dts")], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dts", str(out)], capture_output=True, text=True
    ).stdout
    taken = {int(n, 16) for found in re.findall(r"brcm,pins = <([^>]+)>", shown)
             for n in found.split()}  # fmt: skip
    uarts = {"uart0-gpio14": {14, 15}, "uart3-gpio4": {4, 5}}
    taken |= set().union(*(pins for label, pins in uarts.items()
                           if label.replace("-", "_") in shown))  # fmt: skip
    profile = board(repository, name)
    lines = {p for o in profile.outlets for p in o.pins.values() if isinstance(p, int)}
    lines |= {p for p in profile.input_pins.values() if isinstance(p, int)}
    assert {12, 9, 10, 11, 14, 15, 19, 20, 21} <= taken
    assert taken & lines == set()


@pytest.mark.parametrize("name", pi.TREES)
def test_an_overlay_gives_every_device_that_the_board_file_names(repository, name):
    source = "".join((pi.OVERLAYS / f).read_text() for f in ("station.dtsi", f"{name}.dts"))
    profile = board(repository, name)
    named = {str(p) for o in profile.outlets for p in o.pins.values() if isinstance(p, str)}
    buses = {re.match(r"spi(\d+)", n)[1] for n in named if n.startswith("spi")}
    buses |= {re.match(r"spi(\d+)", profile.led.device)[1]}
    assert buses == set(re.findall(r"\bspi(\d) = \"/soc", source))
    ports = {m.device.split("?")[0] for m in profile.meters} | {profile.readers[0].device}
    amba = {re.search(r"ttyAMA(\d)", port)[1] for port in ports if "ttyAMA" in port}
    assert amba == set(re.findall(r"\bserial(\d) = \"/soc", source))
    assert {n for n in named if n.startswith("pwm")} <= {"pwmchip0/0", "pwmchip0/1"}


@pytest.mark.needs_dtc
def test_an_overlay_is_merged_and_a_missing_tree_is_told(tmp_path):
    base = tmp_path / "base.dts"
    labels = ("gpio", "pwm", "pwm1", "spi", "spi6", "bt", "uart0", "uart1", "i2c1")
    nodes = "".join(f"{label}: {label} {{ }};\n" for label in labels)
    pins = "uart0_gpio14: p14 { };"
    base.write_text(f"/dts-v1/; / {{ aliases {{ }}; {nodes} {pins} }};")
    tree, out = tmp_path / "base.dtb", tmp_path / "out.dtb"
    compile_it = ["dtc", "-@", "-q", "-I", "dts", "-O", "dtb", "-o", str(tree), str(base)]
    subprocess.run(compile_it, check=True)
    pi.merge(tree, pi.OVERLAYS / "pi4_single.dts", out)
    shown = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(out)],
                           capture_output=True, text=True).stdout  # fmt: skip
    assert 'spi6 = "/soc/spi@7e204c00"' in shown and "rohm,dh2228fv" in shown
    with pytest.raises(Failed):
        pi.merge(tmp_path / "absent.dtb", pi.OVERLAYS / "pi4_single.dts", out)
