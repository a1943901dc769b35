"""What a message says and where it goes, from the parameters alone."""

from __future__ import annotations

from email.message import EmailMessage

from firmware.model.mail import MailServer
from firmware.model.settings import Settings


def server(settings: Settings) -> MailServer:
    """Return the mail server of the parameters."""
    return MailServer(
        settings.text("email_smtp_server"),
        settings.number("email_smtp_port"),
        settings.text("email_smtp_security"),
        settings.text("email_smtp_username"),
        settings.text("email_smtp_password"),
    )


def lacking(settings: Settings) -> str:
    """Say what has to be set before a message can be sent; nothing if all is there."""
    if not settings.flag("email_enabled"):
        return "email_enabled: is off; switch it on, save and restart"
    if not _sender(settings):
        return "email_sender: is empty, and email_smtp_username is no address either"
    return ""


def trial_message(settings: Settings, when: str) -> EmailMessage:
    """Return the message of the test button, in plain text. [P060]"""
    name = settings.text("ocpp_chargebox_identity")
    place = settings.text("email_location") or "(no location is set)"
    message = EmailMessage()
    message["From"] = _sender(settings)
    message["To"] = settings.text("email_recipient")
    message["Subject"] = f"Test message of charge point {name}"
    message.set_content(
        f"This is a test message.\n\nCharge point: {name}\nLocation: {place}\nTime: {when}\n"
    )
    return message


def _sender(settings: Settings) -> str:
    """Return the From address; empty is the user name. [P061]"""
    user = settings.text("email_smtp_username")
    return settings.text("email_sender") or (user if "@" in user else "")
