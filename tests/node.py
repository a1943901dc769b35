"""Packages of Node.js that tests need: installed once, whoever asks first."""

import fcntl
import subprocess


def modules(folder):
    """Return node_modules of a folder; installs what its lock file says if it is not there."""
    with (folder / ".npm-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "node_modules" / ".package-lock.json"
        wanted = folder / "package-lock.json"
        if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
            words = ["npm", "ci", "--no-audit", "--no-fund"]
            subprocess.run(words, cwd=folder, check=True, timeout=300)
    return folder / "node_modules"
