"""The units say what the safety concept needs of them; systemd reads them where it is."""

import configparser
import re
import shlex
import subprocess

import pytest

from hal.board import load_board
from tools.image.security import figures

SYSUSERS = "systemd/powerstation.sysusers"
EVERY = ("pilotd", "stationd", "webd", "world", "firstboot", "admind")
DEVICES = {
    "pilotd": {"char-gpiochip rw", "char-spi rw", "/dev/watchdog rw", "char-watchdog rw"},
    "stationd": {"char-gpiochip rw", "char-spi rw", "char-ttyAMA rw", "char-ttyS rw",
                 "char-ttyUSB rw", "char-ttyACM rw"},
}  # fmt: skip
MOST_EXPOSED = {
    "pilotd": 1.3,
    "stationd": 1.8,
    "webd": 1.9,
    "world": 0.8,
    "firstboot": 2.0,
    "admind": 9.0,
}
HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
    "PrivateTmp": "yes", "RestrictNamespaces": "yes", "LockPersonality": "yes",
    "ProtectClock": "yes", "ProtectKernelModules": "yes", "DevicePolicy": "closed",
    "ProtectKernelTunables": "yes", "ProtectProc": "invisible", "MemoryDenyWriteExecute": "yes",
}  # fmt: skip
BOTH = HARDENED | {"Type": "notify", "Restart": "always", "RestartSec": "100ms"}
PILOTD = BOTH | {
    "OOMScoreAdjust": "-1000", "WatchdogSec": "2", "WatchdogSignal": "SIGKILL",
    "LimitRTPRIO": "70", "LimitMEMLOCK": "infinity", "RestrictAddressFamilies": "AF_UNIX",
    "PrivateNetwork": "yes", "RuntimeDirectoryPreserve": "yes",
}  # fmt: skip
STATIOND = BOTH | {"OOMScoreAdjust": "-500", "WatchdogSec": "15", "CapabilityBoundingSet": ""}
WEBD = HARDENED | {
    "Type": "notify", "Restart": "always", "OOMScoreAdjust": "500", "PrivateDevices": "yes",
    "User": "powerstation-web", "CapabilityBoundingSet": "CAP_NET_BIND_SERVICE",
}  # fmt: skip
UNITS = {"pilotd": PILOTD, "stationd": STATIOND, "webd": WEBD}
STATION = ("pilotd", "stationd")


@pytest.fixture
def units(repository):
    return {name: read(repository / f"systemd/powerstation-{name}.service") for name in UNITS}


def read(path):
    unit = configparser.ConfigParser(interpolation=None, strict=False)
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


def test_the_pages_ask_where_the_station_answers_and_may_not_see_its_state(units, repository):
    asked, answered = (units[n]["Service"]["ExecStart"].split() for n in ("webd", "stationd"))
    socket = asked[asked.index("--station") + 1]
    assert socket == answered[answered.index("--web-socket") + 1]
    folder = socket.rpartition("/")[0]
    made = (repository / "systemd/powerstation.tmpfiles").read_text()
    assert f"d {folder} 2750 powerstation powerstation-web -" in made
    assert "/var/lib/powerstation " not in f"{units['webd']['Service']['ExecStart']} "
    assert units["webd"]["Service"]["User"] != units["stationd"]["Service"]["User"]


@pytest.mark.covers("B-ACC-03")
def test_the_cable_at_the_station_has_both_ports_of_the_manual_on_its_interface_alone(units):
    words = units["webd"]["Service"]["ExecStart"].split()
    local = [words[i + 1] for i, word in enumerate(words) if word == "--local"]
    assert local == ["192.168.123.123:80", "192.168.123.123:81"]
    assert words[words.index("--device") + 1] == "usb0"
    assert "--tls" in words


def test_both_meet_at_the_same_sockets_and_the_box_lies_in_memory(units):
    pilotd, stationd = (units[name]["Service"]["ExecStart"].split() for name in STATION)
    assert pilotd[2:6] == stationd[2:6]
    assert pilotd[pilotd.index("--blackbox") + 1].startswith("/run/")


