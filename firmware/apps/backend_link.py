"""The link to the back end as the parameters and the security profile want it."""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware.io.clock import now_ms
from firmware.io.tls import Shown, TlsConfig
from firmware.io.ws import BackendLink, LinkConfig
from firmware.model.settings import Settings

TLS_PROFILE, CERTIFICATE_PROFILE = 2, 3  # each has what those before it have


def backend_link(
    settings: Settings, post: Callable[[object], None], shown: Shown, *, simulated: bool
) -> BackendLink | None:
    """Return the link; `None` for a station that is to stand alone."""
    if not settings.text("ocpp_ws_url") or settings.text("backend_connection_type") == "none":
        return None
    config = link_config(settings, shown, simulated=simulated)
    return BackendLink(config, post, jitter=random.random, now_ms=now_ms)


def link_config(settings: Settings, shown: Shown, *, simulated: bool) -> LinkConfig:
    """Return where to connect and what to show; a profile with TLS makes wss:// of ws://.

    A simulated station lives on any machine: it takes whatever way there is.
    """
    profile = settings.number("ocpp:SecurityProfile")
    url = settings.text("ocpp_ws_url")
    if profile >= TLS_PROFILE and url.startswith("ws://"):
        url = "wss://" + url.removeprefix("ws://")
    by_certificate = profile >= CERTIFICATE_PROFILE
    return LinkConfig(
        url,
        settings.text("ocpp_chargebox_identity"),
        password="" if by_certificate else settings.text("ocpp_basic_auth_password"),
        proxy=settings.text("ocpp_ws_proxy") or None,
        ping_interval_s=settings.number("ocpp_ws_keepalive_interval"),
        open_timeout_s=settings.number("backend_connection_timeout"),
        tls=_tls(settings, shown, profile),
        interface="" if simulated else settings.text("backend_connection_type"),
    )


def _tls(settings: Settings, shown: Shown, profile: int) -> TlsConfig:
    """Return how TLS is checked: with a profile that has it, in full and by installed roots."""
    if profile < TLS_PROFILE:
        return TlsConfig(settings.text("ocpp_ssl_strictness_client"), shown.roots)
    client = shown.client if profile >= CERTIFICATE_PROFILE else None
    return TlsConfig(roots=shown.roots, system_roots=not shown.roots, client=client)
