"""File servers over real sockets that can misbehave: HTTP(S) as the library has it, small FTP."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCAL = "127.0.0.1"


class Web:
    """What a web server has and does; `answers` are (code, headers) given first."""

    def __init__(self):
        self.files, self.requests, self.bodies, self.answers = {}, [], [], []
        self.headers, self.sent = {}, None  # headers of a GET; how many bytes before it breaks off
        self.silent = threading.Event()
        self.silent.set()

    def requested(self):
        return [(method, path) for method, path, _ in self.requests]


def _handler(web):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_words):
            pass

        def _begin(self):
            self.requests = web.requests
            web.requests.append((self.command, self.path, dict(self.headers)))
            web.silent.wait(20)
            code, headers = web.answers.pop(0) if web.answers else (0, {})
            if code:
                self._answer(code, headers)
            return bool(code)

        def _answer(self, code, headers, body=b""):
            self.send_response(code)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._begin():
                web.bodies.append(body)
                self._answer(201, {})

        do_POST = do_PUT

        def do_GET(self):
            if self._begin():
                return
            content = web.files.get(self.path)
            if content is None:
                self._answer(404, {})
                return
            start, code = 0, 200
            asked = self.headers.get("Range")
            if asked and self.headers["If-Range"] == web.headers.get("ETag"):
                start, code = int(asked.removeprefix("bytes=").rstrip("-")), 206
            headers = dict(web.headers)
            if code == 206:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            rest = content[start:]
            sent, web.sent = web.sent, None
            headers.setdefault("Content-Length", str(len(rest)))
            self._answer(code, headers, rest if sent is None else rest[:sent])
            if sent is not None:
                self.close_connection = True

    return Handler


@contextmanager
def web_server(context=None):
    """Serve; give the `Web` and its port."""
    web = Web()
    server = ThreadingHTTPServer((LOCAL, 0), _handler(web))
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web, server.server_address[1]
    finally:
        web.silent.set()
        server.shutdown()
        server.server_close()


class Ftp:
    """What an FTP server has and does."""

    def __init__(self, context=None):
        self.context = context
        self.files, self.folders, self.commands = {}, {"up"}, []
        self.password, self.sent, self.sized = "secret", None, True
        self.silent = threading.Event()
        self.silent.set()


class _Talk:
    """One control connection."""

    def __init__(self, ftp, line):
        self.ftp, self.line, self.folder, self.passive, self.private = ftp, line, "", None, False

    def serve(self):
        self.say("220-welcome\r\n220 here")
        reader = self.line.makefile("rb")
        while command := reader.readline().decode().strip():
            self.ftp.commands.append(command)
            self.ftp.silent.wait(20)
            verb, _, word = command.partition(" ")
            if verb == "QUIT":
                self.say("221 bye")
                return
            if verb == "AUTH":
                self.say("234 go on")
                self.line = self.ftp.context.wrap_socket(self.line, server_side=True)
                reader = self.line.makefile("rb")
            else:
                getattr(self, verb.lower(), self.unknown)(word)

    def say(self, words):
        self.line.sendall(f"{words}\r\n".encode())

    def unknown(self, _word):
        self.say("502 no")

    def user(self, _word):
        self.say("331 and?")

    def pass_(self, word):
        self.say("230 in" if word == self.ftp.password else f"530 {word} is wrong")

    def type(self, _word):
        self.say("200 ok")

    pbsz = type

    def prot(self, word):
        self.private = word == "P"
        self.say("200 ok")

    def cwd(self, word):
        known = word in self.ftp.folders
        self.folder = f"{word}/" if known else self.folder
        self.say("250 there" if known else "550 no")

    def size(self, word):
        known = self.ftp.sized and word in self.ftp.files
        self.say(f"213 {len(self.ftp.files[word])}" if known else "550 no")

    def pasv(self, _word):
        self.passive = socket.create_server((LOCAL, 0))
        port = self.passive.getsockname()[1]
        self.say(f"227 Entering (10,9,8,7,{port >> 8},{port & 255})")  # a number that is a lie

    def data(self):
        line, _ = self.passive.accept()
        self.passive.close()
        return self.ftp.context.wrap_socket(line, server_side=True) if self.private else line

    def stor(self, word):
        self.say("150 go on")
        with self.data() as line:
            content = b""
            while block := line.recv(65_536):
                content += block
        self.ftp.files[self.folder + word] = content
        self.say("226 done")

    def retr(self, word):
        if word not in self.ftp.files:
            self.say("550 no")
            return
        self.say("150 go on")
        with self.data() as line, suppress(OSError):
            line.sendall(self.ftp.files[word][: self.ftp.sent])
            if isinstance(line, ssl.SSLSocket):
                line.unwrap()
        self.say("226 done")


setattr(_Talk, "pass", _Talk.pass_)


@contextmanager
def ftp_server(context=None):
    """Serve; give the `Ftp` and its port."""
    ftp = Ftp(context)
    listening = socket.create_server((LOCAL, 0))

    def one(line):
        with suppress(OSError):
            _Talk(ftp, line).serve()
        line.close()

    def serve():
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                threading.Thread(target=one, args=(line,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield ftp, listening.getsockname()[1]
    finally:
        ftp.silent.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
