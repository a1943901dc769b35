"""What a machine without the kernel of the virtual station is told."""

import os
import subprocess
import sys

from tools.uml import kernel

NEEDS_IT = "tests/gpiosim/test_virtual_station.py"


def _without(cache, *command, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("POWERSTATION_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=kernel.ROOT,
        env={**env, "XDG_CACHE_HOME": str(cache), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_kernel_is_told_with_the_line_that_ends_it(tmp_path):
    done = _without(tmp_path, "tools.uml", "run", "true")
    assert done.returncode == 1
    assert "`make uml` builds it" in done.stderr


def test_a_given_folder_without_a_kernel_is_refused_and_never_replaced(tmp_path):
    done = _without(tmp_path, "tools.uml", "run", "true", POWERSTATION_UML=str(tmp_path))
    assert done.returncode == 1
    assert f"POWERSTATION_UML={tmp_path} holds no kernel" in done.stderr


def test_a_given_kernel_without_modules_is_refused(tmp_path):
    (tmp_path / "linux").touch()
    done = _without(tmp_path, "tools.uml", "run", "true", POWERSTATION_UML=str(tmp_path / "linux"))
    assert done.returncode == 1
    assert "has no module pwm-sim.ko beside it" in done.stderr


def test_without_a_kernel_the_virtual_station_is_skipped_with_a_reason(tmp_path):
    done = _without(tmp_path, "pytest", "-rs", "-p", "no:cacheprovider", NEEDS_IT)
    assert done.returncode == 0
    assert "no virtual station: no kernel in" in done.stdout


def test_in_ci_a_missing_kernel_is_a_failure(tmp_path):
    command = ("pytest", "-p", "no:cacheprovider", NEEDS_IT)
    done = _without(tmp_path, *command, POWERSTATION_CI="1")
    assert done.returncode != 0
    assert "in CI nothing is skipped" in done.stderr


def test_a_machine_without_a_kernel_is_told_the_packages_that_build_one(tmp_path):
    named = _without(tmp_path, "tools.uml", "needs").stdout.split()
    assert {"bison", "flex", "libelf-dev"} <= set(named)
