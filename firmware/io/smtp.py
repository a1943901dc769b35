"""Sends one message by SMTP; what went wrong is a sentence for people."""

from __future__ import annotations

import ssl
from email.message import EmailMessage

import aiosmtplib

from firmware.model.mail import MailServer

WAIT_S = 15.0


class NotSent(Exception):
    """The message did not leave; the text says why and what to look at."""


async def send(server: MailServer, message: EmailMessage, *, check: bool = True) -> None:
    """Send a message; raise `NotSent`. Only tests do without checking the certificate."""
    context = ssl.create_default_context()
    if not check:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=context,
            timeout=WAIT_S,
        )
    except aiosmtplib.SMTPAuthenticationError as problem:
        raise NotSent(f"{server.host} refuses user name or password ({problem.code})") from problem
    except aiosmtplib.SMTPRecipientsRefused as problem:
        raise NotSent(f"{server.host} does not take mail for this recipient") from problem
    except aiosmtplib.SMTPResponseException as problem:
        raise NotSent(f"{server.host} answered {problem.code} {problem.message}"[:200]) from problem
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as problem:
        said = str(problem) or type(problem).__name__
        raise NotSent(f"{server.host}:{server.port} cannot be used: {said}"[:200]) from problem
