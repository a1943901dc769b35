"""All mutants of the pilot room, as `python -m tools.mutants` judges them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools.soak.crowd import Advance

ROOT = Path(__file__).parents[2]


def judged(advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems; a process of its own, as this one has loaded the pilot."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tools.mutants"], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert child.stdout is not None
    said = []
    for text in child.stdout:
        said.append(text.rstrip())
        if text.startswith("["):
            advance()
    code = child.wait()
    problems = [text for text in said if text.startswith("SURVIVED")]
    if code and not problems:
        problems = said[-5:]
    sums = next((text for text in said if re.match(r"\d+ mutants,", text)), "none")
    control = next((text for text in said if text.startswith("without")), "")
    return {"mutants": sums, "control": control}, problems
