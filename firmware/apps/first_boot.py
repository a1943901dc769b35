"""`powerstation first-boot`: makes a station one of its kind, and takes its board from the card.

Run at every start; what is there already stays as it is. The board is named by a person, on the
card's first partition or by `powerstation board`, and never guessed.
"""

from __future__ import annotations

import argparse
import contextlib
import grp
import re
import socket
import sys
from pathlib import Path

from firmware.io.passwords import FIRST, make_first
from firmware.io.unique import IDENTITY, hostname, make_unique, put
from firmware.web.accounts import USERS
from hal.board import BoardErrors, load_board

BOARD, KEYS = "board.toml", "authorized_keys"
CARD_FILE = "station.txt"
GROUP = "powerstation"
UNNAMED = "no board is chosen, so nothing is driven; `powerstation board` lists them"


def boards() -> dict[str, Path]:
    """Return the board files that ship, by name."""
    top = Path(__file__).parent.parent
    beside = top.parent / "boards"
    folder = beside if beside.is_dir() else top / "boards"
    return {path.stem: path for path in sorted(folder.glob("[a-z]*.toml"))}


def asked_board(text: str) -> str | None:
    """Return the board that a person has named on the card."""
    line = re.search(r"^[ \t]*board[ \t]*=[ \t]*(\w+)[ \t\r]*$", text, re.M)
    return line[1] if line else None


def choose(name: str, etc: Path) -> str:
    """Make a shipped board the station's, return its name; raise `BoardErrors`, `OSError`."""
    known = boards()
    if name not in known:
        raise BoardErrors((f"{name} is no board that ships; known: {', '.join(known)}",))
    profile = load_board(known[name])
    put(etc / BOARD, known[name].read_text(), 0o644)
    return profile.name


def settle(etc: Path, card: Path | None) -> list[str]:
    """Do what is still to be done; return a sentence for each thing done, none of them secret."""
    told = [f"made {name}" for name in make_unique(etc, _group())]
    if not (etc / FIRST).exists():
        make_first(etc / FIRST, USERS, 0o640, _group())
        told.append(f"made {FIRST}; `powerstation first-passwords` tells them to root")
    texts = _card_texts(card)
    if KEYS in texts and not (etc / KEYS).exists():
        put(etc / KEYS, texts[KEYS], 0o644)
        told.append(f"took {KEYS} from the card")
    if (etc / BOARD).exists():
        return told
    if BOARD in texts:
        fresh = etc / f"card-{BOARD}"
        put(fresh, texts[BOARD], 0o644)
        load_board(fresh)
        fresh.replace(etc / BOARD)
        return [*told, f"took {BOARD} from the card"]
    name = asked_board(texts.get(CARD_FILE, ""))
    return [*told, UNNAMED if name is None else f"the board is {choose(name, etc)}"]


def rename(etc: Path, file: Path) -> str:
    """Give the machine a name of its own, for now and for the next boots; return it."""
    name = hostname((etc / IDENTITY.name).read_text(), simulated=_simulated(etc))
    if not file.exists() or file.read_text().strip() != name:
        put(file, name + "\n", 0o644)
    if socket.gethostname() != name:
        socket.sethostname(name)
    return name


def _simulated(etc: Path) -> bool:
    try:
        return load_board(etc / BOARD).simulated
    except BoardErrors:
        return False


def _group() -> int:
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return -1  # a laptop


def _card_texts(card: Path | None) -> dict[str, str]:
    texts: dict[str, str] = {}
    if card is None:
        return texts
    for name in (CARD_FILE, KEYS, BOARD):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts[name] = (card / name).read_text()
    return texts


def main(argv: list[str] | None = None) -> int:
    """Do it; 0, or 1 with a sentence for each thing that could not be done."""
    parser = argparse.ArgumentParser(prog="powerstation first-boot", description=__doc__)
    parser.add_argument("--etc", type=Path, required=True, help="/etc/powerstation")
    parser.add_argument("--card", type=Path, help="the card's first partition, where it is mounted")
    parser.add_argument("--hostname-file", type=Path, help="name the machine, and keep it here")
    args = parser.parse_args(argv)
    code = 0
    try:
        sentences = settle(args.etc, args.card)
    except (BoardErrors, OSError) as problem:
        sentences, code = [str(problem)], 1
    try:
        if args.hostname_file is not None:
            sentences.append(f"the name is {rename(args.etc, args.hostname_file)}")
    except OSError as problem:
        sentences, code = [*sentences, str(problem)], 1
    for sentence in sentences:
        print(f"first-boot: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
