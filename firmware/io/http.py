"""The HTTP shell: listeners, limits, headers, files; what is asked is not its business.

Every request passes `guard` first: hosts that may be meant, sizes, who may frame us, what scripts
may do. [E5 16 to 24]
"""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import mimetypes
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

BODY_MAX_BYTES = 1 << 20
LINE_MAX_BYTES, FIELD_MAX_BYTES = 8_190, 16_384
KEEP_ALIVE_S = 30
IP_FREEBIND = 15
OPEN_MAX, OPEN_PER_ADDRESS_MAX = 128, 32  # requests under way, live ones among them
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "powerstation",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_NAMED = ("localhost",)
_ENDS = (".local", ".lan", ".home", ".home.arpa", ".internal", ".fritz.box")


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen; `local` is the address that only a cable at the station reaches."""

    host: str
    port: int
    local: bool = False
    tls: ssl.SSLContext | None = None
    device: str = ""  # the only interface on which it answers
    shares: bool = False  # its port, with one that answers on a device alone

    def socket(self) -> socket.socket:
        """Return a socket that listens; raise `OSError`."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.device:  # an address alone is reached from any interface
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.device.encode())
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                made.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
            elif self.shares:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind((self.host, self.port))
        except OSError:
            made.close()
            raise
        return made


def host_allowed(host: str, names: Iterable[str]) -> bool:
    """Return whether a Host header may mean this station: no page elsewhere can rebind to it."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        bare = "." not in name and name.replace("-", "").isalnum()
        return name in (*_NAMED, *names) or name.endswith(_ENDS) or bare
    return True


def guard(names: Iterable[str], problem: Callable[[int, str], web.Response]) -> object:
    """Return the middleware that every request passes first."""
    known = tuple(name.lower() for name in names)
    under_way: Counter[str] = Counter()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        source = request.remote or ""
        if not host_allowed(request.headers.get("Host", ""), known):
            return problem(400, "this station does not go by that name; use its address")
        if under_way.total() >= OPEN_MAX or under_way[source] >= OPEN_PER_ADDRESS_MAX:
            return problem(503, "too many requests at once; close some pages")
        under_way[source] += 1
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return problem(413, f"the request is larger than {BODY_MAX_BYTES} bytes")
        except web.HTTPNotFound:
            return problem(404, "there is no such page")
        except web.HTTPMethodNotAllowed:
            return problem(405, f"{request.method} is not for this address")
        finally:
            under_way[source] -= 1
            if not under_way[source]:
                del under_way[source]

    return middleware


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the headers that keep browsers from mischief."""
    response.headers.update(HEADERS)
    if request.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


def redirecting() -> web.Application:
    """Return an application that leads every page to the same one by TLS."""

    async def lead(request: web.Request) -> web.Response:
        host = request.headers.get("Host", "").partition(":")[0]
        if not host_allowed(host, ()):
            return web.Response(status=400, text="use the address of the station")
        return web.Response(status=308, headers={"Location": f"https://{host}{request.raw_path}"})

    app = web.Application(client_max_size=1_024)
    app.on_response_prepare.append(add_headers)
    app.router.add_route("*", "/{name:.*}", lead)
    return app


class Files:
    """Files that are served: read once, packed once; nothing else of the disk is reachable."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, tuple[bytes, bytes, str, str]] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.is_file():
                data = path.read_bytes()
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
                packed = gzip.compress(data, 9, mtime=0)
                self._files[path.relative_to(folder).as_posix()] = (data, packed, kind, tag)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def answer(self, request: web.Request, name: str) -> web.Response:
        """Return a file, or that the browser has it already."""
        data, packed, kind, tag = self._files[name]
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", "") and len(packed) < len(data):
            headers["Content-Encoding"] = "gzip"
            data = packed
        text = kind.startswith("text/") or kind in ("application/javascript", "application/json")
        charset = "utf-8" if text else None
        return web.Response(body=data, content_type=kind, charset=charset, headers=headers)


async def listen(
    app: web.Application, listeners: Iterable[Listener]
) -> tuple[web.AppRunner, list[str]]:
    """Open the listeners; return the runner and where each listens. Raise `OSError`."""
    runner = web.AppRunner(
        app,
        handle_signals=False,
        access_log=None,
        keepalive_timeout=KEEP_ALIVE_S,
        max_line_size=LINE_MAX_BYTES,
        max_field_size=FIELD_MAX_BYTES,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    places: list[str] = []
    for one in listeners:
        sock = one.socket()
        await web.SockSite(runner, sock, ssl_context=one.tls, backlog=64).start()
        places.append(f"{one.host}:{sock.getsockname()[1]}")
    return runner, places
