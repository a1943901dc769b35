"""Files by HTTP and HTTPS: PUT, else POST of a form; GET that goes on where it ended.

An upload is not led to another host by a redirect, and nothing is led from HTTPS to HTTP. Name
and password of a location are sent as Basic authentication to its own host only.
"""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from firmware.io.file_line import (
    BLOCK_BYTES,
    Address,
    Bounds,
    Line,
    TransferFailed,
    Watch,
    address_of,
    connected,
    encrypted,
)
from firmware.model.transfers import Trouble

REDIRECTS_MAX = 3
_BOUNDARY = "powerstation-file-7d1f3a5b9c"
_LEADS = (301, 302, 303, 307, 308)
_KEEPS_METHOD = (307, 308)
_OTHER_METHOD = (405, 501)
_HTTP = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Way:
    """What every request of one transfer shares."""

    line: Line
    watch: Watch
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries."""

    content: bytes = b""
    kind: str = ""

    def blocks(self) -> Iterator[bytes]:
        """Yield it in pieces."""
        for start in range(0, len(self.content), BLOCK_BYTES):
            yield self.content[start : start + BLOCK_BYTES]


def bring(url: str, name: str, content: bytes, way: Way) -> None:
    """Upload a file; a location that ends with `/` is a folder. Raise `TransferFailed`."""
    address = address_of(url)
    path, mark, query = address.path.partition("?")
    if path.endswith("/"):
        address = replace(address, path=f"{path}{name}{mark}{query}")
    code = _put(address, "PUT", Body(content, "application/zip"), way)
    if code in _OTHER_METHOD:
        code = _put(address_of(url), "POST", _form(name, content), way)
    if not 200 <= code < 300:
        raise _refused(code)


def fetch(url: str, headers: Mapping[str, str], way: Way) -> http.client.HTTPResponse:
    """Return the answer to a GET, with its body still to be read."""
    address = address_of(url)
    own_host = address.host
    for _ in range(REDIRECTS_MAX + 1):
        answer = _asked(address, "GET", Body(), dict(headers), way)
        if answer.status not in _LEADS:
            return answer
        onward = _led(address, answer)
        login = onward.host == own_host and onward.encrypted >= address.encrypted
        address = replace(onward, name=address.name, password=address.password) if login else onward
    raise TransferFailed("the server redirects too often")


def _put(address: Address, method: str, body: Body, way: Way) -> int:
    for _ in range(REDIRECTS_MAX + 1):
        answer = _asked(address, method, body, {}, way)
        answer.close()
        if answer.status not in _KEEPS_METHOD:
            return answer.status
        onward = _led(address, answer)
        if onward.host != address.host:
            raise TransferFailed("the server redirects the upload to another host")
        address = replace(onward, name=address.name, password=address.password)
    raise TransferFailed("the server redirects too often")


def _led(address: Address, answer: http.client.HTTPResponse) -> Address:
    where = answer.getheader("Location", "")
    answer.close()
    port = "" if address.port == _HTTP[address.scheme] else f":{address.port}"
    onward = address_of(urljoin(f"{address.scheme}://{_host(address)}{port}{address.path}", where))
    if onward.scheme not in _HTTP or (address.encrypted and not onward.encrypted):
        raise TransferFailed("the server redirects to a line without TLS")
    return onward


def _asked(
    address: Address, method: str, body: Body, headers: dict[str, str], way: Way
) -> http.client.HTTPResponse:
    raw = connected(address, way.line, way.watch, way.bounds.silence_s)
    socket = encrypted(raw, address, way.line) if address.encrypted else raw
    connection = http.client.HTTPConnection(address.host, address.port)
    connection.sock = socket
    port = "" if address.port == _HTTP[address.scheme] else f":{address.port}"
    headers = {"Host": f"{_host(address)}{port}", "Connection": "close", **headers}
    headers["Accept-Encoding"] = "identity"
    if address.name or address.password:
        login = base64.b64encode(f"{address.name}:{address.password}".encode()).decode()
        headers["Authorization"] = f"Basic {login}"
    if method != "GET":
        headers |= {"Content-Type": body.kind, "Content-Length": str(len(body.content))}
    try:
        # a server that has decided does not read to the end: what it says counts
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            connection.request(method, address.path, body.blocks() if body.kind else None, headers)
        return connection.getresponse()
    except (http.client.HTTPException, ValueError) as problem:
        raise TransferFailed(f"the server broke HTTP: {type(problem).__name__}") from None


def _form(name: str, content: bytes) -> Body:
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/zip\r\n\r\n"
    )
    whole = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return Body(whole, f"multipart/form-data; boundary={_BOUNDARY}")


def _host(address: Address) -> str:
    return f"[{address.host}]" if ":" in address.host else address.host


def _refused(code: int) -> TransferFailed:
    trouble = Trouble.OTHER
    if code in (401, 403, 407):
        trouble = Trouble.DENIED
    elif code in _OTHER_METHOD:
        trouble = Trouble.NOT_SUPPORTED
    return TransferFailed(f"the server answered {code}", trouble)
