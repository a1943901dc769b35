"""The page process: HTTP, pages and API over the station's socket. It holds no secret and no role.

Requests become commands by the table of routes; whoever is signed in is known to the station
alone. When it dies, charging goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from firmware import VERSION
from firmware.apps.web_bench import BenchPages
from firmware.apps.web_live import Live
from firmware.io import http, sdnotify
from firmware.io.station_line import StationAway, StationLine
from firmware.io.web_certificate import context
from firmware.web.act_schemas import Dry, Saved
from firmware.web.answers import Body, dry, problem, read_body, refusal, shaped, told
from firmware.web.openapi import document
from firmware.web.routes import BASE, ROUTES, Route

log = structlog.get_logger()
STATIC = Path(__file__).parent.parent / "web" / "static"
COOKIE = "session"
LEGACY = {  # [B-ACC-04] paths of the manual's older pages
    "/operator": "/#/dashboard",
    "/legacy/manufacturer/manufacturer": "/#/manufacturer",
}
SOCKET_NAME = "web.sock"


class Pages:
    """The application of one station."""

    def __init__(self, line: StationLine, bench: BenchPages | None) -> None:
        self.line, self.bench = line, bench
        self.local_places: set[tuple[str, int]] = set()  # only a cable at the station reaches them
        self.files = http.Files(STATIC)
        self.live = Live(line, bench is not None)
        self.openapi = document(VERSION)
        self._own: dict[str, Callable[[web.Request, Body], Awaitable[web.StreamResponse]]] = {
            "/live": self._live,
            "/openapi.json": self._openapi,
            "/params/import": self._import,
            "/whitelist/export": self._export_whitelist,
            "/bench/live": self._bench_live,
            "/bench/do": self._bench_do,
            "/bench/trace": self._bench_trace,
        }

    def application(self, names: list[str]) -> web.Application:
        """Return the application; it answers to these names besides addresses."""
        guard: Any = http.guard(names, reply_problem)
        app = web.Application(middlewares=[guard], client_max_size=http.BODY_MAX_BYTES)
        app.on_response_prepare.append(http.add_headers)
        for route in ROUTES:
            path = (BASE + route.path).replace("{n}", r"{n:\d{1,3}}")
            app.router.add_route(route.method, path, self._handler(route))
        app.router.add_get("/{name:.*}", self._page)
        return app

    # -- the table ------------------------------------------------------------------------------

    def _handler(self, route: Route) -> http.Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                words, problems = await self._words(route, request)
                if problems is not None:
                    return problems
                own = self._own.get(route.path)
                if own is not None:
                    return await own(request, words)
                return await self._command(route, request, route.words(words))
            except StationAway:
                return reply_problem(503, "the station does not answer; it may be starting anew")

        return handle

    async def _words(self, route: Route, request: web.Request) -> tuple[Body, web.Response | None]:
        """Return path, query and body of a request, or the answer to a bad one."""
        words: Body = {"n": int(request.match_info["n"])} if "{n}" in route.path else {}
        unknown = [name for name in request.query if name not in route.query]
        if unknown:
            return {}, reply_problem(400, f"{unknown[0][:40]}: no such query here")
        query = {name: request.query[name] for name in route.query if name in request.query}
        bad = [name for name, value in query.items() if not _query_fine(name, value)]
        if bad:
            return {}, reply_problem(422, f"{bad[0]}: {query[bad[0]][:40]!r} cannot be taken")
        words |= query
        if route.asked is None:
            return words, None
        if request.content_type != "application/json":
            return {}, reply_problem(415, "the body has to be application/json")
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            return {}, reply_problem(400, "the body is not JSON")
        read, problems = read_body(route.asked, body)
        if problems:
            return {}, web.json_response({"errors": problems}, status=422)
        return words | read, None

    async def _ask(self, request: web.Request, words: Body) -> Body:
        """Ask the station in the name of whoever sent the request."""
        signed = {
            "session": request.cookies.get(COOKIE, "")[:100],
            "csrf": request.headers.get("X-CSRF-Token", "")[:100],
        }
        return await self.line.ask({**words, **signed})

    async def _command(self, route: Route, request: web.Request, words: Body) -> web.Response:
        name = route.command
        if name == "login":
            words |= {"source": request.remote or "", "local": self._local(request)}
        answer = await self._ask(request, {**words, "do": name})
        if name == "session" and not answer["ok"] and answer["code"] == "signin":
            return web.json_response(
                {"signed_in": False, "language": answer["language"],
                 "local": self._local(request)}
            )  # fmt: skip
        if not answer["ok"]:
            return _refused(answer)
        if name == "logs":
            return _zip(answer["zip"])
        if route.told is None:
            response = web.Response(status=route.status)
        else:
            if name == "status":
                answer["station"]["bench"] = self.bench is not None
            if name == "export":
                answer["firmware"] = VERSION
            response = web.json_response(told(route, answer), status=route.status)
        self._cookie(route, request, answer, response)
        if name == "export":
            response.headers["Content-Disposition"] = 'attachment; filename="powerstation.json"'
        return response

    def _cookie(
        self, route: Route, request: web.Request, answer: Body, response: web.Response
    ) -> None:
        if route.command == "login":
            response.set_cookie(
                COOKIE, answer["token"], httponly=True, samesite="Strict",
                secure=request.secure, path="/",
            )  # fmt: skip
        elif route.command == "logout":
            response.del_cookie(COOKIE, path="/")
        response.headers["Cache-Control"] = "no-store"

    def _local(self, request: web.Request) -> bool:
        transport = request.transport
        name = transport.get_extra_info("sockname") if transport is not None else None
        return isinstance(name, tuple) and name[:2] in self.local_places

    # -- what is more than one command ----------------------------------------------------------

    async def _live(self, request: web.Request, _words: Body) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")[:100]
        answer = await self.live.look(token)
        if not answer["ok"]:
            return _refused(answer)
        return await self.live.stream(request, token)

    async def _openapi(self, request: web.Request, _words: Body) -> web.Response:
        answer = await self._ask(request, {"do": "session"})
        return web.json_response(self.openapi) if answer["ok"] else _refused(answer)

    async def _import(self, request: web.Request, words: Body) -> web.Response:
        """Try settings, or take them; both are ordinary commands."""
        values = {"values": words["settings"]}
        applies = words["apply"]
        answer = await self._ask(request, {"do": "set" if applies else "check", **values})
        if not answer["ok"]:
            return _refused(answer)
        if applies:
            return web.json_response(shaped(Saved, answer))
        return web.json_response(shaped(Dry, dry(answer)))

    async def _export_whitelist(self, request: web.Request, _words: Body) -> web.Response:
        """[B-RFD-12] A text with colons, which import takes again."""
        answer = await self._ask(request, {"do": "whitelist"})
        if not answer["ok"]:
            return _refused(answer)
        name = 'attachment; filename="whitelist.txt"'
        text = ":".join(answer["local"])
        return web.Response(text=text, headers={"Content-Disposition": name})

    # -- the virtual bench ----------------------------------------------------------------------

    async def _world(self, request: web.Request, command: str) -> BenchPages | web.Response:
        """Return the simulated world, which no real station has, to whoever may do a command."""
        answer = await self._ask(request, {"do": command})
        if not answer["ok"]:
            return _refused(answer)
        return self.bench or reply_problem(404, "this station has no simulated world")

    async def _bench_live(self, request: web.Request, _words: Body) -> web.StreamResponse:
        world = await self._world(request, "events")  # an operator's command
        return await world.stream(request) if isinstance(world, BenchPages) else world

    async def _bench_do(self, request: web.Request, words: Body) -> web.StreamResponse:
        world = await self._world(request, "bench")
        if not isinstance(world, BenchPages):
            return world
        status, body = await world.act(words)
        return web.json_response(body, status=status)

    async def _bench_trace(self, request: web.Request, words: Body) -> web.StreamResponse:
        world = await self._world(request, "events")
        if not isinstance(world, BenchPages):
            return world
        outlet, last_ms = int(words.get("outlet") or 1), int(words.get("last_ms") or 20_000)
        status, body = await world.trace(outlet, last_ms)
        return web.json_response(body, status=status)

    # -- files ----------------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        where = LEGACY.get("/" + name.rstrip("/"))
        if where is not None:
            raise web.HTTPFound(where)
        if name in self.files and name:
            return self.files.answer(request, name)
        if name in ("", "index.html") and "index.html" in self.files:
            return self.files.answer(request, "index.html")
        return reply_problem(404, "there is no such page")


def reply_problem(status: int, message: str) -> web.Response:
    """Return an error of the shell itself."""
    return web.json_response(problem(message), status=status)


def _refused(answer: Body) -> web.Response:
    status, body = refusal(answer)
    response = web.json_response(body, status=status)
    if "retry_after_s" in answer:
        response.headers["Retry-After"] = str(answer["retry_after_s"])
    return response


def _zip(text: str) -> web.Response:
    return web.Response(
        body=base64.b64decode(text),
        content_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="powerstation-logs.zip"',
            "Cache-Control": "no-store",
        },
    )


def _query_fine(name: str, value: str) -> bool:
    if name == "all":
        return value in ("true", "false")
    low, high = {"limit": (1, 200), "outlet": (1, 2), "last_ms": (1, 600_000)}.get(
        name, (0, 10**15)
    )
    return value.isascii() and value.isdigit() and len(value) < 16 and low <= int(value) <= high


# -- the process --------------------------------------------------------------------------------


async def serve(args: argparse.Namespace) -> int:
    """Serve until a signal; print where, as a line of JSON."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    line = StationLine(args.station or args.state / SOCKET_NAME)
    bench = BenchPages(args.bench) if args.bench else None
    pages = Pages(line, bench)
    names = [socket.gethostname(), *args.name]
    app = pages.application(names)
    tls: ssl.SSLContext | None = None
    if args.tls is not None:
        tls = context(args.tls, socket.gethostname())
    wanted = [http.Listener(*_place(p), tls=tls) for p in args.web]
    cable = [http.Listener(*_place(p), local=True, device=args.device) for p in args.local]
    plain = [http.Listener(*_place(p), shares=True) for p in args.redirect]
    if args.device and not Path("/sys/class/net", args.device).exists():
        log.warning("no_cable", device=args.device)
        cable = []
    try:
        runner, places = await http.listen(app, [*wanted, *cable])
        redirecting, _ = await http.listen(http.redirecting(), plain)
    except OSError as problem_:
        print(f"webd: cannot listen: {problem_}", file=sys.stderr)
        return 1
    pages.local_places |= {_place(p) for p in places[len(args.web) :]}
    scheme = "https" if tls is not None else "http"
    told_places = {"web": [f"{scheme}://{p}" for p in places[: len(args.web)]],
                   "local": [f"http://{p}" for p in places[len(args.web) :]]}  # fmt: skip
    print(json.dumps(told_places), flush=True)
    log.info("ready", **told_places)
    sdnotify.notify("READY=1")
    await stop.wait()
    pages.live.close()
    if bench is not None:
        await bench.close()
    await runner.cleanup()
    await redirecting.cleanup()
    return 0


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM; 2 for bad input."""
    assert __debug__, "never run with -O"
    parser = argparse.ArgumentParser(prog="powerstation webd", description=__doc__)
    parser.add_argument("--board", type=Path, help="board file; taken for the sake of sameness")
    parser.add_argument("--state", type=Path, default=Path(".state"), help="where the station is")
    parser.add_argument("--station", type=Path, help="the station's socket, if elsewhere")
    parser.add_argument("--web", action="append", default=[], metavar="HOST:PORT")
    parser.add_argument(
        "--local", action="append", default=[], metavar="HOST:PORT",
        help="an address that only a cable at the station reaches (USB), without TLS",
    )  # fmt: skip
    parser.add_argument("--device", default="", help="the interface of --local, e.g. usb0")
    parser.add_argument(
        "--redirect", action="append", default=[], metavar="HOST:PORT", help="leads to https"
    )
    parser.add_argument("--tls", type=Path, metavar="DIR", help="certificate.pem and key.pem")
    parser.add_argument("--name", action="append", default=[], help="a further name of the station")
    parser.add_argument("--bench", metavar="HOST:PORT", help="the simulated world, if there is one")
    args = parser.parse_args(argv)
    if not args.web and not args.local:
        args.web = ["127.0.0.1:0"]
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.LogfmtRenderer(
            key_order=["event", "level"])],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )  # fmt: skip
    try:
        for place in (*args.web, *args.local, *args.redirect):
            _place(place)
    except ValueError:
        print(f"webd: {place}: write it as HOST:PORT", file=sys.stderr)
        return 2
    return asyncio.run(serve(args))


if __name__ == "__main__":
    sys.exit(main())
