"""Devices are opened as the board file names them; what cannot be meant is a sentence."""

from pathlib import Path

import pytest

from hal.board import load_board
from hal.opening import NoDriver, open_station
from hal.ports import HardwareSilent
from hal.registers import load_map
from tools.played.meter import SerialMeter

BLUEPRINT = Path(__file__).parents[2] / "boards" / "_blueprint.toml"


def board(tmp_path, **changes):
    """Return the blueprint without ring and inputs, whose buses are not there on a laptop."""
    text = BLUEPRINT.read_text()
    text = text[: text.index("[led]")]
    for was, now in changes.values():
        assert was in text
        text = text.replace(was, now)
    path = tmp_path / "board.toml"
    path.write_text(text)
    return load_board(path)


def test_a_meter_on_a_serial_bus_is_read_by_the_map_that_the_board_names(tmp_path):
    bus = SerialMeter(tmp_path / "ttyAMA3", load_map("sdm630"))
    ports = open_station(board(tmp_path, meter=("/dev/ttyAMA3", str(bus.path))), tmp_path)
    assert ports.meters[1].read().energy_wh >= 0
    assert ports.led is None and ports.inputs is None
    with pytest.raises(HardwareSilent, match="reader 1"):
        ports.readers[1].poll(10)
    ports.close()
    bus.unplug()


@pytest.mark.parametrize(
    "change, told",
    [(('map = "sdm630"', 'map = "sdm999"'), "sdm999"), (("?unit=1", "?unit=900"), "900")],
)
def test_a_place_or_a_map_that_cannot_be_meant_is_told_with_the_board(tmp_path, change, told):
    with pytest.raises(NoDriver, match=told):
        open_station(board(tmp_path, change=change), tmp_path)
