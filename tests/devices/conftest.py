"""A played card reader on a pseudo terminal, as a board has it."""

import pytest

from tools.played.pn532 import EmulatedPn532


@pytest.fixture
def chip(tmp_path):
    chip = EmulatedPn532(tmp_path / "ttyAMA5")
    yield chip
    chip.unplug()
