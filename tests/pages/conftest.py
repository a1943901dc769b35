"""A station of the simulated board, and a person before its pages: on a phone, and at a desk."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

WAIT_S = 60
PASSWORD = "a quiet blue wallbox"
SIZES = {"phone": (390, 844), "desk": (1280, 900)}
CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=WAIT_S * 1_000)  # how soon is not what these tests say
QUIET = [  # nothing is asked of the network, and no sandbox for root
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@dataclass
class Station:
    """A running station: where its pages are, what stands on its label, the world around it."""

    pages: str
    bench: str
    labels: dict[str, str]
    changed: set[str] = field(default_factory=set)

    def first(self, user):
        """Return the password of the label; empty once that user has chosen another."""
        return "" if user in self.changed else self.labels[user]

    def world(self, **asked):
        """Do something at the station: plug, swipe, a fault."""
        host, _, port = self.bench.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=WAIT_S) as line:
            line.sendall(json.dumps(asked).encode() + b"\n")
            with line.makefile() as answers:
                answer = json.loads(answers.readline())
        assert answer["ok"] is True, answer
        return answer


@contextmanager
def running(repository, state, sets=()):
    """A station with some settings, as long as it is needed."""
    more = [word for one in sets for word in ("--set", one)]
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.cli", "run", "--board", "boards/mock.toml",
         "--state", str(state), "--log", str(state / "log"), "--local", "127.0.0.1:0", *more],
        cwd=repository, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        ready = json.loads(process.stdout.readline())
        labels = json.loads((state / "first-passwords").read_text())
        yield Station(ready["local"][0], ready["bench"], labels)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)
        process.stdout.close()


@pytest.fixture
def sets():
    """What is set at the station; a test file may want more than the factory."""
    return ()


@pytest.fixture
def station(repository, tmp_path, sets):
    """A station as it leaves the factory, or as `sets` says, for one test."""
    with running(repository, tmp_path, sets) as made:
        yield made


@pytest.fixture(scope="package")
def shared(repository, tmp_path_factory):
    """A station for all that leave it as it left the factory, but for the users' passwords.

    A file of such tests takes it as its `station`; by `xdist_group("pages")` it is started once.
    """
    with running(repository, tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.fixture(scope="module")
def browser():
    """Chromium without a screen; Playwright holds the thread's event loop, so it goes soon."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@dataclass
class Person:
    """Somebody who looks and clicks; what the browser complains of is kept."""

    page: object
    size: str
    complaints: list[str]
    screens: Path | None

    def signs_in(self, user, station):
        """Sign in; by the password of the label the first time, which has to be changed."""
        page, first = self.page, station.first(user)
        page.get_by_role("combobox", name="User", exact=True).select_option(user)
        page.get_by_label("Password", exact=True).fill(first or PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        if first:
            page.get_by_label("Password used now").fill(first)
            page.get_by_label("New password", exact=True).fill(PASSWORD)
            page.get_by_label("New password again").fill(PASSWORD)
            page.get_by_role("button", name="Change password").click()
        page.get_by_role("heading", name="Dashboard", level=1).wait_for()
        station.changed.add(user)

    def opens(self, name):
        """Go to a page by the menu, which a phone folds away."""
        menu = self.page.get_by_role("button", name="Menu")
        if menu.is_visible() and menu.get_attribute("aria-expanded") == "false":
            menu.click()
        links = self.page.get_by_role("navigation", name="Main menu")
        links.get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", name=name, level=1).wait_for()

    def allows(self, card):
        """Add a card to the whitelist by its number."""
        page = self.page
        self.opens("Whitelists")
        page.get_by_role("button", name="Add entry").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Id", exact=True).fill(card)
        dialog.get_by_role("button", name="Add entry").click()
        expect(dialog.get_by_role("list", name="Added now")).to_contain_text(card)
        dialog.get_by_role("button", name="Finish").click()

    def outlet(self, number):
        """Return the card of an outlet."""
        return self.page.get_by_role("region", name=f"Outlet {number}", exact=True)

    def keeps(self, name):
        """Keep a picture, where POWERSTATION_SCREENS asks for it."""
        if self.screens is not None:
            self.screens.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.screens / f"{name}-{self.size}.png")


@pytest.fixture(params=SIZES)
def person(request, browser, station, repository):
    """Somebody with a phone in hand, and somebody at a desk."""
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-GB"
    )
    context.set_default_timeout(WAIT_S * 1_000)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto(station.pages)
    kept = repository / "docs/screens" if os.environ.get("POWERSTATION_SCREENS") else None
    yield Person(page, request.param, complaints, kept)
    context.close()
    assert complaints == []
