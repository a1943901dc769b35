"""A station for each case of the certification list, prepared as a laboratory would."""

from dataclasses import replace

import pytest

from hal.board import load_board
from tests.oca.octt import Octt


@pytest.fixture
def octt(repository):
    """Return a starter of booted stations, also `tethered`; texts are settings."""
    started = []

    def start(kind="", **texts):
        profile = load_board(repository / "boards" / "mock.toml")
        if kind == "tethered":
            outlets = tuple(replace(o, tethered=True, lock=False) for o in profile.outlets)
            profile = replace(profile, outlets=outlets)
        started.append(Octt(profile, **texts))
        return started[-1].boot()

    yield start
    for one in started:
        one.close()
