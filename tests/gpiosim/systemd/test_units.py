"""The units as they ship, started by systemd over simulated pins, all their fences up."""

import http.client
import json
import os
import signal
import ssl
import stat
from pathlib import Path

from tests.gpiosim.systemd.conftest import STATE, UNITS, pid, run, shown, until

FIFO = 1  # SCHED_FIFO
PILOTD, STATIOND = UNITS


def status(unit, name):
    """Return a line of /proc/PID/status."""
    with open(f"/proc/{pid(unit)}/status") as file:  # noqa: PTH123
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith(f"{name}:"))


def test_both_say_that_they_are_ready_and_run_as_nobody_of_importance(bench):
    for unit in UNITS:
        assert shown(unit, "ActiveState") == "active"
        assert shown(unit, "NRestarts") == "0"
        assert status(unit, "Uid").split()[0] != "0"
        assert status(unit, "NoNewPrivs") == "1"
        assert status(unit, "Seccomp") == "2"
    assert "Available" in run("powerstation", "status", "--state", STATE)


def test_the_pilot_has_its_priority_its_memory_and_no_network(bench):
    assert os.sched_getscheduler(pid(PILOTD)) == FIFO
    assert int(status(PILOTD, "VmLck").split()[0]) > 10_000  # kB
    with open(f"/proc/{pid(PILOTD)}/net/dev") as file:  # noqa: PTH123
        devices = [line.split(":")[0].strip() for line in file if ":" in line]
    assert devices == ["lo"]


def test_no_unit_may_gain_what_it_was_not_given(bench):
    assert int(status(STATIOND, "CapBnd"), 16) == 0
    nice_and_lock = 1 << 23 | 1 << 14
    assert int(status(PILOTD, "CapBnd"), 16) == nice_and_lock


def test_a_car_charges_and_a_killed_pilot_opens_and_is_back(charging):
    before = pid(PILOTD)
    os.kill(before, signal.SIGKILL)
    until(lambda: not charging.closed(), 1)
    until(lambda: pid(PILOTD) not in (0, before), 5)
    until(lambda: shown(PILOTD, "ActiveState") == "active", 5)


def test_a_hung_pilot_is_killed_by_the_watchdog_and_its_pins_are_made_safe(charging):
    before = pid(PILOTD)
    os.kill(before, signal.SIGSTOP)
    until(lambda: not charging.closed(), 1.5)  # the board's deadman, a second
    until(lambda: pid(PILOTD) not in (0, before), 5)  # only the watchdog ends a stopped process
    until(lambda: shown(PILOTD, "ActiveState") == "active", 5)


def test_a_station_that_dies_takes_its_permits_along_and_is_back(charging):
    before = pid(STATIOND)
    os.kill(before, signal.SIGKILL)
    until(lambda: charging.do("look")["outlets"][0]["duty_permille"] == 1_000, 1)
    until(lambda: pid(STATIOND) not in (0, before), 5)


def test_the_pages_start_as_a_user_of_their_own_and_answer_by_tls_with_the_stations_words(bench):
    webd = "powerstation-webd"
    run("systemctl", "start", webd)
    assert shown(webd, "ActiveState") == "active"
    assert status(webd, "Uid") != status(STATIOND, "Uid")
    assert status(webd, "NoNewPrivs") == "1" and status(webd, "Seccomp") == "2"
    assert int(status(webd, "CapBnd"), 16) == 1 << 10  # ports below 1,024
    folder = Path("/run/powerstation-web")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2750
    assert stat.S_IMODE((folder / "web.sock").stat().st_mode) == 0o660
    told = ask_page("GET", "/api/v1/session")
    assert told == {"signed_in": False, "language": "en", "local": False}
    first = json.loads(Path(STATE, "first-passwords").read_text())
    body = {"user": "operator", "password": first["operator"]}
    assert ask_page("POST", "/api/v1/login", body)["must_change"] is True
    run("systemctl", "stop", webd)


def ask_page(method, path, body=None):
    """Ask the pages by TLS, trusting the certificate that they have made."""
    made = ssl.create_default_context(cafile="/var/lib/powerstation-web/certificate.pem")
    made.check_hostname = False
    line = http.client.HTTPSConnection("127.0.0.1", 443, context=made, timeout=60)
    data = None if body is None else json.dumps(body)
    line.request(method, path, data, {"Content-Type": "application/json"})
    answer = line.getresponse()
    told = answer.read()
    assert answer.status == 200, told
    return json.loads(told)
