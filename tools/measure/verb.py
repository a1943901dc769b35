"""One verb of the bench protocol: `python -m tools.measure.verb HOST:PORT '{"do": "look"}'`."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from firmware.apps.bench_client import BenchClient


async def done(bench: str, verb: dict[str, Any]) -> dict[str, Any]:
    """Do it; return the answer, raise `Refused` or `OSError`."""
    client = BenchClient()
    await client.connect(bench)
    return await client.do(verb.pop("do"), **verb)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(done(sys.argv[1], json.loads(sys.argv[2])))))
