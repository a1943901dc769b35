"""Box files: the blueprint loads, and every mistake of another is told at once."""

import subprocess
import sys

import pytest

from tools.bench.boxfile import BoxErrors, load_box
from tools.bench.relays import ORDER


def test_the_blueprint_has_all_but_one_relay_and_no_line_that_is_pulled_up(repository):
    box = load_box(repository / "tools/bench/box.toml")
    outlet = box.outlets[0]
    assert set(outlet.relays) == set(ORDER) - {"switch_break"}
    driven = [*outlet.relays.values(), *outlet.dc.values(), *outlet.ac.values()]
    assert all(9 < line <= 27 for line in driven)  # pulled down when the Pi gets its power


def test_every_mistake_in_a_box_file_is_told_with_its_place(tmp_path):
    bad = tmp_path / "box.toml"
    bad.write_text(
        'name = "x"\n[adc]\nchip = "mcp9"\ncp_uv_per_count = 1\ncp_offset_mv = 0\n[[outlet]]\n'
        '[outlet.relays]\nc = 5\nd = 5\nwings = 6\npp_220 = "a"\n[outlet.residual_dc_ma]\nx = 7\n'
    )
    with pytest.raises(BoxErrors) as caught:
        load_box(bad)
    text = str(caught.value)
    for part in (
        '"mcp9" is not known', "gpio5 is already held by outlet 1 relays.c", "relays.wings",
        "'a' is no line", "residual_dc_ma.x: is no current", "relays.car: is missing",
    ):  # fmt: skip
        assert part in text, text


@pytest.mark.parametrize("arguments, sentence", [
    (("--box", "nowhere.toml", "--tcp", "127.0.0.1:0"), "cannot be read"),
    (("--box", "tools/bench/box.toml"), "say where to listen"),
    (("--box", "tools/bench/box.toml", "--tcp", "1.2.3.4:5"), "--tcp 1.2.3.4:5: the bench"),
    (("--box", "{there}", "--tcp", "127.0.0.1:0"), "gpiochip9"),
])  # fmt: skip
def test_the_program_says_in_a_sentence_why_it_cannot_start(
    repository, tmp_path, arguments, sentence
):
    there = tmp_path / "box.toml"  # on a chip that no machine has: this may run on a Pi
    text = (repository / "tools/bench/box.toml").read_text()
    there.write_text(text.replace("chip = 0", "chip = 9"))
    arguments = [argument.format(there=there) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", *arguments],
        cwd=repository, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert sentence in done.stderr
