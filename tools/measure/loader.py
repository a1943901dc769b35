"""The load beside which the pilot process is measured: a password hash and 3 MB of JSON in a
loop, at ordinary priority, as a busy station process would."""

from __future__ import annotations

import hashlib
import json
import threading


def _hash() -> None:
    while True:
        hashlib.scrypt(b"yellow_zone", salt=b"0123456789abcdef", n=2**14, r=8, p=1)


def main() -> None:
    """Work until killed."""
    threading.Thread(target=_hash, daemon=True).start()
    rows = [{"at": i, "text": "x" * 40, "values": [i, i + 1, i + 2]} for i in range(32_000)]
    while True:
        json.loads(json.dumps(rows))


if __name__ == "__main__":
    main()
