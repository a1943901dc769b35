"""The test message reaches a mail server that we did not write, or a sentence says why not."""

import asyncio

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from firmware.io.smtp import NotSent, send
from firmware.mail.message import lacking, server, trial_message
from tests.pure.rigs import settings

MAIL = {"email_enabled": "on", "email_smtp_server": "127.0.0.1", "email_recipient": "a@example.org",
        "email_sender": "station@example.org", "email_location": "Garage, Käthe",
        "email_smtp_security": "none"}  # fmt: skip


class Box:
    """Keeps what it was given."""

    def __init__(self):
        self.letters = []
        self.port = None  # the one that is tried, if another

    async def handle_DATA(self, _server, _session, envelope):
        self.letters.append(envelope)
        return "250 taken"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def authenticated(_server, _session, _envelope, _mechanism, data):
    right = data.password == b"right"
    return AuthResult(success=right, handled=right)


@pytest.fixture
def box():
    return Box()


def post(box, **more):
    """Send a test message to a server that lives as long as that takes."""
    asyncio.run(posted(box, more))


async def posted(box, more):
    loop = asyncio.get_running_loop()
    place = await loop.create_server(
        lambda: SMTP(box, authenticator=authenticated, auth_require_tls=False, loop=loop),
        "127.0.0.1", 0,
    )  # fmt: skip
    port = box.port or place.sockets[0].getsockname()[1]
    values = settings(**{**MAIL, "email_smtp_port": str(port), **more})
    try:
        await send(server(values), trial_message(values, "2026-01-31T12:00:00Z"))
    finally:
        place.close()


@pytest.mark.covers("P054", "P055", "P058", "P059", "P060", "P061", "P062")
def test_a_test_message_arrives_with_place_and_time_in_plain_text(box):
    post(box)
    (letter,) = box.letters
    assert (letter.mail_from, letter.rcpt_tos) == ("station@example.org", ["a@example.org"])
    text = letter.content.decode()
    assert "Subject: Test message of charge point powerstation" in text
    assert "text/plain" in text and "2026-01-31T12:00:00Z" in text


@pytest.mark.covers("P056", "P057", "P061")
def test_name_and_password_are_used_and_a_wrong_one_is_told(box):
    account = {"email_smtp_username": "me@example.org", "email_sender": ""}
    post(box, **account, email_smtp_password="right")
    assert box.letters[0].mail_from == "me@example.org"
    with pytest.raises(NotSent, match="refuses user name or password"):
        post(box, **account, email_smtp_password="wrong")


@pytest.mark.covers("P062")
def test_a_server_without_tls_is_not_talked_to_in_plain_when_tls_is_wanted(box):
    for security in ("starttls", "tls"):
        with pytest.raises(NotSent):
            post(box, email_smtp_security=security)
    assert box.letters == []


def test_a_recipient_that_is_refused_and_a_port_without_a_server_are_told(box):
    with pytest.raises(NotSent, match="does not take mail for this recipient"):
        post(box, email_recipient="nobody@example.org")
    box.port = 1
    with pytest.raises(NotSent, match=r"127\.0\.0\.1:1 cannot be used"):
        post(box)


@pytest.mark.covers("P053", "P060")
@pytest.mark.parametrize("more, said", [
    ({"email_enabled": "off"}, "email_enabled: is off"),
    ({"email_sender": ""}, "email_sender: is empty"), ({}, ""),
])  # fmt: skip
def test_what_lacks_is_told(more, said):
    assert lacking(settings(**{**MAIL, **more})).startswith(said) and bool(said) == bool(
        lacking(settings(**{**MAIL, **more}))
    )
