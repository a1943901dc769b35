"""What `webd` may ask of the station: everything goes by a session that was signed in here.

The page process can claim no role and holds no password: it passes words on, with the token of
whoever sent them. Passwords are checked in a thread, one at a time, so that logins cannot hold
anything up.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware import VERSION
from firmware.apps.files import diagnostics, security_log
from firmware.apps.incoming import Incoming
from firmware.config.kinds import PASSWORD_HIGH
from firmware.config.param import Role
from firmware.config.registry import find
from firmware.io.bundle import bundle, journal
from firmware.io.loop import loop_ms
from firmware.io.passwords import first_passwords, hashed, matches, same
from firmware.io.smtp import NotSent, send
from firmware.io.sqlite import Writer
from firmware.mail import message as mail
from firmware.model.people import SignInTried
from firmware.model.transfers import Span
from firmware.station.command import no
from firmware.station.commands import TABLE, Commands
from firmware.station.samples import SAMPLE_S, SAMPLES_KEPT, sample
from firmware.station.snapshot import page_status
from firmware.station.words import when
from firmware.storage import rows
from firmware.web.accounts import MAKERS, USERS, Accounts, Session
from firmware.web.passwords import too_weak

SOCKET_NAME = "web.sock"
Words = Mapping[str, Any]
Told = dict[str, object]
_OWN = ("session", "logout", "password")  # what somebody may do who has to change the password
_UPDATES = ("update_begin", "update_part", "update_install", "update_drop")
_OPERATORS = ("transactions", "logs", "email_test", "update", *_UPDATES)
_POLLED = (
    "limits",
    "site",
    "pairing",
    "update",
)  # a page asks these by itself: nobody need be there
_CHANGING = ("logout", "password", "email_test", *_UPDATES)
_NOBODY = hashed("nobody has this password: it is compared for users who do not exist")


@dataclass(frozen=True, slots=True)
class Around:
    """What is around the machine: where first passwords lie, what status tells, what comes in."""

    folders: Sequence[Path]
    about: Told  # board, simulated
    incoming: Incoming


class WebDesk:
    """The commands of the page process."""

    def __init__(
        self,
        commands: Commands,
        post: Callable[[object], None],
        writer: Writer,
        around: Around,
    ) -> None:
        self.commands, self.core = commands, commands.station
        self.post, self.writer, self.about = post, writer, around.about
        self._updates = around.incoming.commands
        self.loop = asyncio.get_running_loop()
        self.accounts = Accounts()
        self.first = first_passwords(around.folders, USERS)
        self.samples: deque[dict[str, object]] = deque(maxlen=SAMPLES_KEPT)
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._hashing = ThreadPoolExecutor(1, "passwords")
        self._zipping = ThreadPoolExecutor(1, "logs")
        self._own: dict[str, Callable[[Words, Session], Told | Awaitable[Told]]] = {
            "session": lambda words, session: self._session(session),
            "logout": self._logout,
            "password": self._password,
            "status": lambda words, session: self._status(session),
            "samples": lambda words, session: {"ok": True, "samples": list(self.samples)},
            "transactions": self._transactions,
            "logs": self._logs,
            "email_test": self._email_test,
        }
        self.loop.call_later(SAMPLE_S, self._sample)

    def close(self) -> None:
        """Forget everybody."""
        self._hashing.shutdown(wait=False, cancel_futures=True)
        self._zipping.shutdown(wait=False, cancel_futures=True)

    async def take(self, words: Words) -> Told:
        """Carry out one command of the page process."""
        name, now_ms = words.get("do"), loop_ms(self.loop)
        if name == "login":
            return await self._login(words)
        token = words.get("session")
        touch = words.get("touch") is not False and name not in _POLLED
        found = self.accounts.find(token, now_ms, touch=touch) if isinstance(token, str) else None
        if found is None:
            language = self.core.configuration.settings.text("ui_language")
            return {**no("sign in first", code="signin")[0], "language": language}
        if found.must_change and name not in _OWN:
            return no("choose a password of your own first", code="change")[0]
        changes = name in _CHANGING or (name in TABLE and TABLE[name].changes)
        if changes and not same(str(words.get("csrf")), found.csrf):
            return no("the page is not the one that signed in; load it again", code="csrf")[0]
        if name in _OPERATORS and not found.role.may(Role.OPERATOR):
            said = f"{name}: role operator is needed, this is {found.role.value}"
            return no(said, code="forbidden")[0]
        if name in self._updates:
            return await self._updates[name](words)
        if name in self._own:
            answer = self._own[name](words, found)
            return await answer if isinstance(answer, Awaitable) else answer
        values = words.get("values")
        keys = values if isinstance(values, Mapping) else {}
        if name == "set" and any((param := find(key)) and param.password for key in keys):
            return no("passwords are changed by the old one, at System, Passwords")[0]
        asked = {key: value for key, value in words.items() if key not in ("session", "csrf")}
        answer, facts = self.commands.take(
            {**asked, "role": found.role.value}, now_ms, who=found.user, by="web"
        )
        for fact in facts:
            self.post(fact)
        return answer

    # -- signing in -------------------------------------------------------------------------

    async def _login(self, words: Words) -> Told:
        user, password, source = (str(words.get(k, "")) for k in ("user", "password", "source"))
        local = words.get("local") is True
        wait_ms = self.accounts.wait_ms(source, loop_ms(self.loop))
        if wait_ms:
            wait_s = -(-wait_ms // 1_000)
            said = f"too many wrong passwords from here; try again in {wait_s} s"
            return {**no(said, code="wait")[0], "retry_after_s": wait_s}
        must_change = await self._judge(user, password[: PASSWORD_HIGH * 4], local=local)
        now_ms = loop_ms(self.loop)
        self.post(SignInTried(user[:20] if user in USERS else "unknown", source[:45],
                              must_change is not None))  # fmt: skip
        if must_change is None:
            self.accounts.failed(source, now_ms)
            return no("user or password is wrong", code="signin")[0]
        self.accounts.succeeded(source)
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        session = Session(user, USERS[user], csrf, now_ms, now_ms, must_change, local)
        self.accounts.open(token, session)
        return {**self._session(session), "token": token}

    async def _judge(self, user: str, password: str, *, local: bool) -> bool | None:
        """Return whether the password has to be changed first; `None`: it is wrong."""
        kept = ""
        if user in USERS:
            kept = self.core.configuration.settings.text(f"{user}_password")
        checked = await self.loop.run_in_executor(self._hashing, matches, password, kept or _NOBODY)
        if kept or user not in USERS:
            return False if kept and checked else None
        makers = local and user == MAKERS[0] and same(password, MAKERS[1])
        first = user in self.first and same(password, self.first[user])
        return True if makers or first else None

    def _session(self, session: Session) -> Told:
        return {
            "ok": True, "user": session.user, "role": session.role.value, "csrf": session.csrf,
            "must_change": session.must_change, "local": session.local,
            "language": self.core.configuration.settings.text("ui_language"),
        }  # fmt: skip

    def _logout(self, words: Words, _session: Session) -> Told:
        self.accounts.close(str(words.get("session")))
        return {"ok": True}

    async def _password(self, words: Words, session: Session) -> Told:
        """Change one's own password, or a lower role's, by one's own old one."""
        old, new = str(words.get("old", "")), str(words.get("new", ""))
        user = str(words.get("user") or session.user)
        if user not in USERS or not session.role.may(USERS[user]):
            return no(f"password: {session.user} may not set that of {user}", code="forbidden")[0]
        source = f"session of {session.user}"
        if self.accounts.wait_ms(source, loop_ms(self.loop)):
            return no("too many wrong passwords; wait some minutes", code="wait")[0]
        if await self._judge(session.user, old, local=session.local) is None:
            self.accounts.failed(source, loop_ms(self.loop))
            return no("the old password is wrong", code="refused")[0]
        weak = too_weak(new, user, self.first.values())
        if weak:
            return no(weak)[0]
        if user != session.user and session.must_change:
            return no("choose a password of your own first", code="change")[0]
        answer, facts = self.commands.take(
            {"do": "set", "values": {f"{user}_password": new}, "role": Role.MANUFACTURER.value},
            loop_ms(self.loop), who=session.user, by="web",
        )  # fmt: skip
        for fact in facts:
            self.post(fact)
        if answer["ok"]:
            await self._hashed(f"{user}_password")
            if user == session.user:
                session.must_change = False
            self.accounts.close_user(user, but=str(words.get("session")))
        return answer

    def hash_password(self, key: str, text: str, done: Callable[[str, str], None]) -> None:
        """Hash in the thread; `done` is called in the loop."""

        def hashing() -> None:
            self.loop.call_soon_threadsafe(told, hashed(text))

        def told(kept: str) -> None:
            done(key, kept)
            for waiting in self._waiting.pop(key, []):
                _settle(waiting, None)

        self._hashing.submit(hashing)

    async def _hashed(self, key: str) -> None:
        """Wait until a new password is on the disk: the old one must not open any more."""
        future: asyncio.Future[None] = self.loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        await future
        await self._query(lambda _query: None)

    # -- looking ----------------------------------------------------------------------------

    def _status(self, session: Session) -> Told:
        status = page_status(self.core, loop_ms(self.loop))
        station = status["station"]
        assert isinstance(station, dict)
        station |= {"firmware": VERSION, **self.about}
        if session.role is Role.USER:
            _mask(status)
        return {"ok": True, **status}

    async def _transactions(self, words: Words, _session: Session) -> Told:
        limit, before = words.get("limit", 50), words.get("before")
        if type(limit) is not int or not 1 <= limit <= 200:
            return no("transactions: limit is 1 to 200")[0]
        number = int(before) if isinstance(before, str) and before.isdigit() else None
        page = await self._query(lambda query: rows.page(query, limit, number))
        if page is None:
            return no("transactions: the database cannot be read now", code="conflict")[0]
        told = [
            {
                "key": t.key, "outlet": t.outlet, "token": t.token,
                "began": when(self.core, t.began),
                "ended": None if t.ended is None else when(self.core, t.ended),
                "energy_wh": t.last_wh - t.meter_start_wh,
                "stop_reason": t.stop_reason.value if t.stop_reason else None,
                "transaction_id": t.transaction_id, "delivered": delivered,
            }
            for _, t, delivered in page
        ]  # fmt: skip
        more = str(page[-1][0]) if len(page) == limit else None
        return {"ok": True, "transactions": told, "next": more}

    async def _query(self, run: Callable[[rows.Query], Any]) -> Any:
        """Run a query in the writer's thread: the connection is its own."""
        future: asyncio.Future[Any] = self.loop.create_future()
        database = self.writer.database

        def work() -> None:
            try:
                found = run(database.query)
            except sqlite3.Error:
                found = None
            self.loop.call_soon_threadsafe(_settle, future, found)

        self.writer.submit([], work)
        return await future

    async def _logs(self, _words: Words, _session: Session) -> Told:
        """Return the ZIP of diagnostics; it is made in a thread."""
        span = Span()
        texts = diagnostics(self.core)
        database = self.writer.database
        log = await self._query(lambda _query: security_log(database, span))

        def work() -> str:
            whole = {**texts, "security.log": log, "journal.log": journal(span)}
            return base64.b64encode(bundle(whole, datetime.now(UTC))).decode()

        return {"ok": True, "zip": await self.loop.run_in_executor(self._zipping, work)}

    async def _email_test(self, _words: Words, _session: Session) -> Told:
        """Send a test message by the parameters with which the station has started. [P060]"""
        desk = self.core.configuration
        waiting = sorted(key for key in desk.waiting if key.startswith("email_"))
        lack = f"{waiting[0]}: acts after a restart" if waiting else mail.lacking(desk.settings)
        if lack:
            return no(lack, code="conflict")[0]
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        try:
            await send(mail.server(desk.settings), mail.trial_message(desk.settings, at))
        except NotSent as problem:
            return no(f"email_smtp_server: {problem}", code="conflict")[0]
        return {"ok": True, "text": f"sent to {desk.settings.text('email_recipient')}"}

    def _sample(self) -> None:
        self.samples.append(sample(self.core, int(datetime.now(UTC).timestamp())))
        self.loop.call_later(SAMPLE_S, self._sample)


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _mask(status: dict[str, object]) -> None:
    """Hide whose card it is from who may only look. [E5 19]"""
    outlets = status["outlets"]
    assert isinstance(outlets, list)
    for outlet in outlets:
        outlet["token"] = None if outlet["token"] is None else "***"
    status["last_card"] = None
    status["learning"] = {"on": False, "learned": [], "ends_in_s": None}
