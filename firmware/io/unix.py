"""Unix SEQPACKET sockets: message boundaries, immediate end of file, no network."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path


def listen_seqpacket(path: Path, backlog: int = 4) -> socket.socket:
    """Return a non-blocking listener at `path`; a stale socket file is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    path.chmod(0o660)
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


def connect_seqpacket(path: Path) -> socket.socket:
    """Return a non-blocking connection; raise `OSError` when nobody listens."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock
