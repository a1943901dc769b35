"""The tools of the pages' source, installed once for all tests that run at the same time."""

import fcntl
import subprocess

UI = "firmware/web/ui"


def modules(repository):
    """Return node_modules of the pages; installs what the lock file says if it is not there."""
    folder = repository / UI
    with (folder / ".npm-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "node_modules" / ".package-lock.json"
        wanted = folder / "package-lock.json"
        if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=300
            )
    return folder / "node_modules"
