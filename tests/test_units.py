"""The units say what the safety concept needs of them; systemd reads them where it is."""

import configparser
import subprocess

import pytest

HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
    "PrivateTmp": "yes", "RestrictNamespaces": "yes", "LockPersonality": "yes",
    "ProtectClock": "yes", "ProtectKernelModules": "yes", "SystemCallFilter": "@system-service",
}  # fmt: skip
BOTH = HARDENED | {"Type": "notify", "Restart": "always", "RestartSec": "100ms"}
PILOTD = BOTH | {
    "OOMScoreAdjust": "-1000", "WatchdogSec": "2", "WatchdogSignal": "SIGKILL",
    "LimitRTPRIO": "70", "LimitMEMLOCK": "infinity", "RestrictAddressFamilies": "AF_UNIX",
    "PrivateNetwork": "yes", "RuntimeDirectoryPreserve": "yes",
}  # fmt: skip
STATIOND = BOTH | {"OOMScoreAdjust": "-500", "WatchdogSec": "15", "CapabilityBoundingSet": ""}
UNITS = {"pilotd": PILOTD, "stationd": STATIOND}


@pytest.fixture
def units(repository):
    return {name: read(repository / f"systemd/powerstation-{name}.service") for name in UNITS}


def read(path):
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(path.read_text())
    return unit


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_asks_for_everything_that_it_needs(name, units):
    service = units[name]["Service"]
    assert {key: service.get(key) for key in UNITS[name]} == UNITS[name]
    assert service["ExecStart"].split()[:2] == ["/usr/bin/powerstation", name]
    assert units[name]["Unit"]["StartLimitIntervalSec"] == "0"  # it is started again for ever


def test_when_pilotd_has_ended_its_pins_are_put_in_the_safe_state(units):
    service = units["pilotd"]["Service"]
    words, start = service["ExecStopPost"].split(), service["ExecStart"].split()
    assert words[1] == "safe-off"
    assert words[2:6] == start[2:6]  # the same board, the same sockets
    assert int(service["TimeoutStopSec"]) > 6  # a planned stop gives the car its six seconds


def test_both_meet_at_the_same_sockets_and_the_box_lies_in_memory(units):
    pilotd, stationd = (units[name]["Service"]["ExecStart"].split() for name in UNITS)
    assert pilotd[2:6] == stationd[2:6]
    assert pilotd[pilotd.index("--blackbox") + 1].startswith("/run/")


@pytest.mark.needs_systemd
def test_systemd_finds_nothing_to_say_about_them(repository, tmp_path):
    for name in UNITS:
        text = (repository / f"systemd/powerstation-{name}.service").read_text()
        path = tmp_path / f"powerstation-{name}.service"
        path.write_text(text.replace("/usr/bin/powerstation", "/bin/true"))
    paths = [str(tmp_path / f"powerstation-{name}.service") for name in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [line for line in done.stderr.splitlines() if "powerstation" in line] == []
