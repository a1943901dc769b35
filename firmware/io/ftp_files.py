"""Files by FTP and explicit FTPS (AUTH TLS, PROT P), passive mode only.

The server's number for the data connection is not taken: it goes to where the control connection
goes. Only a reply's code is told: a server may repeat a password in its words.
"""

from __future__ import annotations

import ftplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from typing import Any
from urllib.parse import unquote

from firmware.io.file_line import (
    BLOCK_BYTES,
    Address,
    TransferFailed,
    address_of,
    connected,
)
from firmware.io.tls import client_context, refuse_unbegun
from firmware.io.web_files import Way
from firmware.model.transfers import Trouble


class _Ftps(ftplib.FTP_TLS):
    """FTP_TLS whose data connections resume the session of the control connection.

    Servers ask for that, as a proof that both are of the same client; the library does not do it.
    """

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket, int | None]:
        """Open a data connection."""
        line, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        return self.context.wrap_socket(line, server_hostname=self.host, session=session), size


def bring(url: str, name: str, content: bytes, way: Way) -> None:
    """Upload a file: into the location where that is a folder, else as it. Raise."""
    address = address_of(url)
    with _session(address, way) as ftp:
        folder = unquote(address.path.lstrip("/"))
        target = name if _entered(ftp, folder) else folder
        with _data(ftp, f"STOR {target}", way) as line:
            for start in range(0, len(content), BLOCK_BYTES):
                line.sendall(content[start : start + BLOCK_BYTES])


@contextmanager
def fetched(url: str, way: Way) -> Iterator[tuple[Any, int | None]]:
    """Give a `read(count)` for a file, and its size where the server knows it."""
    address = address_of(url)
    with _session(address, way) as ftp:
        path = unquote(address.path.lstrip("/"))
        size: int | None = None
        ftp.voidcmd("TYPE I")
        with suppress(ftplib.error_perm):  # SIZE is an extension
            size = ftp.size(path)
        with _data(ftp, f"RETR {path}", way) as line:
            yield line.recv, size


def _entered(ftp: ftplib.FTP, folder: str) -> bool:
    if not folder:
        return True
    try:
        ftp.cwd(folder.rstrip("/"))
    except ftplib.error_perm:
        if folder.endswith("/"):
            raise
        return False
    return True


@contextmanager
def _session(address: Address, way: Way) -> Iterator[ftplib.FTP]:
    silence_s = way.bounds.silence_s
    if address.encrypted:
        ftp: ftplib.FTP = _Ftps(context=client_context(way.line.tls), timeout=silence_s)
    else:
        ftp = ftplib.FTP(timeout=silence_s)
    try:
        _connect(ftp, address, way)
        _log_in(ftp, address, way)
        yield ftp
        with suppress(OSError, EOFError, ftplib.Error):
            ftp.quit()
    except ftplib.Error as problem:
        raise _refused(problem) from None
    finally:
        ftp.close()


def _connect(ftp: ftplib.FTP, address: Address, way: Way) -> None:
    """Do what `ftplib` does, by a socket of ours: allowed, and under the watch from the start."""
    ftp.sock = connected(address, way.line, way.watch, way.bounds.silence_s)
    ftp.af = ftp.sock.family
    ftp.file = ftp.sock.makefile("r", encoding=ftp.encoding)
    ftp.host = address.host  # the name that its certificate must have
    ftp.welcome = ftp.getresp()


def _log_in(ftp: ftplib.FTP, address: Address, way: Way) -> None:
    if isinstance(ftp, _Ftps):
        ftp.auth()
        assert isinstance(ftp.sock, ssl.SSLSocket), "AUTH TLS was done"
        refuse_unbegun(way.line.tls, ftp.sock.getpeercert() or {})
    ftp.login(address.name or "anonymous", address.password or "anonymous@")
    if isinstance(ftp, _Ftps):
        ftp.prot_p()


@contextmanager
def _data(ftp: ftplib.FTP, command: str, way: Way) -> Iterator[socket]:
    ftp.voidcmd("TYPE I")
    line = ftp.transfercmd(command)
    way.watch.hold(line)
    with line:
        yield line
        if isinstance(line, ssl.SSLSocket):
            with suppress(OSError):  # many servers close without a farewell
                line.unwrap()
        with suppress(OSError):  # the watch has a handle, too: closing ours would tell nobody
            line.shutdown(SHUT_RDWR)
    ftp.voidresp()


def _refused(problem: ftplib.Error) -> TransferFailed:
    code = str(problem)[:3]
    denied = code in ("430", "530", "532", "331", "332")
    return TransferFailed(
        f"the FTP server answered {code if code.isdigit() else 'nonsense'}",
        Trouble.DENIED if denied else Trouble.OTHER,
    )
