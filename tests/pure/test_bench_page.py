"""The bench page: what a key asks for, and what is drawn in 80 columns and 24 lines."""

import pytest
from rich.console import Console

from firmware.apps.bench_page import KEYS, View, line, picture, request, undo

RIG = {
    "rig": "wire", "board": "mock", "outlets": [1, 2], "inputs": ["mcb_1", "spd"],
    "verbs": ["plug", "unplug", "car", "residual", "contactor", "lock", "swipe", "input"],
}  # fmt: skip
SEEN = {
    "outlet": 1, "cp_high_mv": 6_000, "cp_low_mv": -12_000, "pp_ohm": 220, "duty_permille": 533,
    "frequency_mhz": 1_000_000, "contactor_closed": True, "locked": True,
    "currents_ma": [31_980, 31_980, 31_980], "energy_wh": 123_456,
    "car": {"state": "C", "manner": "no_diode", "battery_wh": 40_000, "stored_wh": 8_400},
}  # fmt: skip
BLIND = dict.fromkeys(SEEN) | {"outlet": 2}


def _view(*outlets, rig=RIG):
    view = View("127.0.0.1:7000")
    view.took_rig(rig)
    for _ in range(60):
        view.took_look({"outlets": outlets, "led": ["#00ff00"] * 24})
    view.events.extend(f"12:00:0{n}.000 an event that goes on and on {'x' * 90}" for n in range(9))
    view.refusals.append("unplug: outlet 1: the plug is locked (force: true tears it out) " * 3)
    return view


def _drawn(view):
    console = Console(width=80, height=24, force_terminal=True, color_system=None, record=True)
    with console.capture() as captured:
        console.print(picture(view))
    return captured.get()


def test_the_page_with_two_outlets_fits_80_by_24():
    text = _drawn(_view(SEEN, SEEN | {"outlet": 2}))
    lines = text.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for part in (
        "CP   6.00 V  -12.00 V  state C", "duty 53.3 %, 31.98 A", "contactor closed, lock locked",
        "123.456 kWh", "cable 220 ohm, car C no_diode, 21 %", "refused: unplug: outlet 1",
    ):  # fmt: skip
        assert part in text
    assert text.count("keys act here") == 1


def test_what_the_rig_does_not_see_is_said_and_not_made_up():
    text = _drawn(_view(BLIND))
    assert "CP    not measured by this rig" in text
    assert "contactor unseen, lock unseen" in text
    assert "currents not measured" in text
    assert line(_view(BLIND), 2).startswith("outlet 2  CP    not measured")


def test_keys_that_the_rig_cannot_do_are_struck_out():
    able = _view(SEEN)
    console = Console(width=80, force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(picture(able))
    struck = "\x1b[2;9m"
    assert f"{struck}power off 3 s" in captured.get()
    assert f"{struck}plug, car" not in captured.get()


def test_every_key_of_the_page_does_something():
    for key, _, _ in KEYS:
        for one in {"1 2": "12", "b-f": "bcdef"}.get(key, key):
            view = _view(SEEN)
            asked = request(view, one)
            chosen = (view.chosen, view.cable, view.input) != (1, 2, 0)
            assert asked is not None or chosen or one in "1q", one


@pytest.mark.parametrize("key, asked", [
    ("a", ("car", {"outlet": 1, "connected": False})),
    ("c", ("car", {"outlet": 1, "connected": True, "asks": "C"})),
    ("s", ("car", {"outlet": 1, "connected": True, "asks": "E"})),
    ("p", ("plug", {"outlet": 1, "cable_ma": 32_000, "car": True})),
    ("U", ("unplug", {"outlet": 1, "force": True})),
    ("r", ("residual", {"outlet": 1, "dc_ma": 8})),
    ("i", ("input", {"name": "mcb_1", "active": True})),
    ("x", ("power", {"off_ms": 3_000})),
    ("m", ("swipe", {"uid": "0a0e9b83"})),
    ("?", None), ("\x1b", None), ("", None), ("9", None),
])  # fmt: skip
def test_a_key_asks_for_its_verb(key, asked):
    assert request(_view(SEEN), key) == asked


def test_a_switch_is_turned_back_by_the_same_key_for_its_own_outlet():
    view = _view(SEEN)
    assert request(view, "w")[1]["weld"] is True
    request(view, "2")
    assert request(view, "w")[1] == {"outlet": 2, "weld": True}
    request(view, "1")
    assert request(view, "w")[1] == {"outlet": 1, "weld": False}


def test_a_refused_switch_stays_as_it_was():
    view = _view(SEEN)
    for key in ("w", "i"):
        first = request(view, key)
        undo(view, key)
        assert request(view, key) == first
