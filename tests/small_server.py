"""A small real web server for one dialect: `answer` gives each response, `seen` keeps each request."""

from __future__ import annotations

import asyncio
import http.server
import threading
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import orjson


@dataclass(slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict
    raw: bytes

    @property
    def json(self):
        """The body, read."""
        return orjson.loads(self.raw)


@dataclass(slots=True)
class Web:
    """A running server."""

    address: str
    seen: list = field(default_factory=list)


@contextmanager
def web(answer):
    """Serve what `answer(seen)` gives: a status and a value for JSON, or text or bytes of another type.

    A third value is the content type, a fourth further headers.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, raw)
            running.seen.append(seen)
            status, value, *more = answer(seen)
            body = value if isinstance(value, bytes) else orjson.dumps(value)
            self.send_response(status)
            self.send_header("Content-Type", more[0] if more else "application/json")
            for name, text in (more[1] if len(more) > 1 else {}).items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        running = Web(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


def events(*frames, done=True):
    """Frames as an event stream."""
    lines = [
        b"data: %b\n\n" % (frame if isinstance(frame, bytes) else orjson.dumps(frame)) for frame in frames
    ]
    return b"".join([*lines, b"data: [DONE]\n\n" if done else b""])


def delta(content, **more):
    """One frame with text."""
    return {"choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": None}]}


END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
EVENTS = "text/event-stream"


@asynccontextmanager
async def listening(serve):
    """A server of bare connections on this loop; Python 3.12 would wait for those that a client keeps."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server
    finally:
        server.close()
