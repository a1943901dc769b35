"""The station's thread of the digital inputs: every change, and when they cannot be read."""

import asyncio

import pytest

from firmware.apps.devices import inputs
from firmware.model.devices import InputChanged, InputsAnswered, InputsSilent
from hal.board import load_board
from hal.ports import HardwareSilent


class Levels:
    """An input port that shows one set of levels after another, and the last for ever."""

    def __init__(self, *looks):
        self.looks = list(looks)

    def read(self):
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if look is None:
            raise HardwareSilent("input ext1 (gpio2): no level")
        return look


def told(count, *looks):
    """Return the first facts that these looks make, without their times."""

    async def collect():
        facts = asyncio.Queue()
        thread = inputs(Levels(*looks), facts.put_nowait, asyncio.get_running_loop())
        thread.start()
        found = [await asyncio.wait_for(facts.get(), 30) for _ in range(count)]
        thread.finish()
        await asyncio.to_thread(thread.join)
        return found

    return [
        (fact.name, fact.active) if isinstance(fact, InputChanged) else type(fact)
        for fact in asyncio.run(collect())
    ]


def test_every_change_is_told_once_and_what_was_never_active_is_not():
    on, off = {"ext1": True, "ext2": False}, {"ext1": False, "ext2": False}
    assert told(2, off, on, on, off) == [("ext1", True), ("ext1", False)]


@pytest.mark.covers("B-DLM-28")
def test_silence_is_told_once_and_what_changed_meanwhile_before_its_end():
    on = {"ext1": True}
    assert told(3, {"ext1": False}, None, None, on) == [
        InputsSilent, ("ext1", True), InputsAnswered
    ]  # fmt: skip


@pytest.mark.covers("B-DLM-28")
@pytest.mark.parametrize(
    "board, there",
    [
        ("cm4_dual", ("ext1", "ext2")),
        ("gpiosim", ("ext1", "ext2")),
        ("mock", ("ext1", "ext2")),
        ("pi4_single", ("ext1",)),
    ],
)
def test_which_board_has_which_external_inputs(repository, board, there):
    profile = load_board(repository / "boards" / f"{board}.toml")
    assert tuple(name for name in profile.inputs if name.startswith("ext")) == there
    wired = profile.input_driver == "world" or set(there) <= set(profile.input_pins)
    assert wired
