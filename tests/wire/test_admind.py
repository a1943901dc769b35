"""What root installs for the station, with dpkg and in a system of its own; and what it refuses."""

import json
import os

import pytest

from firmware.apps.admind import main
from firmware.io.installer import FAILED
from firmware.io.installing import Places, install_offer
from firmware.io.packages import BadPackage, installed_version, looked_at
from tests.wire.packages import STRANGER, keys_in, package, system


@pytest.fixture
def places(tmp_path):
    """Return a system with version 0.1.0, and a station that may offer something."""
    (tmp_path / "state/updates").mkdir(parents=True)
    root = system(tmp_path / "root", package(tmp_path, "0.1.0+deb12"))
    return Places(tmp_path / "state", tmp_path / "work", keys_in(tmp_path / "keys"), root)


def offer(places, file):
    ready = places.state / "updates/ready"
    ready.mkdir()
    file.rename(ready / "firmware.bin")
    (ready / "update.json").write_text(json.dumps({"signed": True}))


def words(places):
    """Return what the unit says, for this system."""
    said = ("--state", places.state, "--work", places.work, "--root", places.root, "--keys")
    return ["install", *map(str, said), str(places.keys[0])]


def version(places):
    """Return what dpkg says, and what the installed file says."""
    return (
        installed_version(places.root),
        (places.root / "usr/lib/station/version").read_text().strip(),
    )


def told(places):
    return (places.state / "updates/taken" / FAILED).read_text()


def test_a_newer_package_of_a_maker_is_installed(places, tmp_path, capsys):
    offer(places, package(tmp_path, "0.2.0+deb12"))
    assert main(words(places)) == 0
    assert version(places) == ("0.2.0+deb12", "0.2.0+deb12")
    said = capsys.readouterr().out
    assert said == "admind: 0.1.0+deb12 was replaced by 0.2.0+deb12, signed by maker\n"
    assert not (places.state / "updates/ready").exists()
    assert not (places.state / "updates/taken" / FAILED).exists()


@pytest.mark.covers("B-UPD-07")
@pytest.mark.parametrize("offered", ["0.1.0+deb12", "0.0.9+deb12"])
def test_an_older_firmware_is_refused_and_the_log_says_so(places, tmp_path, capsys, offered):
    (tmp_path / "later").mkdir()
    offer(places, package(tmp_path / "later", offered))
    assert main(words(places)) == 1
    said = f"version {offered} is not newer than 0.1.0+deb12, which is installed"
    assert f"admind: not installed: {said}" in capsys.readouterr().err
    assert told(places).startswith(said)
    assert version(places) == ("0.1.0+deb12", "0.1.0+deb12")


@pytest.mark.parametrize("made, said", [
    ({"key": None}, "the package is not signed"),
    ({"key": STRANGER}, "signed by somebody whom this station does not trust; it trusts: maker"),
    ({"name": "openssh-server"}, "this is the package openssh-server, not powerstation"),
    ({"architecture": "hppa"}, "the package is for hppa, this is "),
    ({"needs": "python3 (>= 99)"}, "it needs python3 (>= 99); here is none"),
    ({"needs": "powerstation (>= 99)"}, "it needs powerstation (>= 99); here is 0.1.0+deb12"),
    ({"needs": "a | b"}, "what it needs cannot be read: a | b"),
])  # fmt: skip
def test_what_may_not_be_installed_changes_nothing(places, tmp_path, made, said):
    offer(places, package(tmp_path, "0.2.0+deb12", **made))
    with pytest.raises(BadPackage) as problem:
        install_offer(places)
    assert said in str(problem.value) and told(places) == str(problem.value)
    assert version(places) == ("0.1.0+deb12", "0.1.0+deb12")


def test_what_needs_nothing_that_is_not_there_is_installed(places, tmp_path):
    offer(places, package(tmp_path, "0.2.0+deb12", needs="powerstation (>= 0.1), powerstation"))
    install_offer(places)
    assert version(places)[0] == "0.2.0+deb12"


def test_one_bit_that_changed_on_the_way_is_seen(places, tmp_path):
    file = package(tmp_path, "0.2.0+deb12")
    whole = bytearray(file.read_bytes())
    for at in (70, len(whole) // 2, len(whole) - 125, len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 1
        file.write_bytes(changed)
        with pytest.raises(BadPackage):
            looked_at(file, places.keys)
    file.write_bytes(whole)
    assert looked_at(file, places.keys).version == "0.2.0+deb12"


def test_without_any_key_nothing_is_trusted(places, tmp_path):
    offer(places, package(tmp_path, "0.2.0+deb12"))
    (places.keys[0] / "maker.pem").unlink()
    with pytest.raises(BadPackage, match="no key of a maker is on this station"):
        install_offer(places)


def test_a_key_that_cannot_be_read_is_told_and_not_passed_over(places, tmp_path):
    offer(places, package(tmp_path, "0.2.0+deb12"))
    (places.keys[0] / "other.pem").write_text("nonsense")
    with pytest.raises(BadPackage, match="the key .*other.pem cannot be read"):
        install_offer(places)


def test_a_package_that_breaks_while_it_is_installed_gives_way_to_the_one_before(places, tmp_path):
    offer(places, package(tmp_path, "0.2.0+deb12"))
    install_offer(places)
    offer(places, package(tmp_path, "0.3.0+deb12", script="exit 3"))
    with pytest.raises(BadPackage, match="the earlier one was put back"):
        install_offer(places)
    assert version(places) == ("0.2.0+deb12", "0.2.0+deb12")
    assert told(places).endswith("the earlier one was put back")


def test_the_first_that_breaks_has_none_before_it_and_says_so(places, tmp_path):
    offer(places, package(tmp_path, "0.3.0+deb12", script="exit 3"))
    with pytest.raises(BadPackage, match="no earlier package is kept here that could be put back"):
        install_offer(places)


def test_nothing_offered_is_nothing_done(places):
    assert install_offer(places) == "nothing is offered"


def test_an_earlier_one_that_was_taken_is_no_hindrance(places, tmp_path):
    (places.state / "updates/taken/deep").mkdir(parents=True)
    offer(places, package(tmp_path, "0.2.0+deb12"))
    install_offer(places)
    assert version(places)[0] == "0.2.0+deb12"


@pytest.mark.parametrize("trick", ["file", "folder", "pipe"])
def test_a_station_that_was_taken_over_cannot_have_root_read_or_write_elsewhere(
    places, tmp_path, trick
):
    """Links and pipes in the offer: the station's user may put anything there."""
    updates, secret = places.state / "updates", tmp_path / "secret"
    secret.mkdir()
    package(tmp_path, "0.2.0+deb12").rename(secret / "firmware.bin")
    if trick == "folder":
        (updates / "ready").symlink_to(secret)
    else:
        (updates / "ready").mkdir()
        name = updates / "ready/firmware.bin"
        if trick == "file":
            name.symlink_to(secret / "firmware.bin")
        else:
            os.mkfifo(name)
    with pytest.raises(BadPackage):
        install_offer(places)
    assert version(places)[0] == "0.1.0+deb12"
    assert [file.name for file in secret.iterdir()] == ["firmware.bin"]


def test_a_system_without_the_package_is_not_changed(places, tmp_path):
    offer(places, package(tmp_path, "0.2.0+deb12"))
    other = Places(places.state, places.work, places.keys, system(tmp_path / "other"))
    with pytest.raises(BadPackage, match="the station was not installed as a package here"):
        install_offer(other)
    assert not (tmp_path / "other/usr/lib").exists()
