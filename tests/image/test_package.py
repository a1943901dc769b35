"""The package's tree, its control data and its locks; nothing is fetched or compiled here."""

import re
import stat
import subprocess

import pytest

from firmware import VERSION
from tools.image import deb, disk, lock, releases
from tools.image.shop import FILES, Failed, demand

RELEASES = pytest.mark.parametrize("release", releases.RELEASES, ids=lambda r: r.codename)
SCRIPTS = ("postinst", "prerm", "postrm", "launcher", "slot", "prepare-data", "init", "ask.sh")


@pytest.fixture
def tree(tmp_path):
    release = releases.RELEASES[0]
    folder = tmp_path / "tree"
    site = folder / deb.OPT / f"lib/python{release.python}/site-packages"
    site.mkdir(parents=True)
    deb.environment(release, folder)
    deb.station_files(folder)
    deb.documents(release, folder, site)
    deb.settle_modes(folder)
    deb.control(release, folder)
    return folder


def control(release):
    return dict(
        line.split(": ", 1) for line in deb.control_text(release, 1).splitlines() if line[0] != " "
    )


def test_everything_lies_where_systemd_udev_and_people_look_for_it(tree):
    wanted = {
        "usr/bin/powerstation", "opt/powerstation/bin/python3", "opt/powerstation/pyvenv.cfg",
        "usr/lib/sysusers.d/powerstation.conf", "usr/lib/tmpfiles.d/powerstation.conf",
        "usr/lib/udev/rules.d/60-powerstation.rules", "usr/lib/modules-load.d/powerstation.conf",
        "usr/share/man/man1/powerstation.1.gz", "usr/share/doc/powerstation/copyright",
        "usr/share/doc/powerstation/changelog.gz", "usr/share/powerstation/overlays/cm4_dual.dts",
        *(f"usr/lib/systemd/system/powerstation-{name}.service"
          for name in ("pilotd", "stationd", "world", "firstboot")),
    }  # fmt: skip
    there = {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file() or p.is_symlink()}
    assert wanted - there == set()


def test_nothing_of_the_package_lies_in_etc_so_an_upgrade_keeps_what_is_there(tree):
    assert list((tree / "etc/powerstation").iterdir()) == []
    assert not (tree / "DEBIAN/conffiles").exists()
    kept, purged = (FILES / "postrm").read_text().split('"$1" = purge')
    assert "rm -rf" not in kept
    assert "rm -rf /etc/powerstation /var/lib/powerstation" in purged


def test_a_removal_leaves_the_pins_safe():
    text = (FILES / "prerm").read_text()
    assert text.index("deb-systemd-invoke stop") < text.index("powerstation safe-off")


def test_modes_say_nothing_about_whoever_built_it(tree):
    found = {
        str(p.relative_to(tree)): stat.S_IMODE(p.stat().st_mode)
        for p in tree.rglob("*")
        if p.is_file() and not p.is_symlink()
    }
    programs = {"usr/bin/powerstation", "DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm"}
    assert {name for name, mode in found.items() if mode == 0o755} == programs
    assert set(found.values()) == {0o644, 0o755}


@RELEASES
def test_a_package_fits_one_python_and_names_its_release(release):
    fields = control(release)
    assert fields["Version"] == f"{VERSION}+deb{release.number}"
    assert fields["Architecture"] == "arm64"
    assert f"python3 (>= {release.python}), python3 (<< {release.next_python})" in fields["Depends"]


@RELEASES
def test_what_has_no_wheel_is_made_here_and_everything_else_is_one(release):
    plan = lock.plan(release)
    made = {one.name for one in plan.compiled}
    assert made == ({"spidev"} if release.number == 12 else {"spidev", "lgpio"})
    assert {one.name for one in plan.pure_sources} == {"pydes"}
    wheels = {one.name for one in plan.wheels}
    assert {"gpiozero", "nfcpy", "pymodbus", "pyserial", "pydantic"} <= wheels
    assert ("lgpio" in wheels) == (release.number == 12)
    assert "colorama" not in wheels  # for another system
    every = [*plan.wheels, *plan.pure_sources, *plan.compiled]
    assert all("--hash=sha256:" in one.text for one in every)


def test_a_station_carries_no_tools_and_what_it_carries_is_pinned_as_for_a_pi(repository):
    ours = (repository / "requirements-deb.lock").read_text()
    assert {"hatchling", "pytest", "editables"} & lock.names(lock.LOCK) == set()
    pins = set(re.findall(r"^(\S+==\S+)", ours, re.M))
    assert pins <= set(
        re.findall(r"^(\S+==\S+)", (repository / "requirements-pi.lock").read_text(), re.M)
    )


def test_rpi_gpio_and_rpi_lgpio_are_never_in_one_lock(repository):
    for path in sorted(repository.glob("requirements-*.lock")):
        assert len(lock.names(path) & lock.NO_PI) <= 1, path.name
    assert lock.names(lock.LOCK) & lock.NO_PI == set()


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_one_that_a_shell_reads(name):
    done = subprocess.run(["sh", "-n", str(FILES / name)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_processes_import_nothing_of_the_folder_where_they_are_started():
    text = (FILES / "launcher").read_text()
    assert "PYTHONSAFEPATH=1" in text
    assert "POWERSTATION_STATE:-/var/lib/powerstation" in text


def test_a_missing_program_is_one_sentence_with_the_line_that_ends_it():
    with pytest.raises(Failed, match=r"^missing here; `apt-get install nothing-like-it` ends this"):
        demand({"no-such-program-anywhere": "nothing-like-it"})


def test_an_unknown_release_is_told_with_those_that_there_are():
    assert releases.release("13") is releases.release("trixie")
    with pytest.raises(Failed, match="known: bookworm"):
        releases.release("14")


def test_partitions_do_not_overlap_and_both_slots_are_as_large(tmp_path):
    parts = disk.layout(tmp_path, tmp_path, tmp_path, tmp_path)
    flat = [p for p in parts if p.kind != "5"]
    for one, other in zip(flat, flat[1:], strict=False):
        assert one.start_mib + one.size_mib <= other.start_mib
    by_number = {p.number: p for p in parts}
    assert by_number[1].size_mib == by_number[2].size_mib
    assert by_number[3].size_mib == by_number[5].size_mib
    extended, last = by_number[4], by_number[6]
    assert extended.start_mib < by_number[5].start_mib
    assert extended.start_mib + extended.size_mib == last.start_mib + last.size_mib
    assert last is max(flat, key=lambda p: p.start_mib)  # the data grows to the card's end


def test_the_image_has_no_password_no_watchdog_of_systemd_and_ssh_by_key_only():
    system = FILES / "system"
    assert (
        "RuntimeWatchdogSec=off"
        in (system / "etc/systemd/system.conf.d/powerstation.conf").read_text()
    )
    ssh = (system / "etc/ssh/sshd_config.d/powerstation.conf").read_text()
    assert "PasswordAuthentication no" in ssh
    unit = (system / "usr/lib/systemd/system/ssh.service.d/powerstation.conf").read_text()
    assert "ConditionPathExists=/etc/powerstation/authorized_keys" in unit
    everything = "".join(p.read_text() for p in system.rglob("*") if p.is_file())
    assert "autologin" not in everything
