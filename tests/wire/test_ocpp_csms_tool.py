"""The bench back end as a program: ready line, frames, commands and clear words for bad ones."""

import asyncio
import json
import subprocess
import sys

import pytest

from firmware.model.backend import Answer, BackendReady, ConfigurationAnswer, KeyValue
from tests.wire.ocpp_station import leave, station, within


def decide(wish):
    match type(wish).__name__:
        case "ConfigurationRequested":
            yield ConfigurationAnswer(wish.call, (KeyValue("A", False, "1"),), ())
        case "ResetRequested" | "RemoteStartRequested" | "ConfigurationChangeRequested":
            yield Answer(wish.call, "Accepted")
        case "UnlockRequested":
            yield Answer(wish.call, "Unlocked")


DIALOGUE = [
    ("reset soft", "answer", "Accepted"),
    ("reset gently", "error", "A reset is soft or hard, not 'gently'"),
    ("start 1 TAG", "answer", "Accepted"),
    ("start one TAG", "error", "The connector must be a whole number, not 'one'"),
    ("start 1", "error", "Write it like this: start CONNECTOR TOKEN"),
    ("get A", "answer", '{"values": {"A": "1"}, "unknown": []}'),
    ("set A two words", "answer", "Accepted"),
    ("unlock 1", "answer", "Unlocked"),
    ("trigger heartbeat", "answer", "Accepted"),
    ("trigger Nothing", "error", None),
    ("fly", "error", "There is no command 'fly'; try: help"),
    ("ledger", "answer", "0 retransmissions, 0 duplicates"),
]


def test_commands_get_an_answer_or_a_clear_sentence(tmp_path):
    script = tmp_path / "script"
    script.write_text("# first of all\nreset hard\n")

    async def story():
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.csms", "--json", "--listen", "127.0.0.1:0",
            "--script", str(script), stdin=pipe, stdout=pipe,
        )  # fmt: skip

        async def line_with(*names):
            while True:
                line = json.loads(await process.stdout.readline())
                if any(name in line for name in names):
                    return line

        ready = await line_with("ready")
        me = station(f"ws://127.0.0.1:{ready['port']}", decide)
        await me.until(lambda: any(isinstance(wish, BackendReady) for wish in me.wishes))
        assert await line_with("answer") == {"answer": "Accepted"}
        for typed, kind, word in DIALOGUE:
            process.stdin.write(typed.encode() + b"\n")
            reply = await line_with("answer", "error")
            assert kind in reply, (typed, reply)
            assert word is None or reply[kind] == word
        await leave(me)
        assert me.recorder.problems() == []
        process.terminate()
        await process.wait()

    within(20, story)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--listen", "here"], "--listen wants HOST:PORT, not 'here'"),
        (["--script", "/nowhere"], "Cannot read the script /nowhere: No such file or directory"),
    ],
)
def test_bad_arguments_end_with_a_sentence(arguments, sentence):
    command = [sys.executable, "-m", "tools.csms", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (run.returncode, run.stderr.strip()) == (1, sentence)