def test_a_process_may_open_its_own_devices_and_no_others(repository):
    for name, devices in DEVICES.items():
        text = (repository / f"systemd/powerstation-{name}.service").read_text()
        assert set(re.findall(r"^DeviceAllow=(.*)$", text, re.M)) == devices
        calls = re.findall(r"^SystemCallFilter=(.*)$", text, re.M)
        assert calls[0] == "@system-service" and calls[1].startswith("~@privileged")


def test_the_pilots_pwm_stays_writable_where_the_rest_of_sys_is_not(units, repository):
    opened = units["pilotd"]["Service"]["ReadWritePaths"].split()
    boards = [load_board(p) for p in (repository / "boards").glob("[a-z]*.toml")]
    chips = {str(o.pins["pwm"]).split("/")[0] for b in boards for o in b.outlets if o.pins}
    assert {f"-/sys/class/pwm/{chip}" for chip in chips} <= set(opened)


def test_lgpio_finds_a_folder_for_its_pipe_and_the_board_can_be_recognised(units):
    service = units["pilotd"]["Service"]
    assert service["Environment"] == f"LG_WD=/run/{service['RuntimeDirectory']}"
    for name in STATION:  # gpiozero reads /proc/device-tree
        assert "ProcSubset" not in units[name]["Service"]


def test_nothing_starts_before_a_board_is_chosen(units):
    for name in UNITS:
        assert units[name]["Unit"]["ConditionPathExists"] == "/etc/powerstation/board.toml"


def test_a_played_world_is_for_simulated_boards_only_and_has_no_devices(repository, tmp_path):
    service = read(repository / "systemd/powerstation-world.service")["Service"]
    assert service["PrivateDevices"] == "yes"
    *words, _file = shlex.split(service["ExecCondition"])
    for path in (repository / "boards").glob("[a-z]*.toml"):
        plays = subprocess.run([*words, str(path)], check=False).returncode == 0
        assert plays == load_board(path).simulated, path.name


def test_every_group_that_is_named_is_made_or_debians_own(repository):
    made = set(re.findall(r"^[gu] (\w+)", (repository / SYSUSERS).read_text(), re.M))
    rules = (repository / "systemd/60-powerstation.rules").read_text()
    named = set(re.findall(r'GROUP="(\w+)"', rules)) | set(re.findall(r"chgrp (\w+)", rules))
    for unit in UNITS:
        text = (repository / f"systemd/powerstation-{unit}.service").read_text()
        named |= set(" ".join(re.findall(r"^SupplementaryGroups=(.*)$", text, re.M)).split())
    assert named <= made | {"dialout"}


def test_udev_opens_a_channels_duty_last_for_pilotd_waits_for_it(repository):
    rules = (repository / "systemd/60-powerstation.rules").read_text()
    files = re.search(r"for file in (.*?);", rules)[1].split()
    assert files[-1].endswith("/duty_cycle")
    assert {f.rsplit("/", 1)[1] for f in files} == {
        "export", "unexport", "period", "enable", "duty_cycle"
    }  # fmt: skip


@pytest.mark.needs_systemd
def test_no_unit_is_exposed_more_than_it_was():
    found = {unit: float(said.split()[0]) for unit, said in figures().items()}
    limits = {f"powerstation-{name}": limit for name, limit in MOST_EXPOSED.items()}
    assert {unit for unit in limits if found[unit] > limits[unit]} == set()


@pytest.mark.needs_systemd
def test_systemd_finds_nothing_to_say_about_them(repository, tmp_path):
    for name in EVERY:
        text = (repository / f"systemd/powerstation-{name}.service").read_text()
        path = tmp_path / f"powerstation-{name}.service"
        path.write_text(text.replace("/usr/bin/powerstation", "/bin/true"))
    paths = [str(tmp_path / f"powerstation-{name}.service") for name in EVERY]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [line for line in done.stderr.splitlines() if "powerstation" in line] == []
