"""So many inputs, by coverage where the engine is installed (x86-64), else by a seed alone.

The corpus of a guided run is one text file: a line of hexadecimal for each input that reached
something new. A run begins with what is kept.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

from tools.fuzz.choices import Drawn, Told
from tools.fuzz.frames import frame
from tools.fuzz.target import Counts, Target

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "data" / "fuzz_corpus.txt"
CRASH = ROOT / "build" / "fuzz_crash.json"
LONGEST_BYTES = 400
HANG_S = 10
STEP = 1_000
Advance = Callable[[int], None]
Verdict = tuple[dict[str, object], list[str]]


def corpus(file: Path = CORPUS) -> list[bytes]:
    """Return the kept inputs."""
    return [bytes.fromhex(line) for line in file.read_text().split()] if file.exists() else []


def campaign(
    inputs: int, advance: Advance, *, seed: int = 0, guided: bool = True, keep: Path | None = None
) -> Verdict:
    """Return figures and problems; `keep` is where the corpus of a guided run goes."""
    began_s = time.monotonic()
    if guided and importlib.util.find_spec("atheris") is not None:
        figures, problems = _guided(inputs, advance, seed, keep)
    else:
        figures, problems = drawn(inputs, advance, seed)
    wall_s = time.monotonic() - began_s
    return {**figures, "inputs a second": f"{inputs / wall_s:,.0f}"}, problems


def drawn(inputs: int, advance: Advance, seed: int) -> Verdict:
    """Feed the kept corpus, then frames of a seed."""
    target, choices = Target(), Drawn(Random(f"fuzz {seed}"))
    kept = [frame(Told(data)) for data in corpus()]
    for number in range(inputs):
        text = kept[number] if number < len(kept) else frame(choices)
        try:
            target.feed(text)
        except Exception as problem:  # noqa: BLE001  # whatever it raises is what is sought
            return _figures("a seed", target.counts), [
                f"{problem!r} at {json.dumps(text)[:500]}; {keep(target)}"
            ]
        if (number + 1) % STEP == 0:
            advance(STEP)
    target.see_that_it_lives()
    return _figures("a seed", target.counts), []


def keep(target: Target) -> str:
    """Write down what it takes to see a failure again; return a sentence that says where."""
    CRASH.parent.mkdir(exist_ok=True)
    CRASH.write_text(json.dumps(target.since_fresh, indent=1))
    return f"{len(target.since_fresh)} frames that lead there are in {CRASH.relative_to(ROOT)}"


def _figures(by: str, counts: Counts) -> dict[str, object]:
    return {
        "by": by,
        "inputs": f"{counts.inputs:,}",
        "starts of the station": f"{counts.boots:,}",
        "requests answered": f"{counts.results:,} with a result, {counts.errors:,} with an error",
        "Heartbeats afterwards": f"{counts.beats:,}",
    }


def _guided(inputs: int, advance: Advance, seed: int, keep: Path | None) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="powerstation-fuzz-") as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        for data in corpus():
            (folder / "corpus" / sha256(data).hexdigest()).write_bytes(data)
        figures, problems = _engine(folder, inputs, advance, seed)
        if keep is not None and not problems:
            lines = sorted(f.read_bytes().hex() for f in (folder / "corpus").iterdir())
            fresh = keep.with_name(f"{keep.name}.new")
            fresh.write_text("".join(f"{line}\n" for line in lines if line))
            fresh.replace(keep)
            figures["corpus kept"] = f"{len(lines)} inputs"
    return figures, problems


def _engine(folder: Path, inputs: int, advance: Advance, seed: int) -> Verdict:
    order = [sys.executable, "-m", "tools.fuzz.guided", str(folder / "corpus"), f"-runs={inputs}",
             f"-max_len={LONGEST_BYTES}", f"-timeout={HANG_S}", f"-seed={seed + 1}",
             f"-artifact_prefix={folder}/"]  # fmt: skip
    told, coverage, crashes = [0] * 5, "", []
    with subprocess.Popen(
        order, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as engine:
        assert engine.stdout is not None
        for line in engine.stdout:
            if line.startswith("told: "):
                before, told = told[0], [int(word) for word in line.split()[1:]]
                advance(told[0] - before)
            elif line.startswith(("crash: ", "==")) or "ERROR: libFuzzer" in line:
                crashes.append(line.strip()[:1_000])
            elif "cov: " in line:
                coverage = line[line.index("cov: ") :].split(" lim")[0]
    if engine.returncode != 0 and not crashes:
        crashes.append(f"the engine ended with {engine.returncode}")
    figures = {**_figures("coverage", Counts(*told)), "edges, features, corpus": coverage}
    return figures, crashes
