"""The other side of the benchmarks: a bare socket server that answers from memory, in a process of its own.

The model's name says what it sends: `stream-20000` so many deltas as fast as the socket takes them, `tiny`
a short JSON answer at once, `wait-50` the same after 50 ms, `text-1500` one of so many
characters after 50 ms, `later-20` a stream after 50 ms. `GET /stats` gives the connections ever opened and
those open now.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re

_FRAME = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench"}
_PER_WRITE = 20


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({**_FRAME, "choices": [choice]}).encode() + b"\n\n"


@functools.cache
def stream(count: int) -> bytes:
    """A whole chunked answer of so many deltas, ready to write."""
    # Each is another word: some clients take repetition for a fault.
    deltas = [_event({"content": f"{number % 10000:04d} "}) for number in range(count)]
    last = _event({}, "stop") + b"data: [DONE]\n\n"
    bodies = [b"".join(deltas[start : start + _PER_WRITE]) for start in range(0, count, _PER_WRITE)] + [last]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in bodies)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n\r\n"


def _json(value: object) -> bytes:
    body = json.dumps(value).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


@functools.cache
def whole(text: str) -> bytes:
    """A whole JSON answer."""
    message = {"role": "assistant", "content": text}
    return _json(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "bench",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )


TINY = whole("ok")


class Answering(asyncio.Protocol):
    """One connection."""

    ever = 0
    now: set[Answering] = set()  # noqa: RUF012  # the server's only state

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.received = b""
        Answering.ever += 1
        Answering.now.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        Answering.now.discard(self)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while True:
            head, end, rest = self.received.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if not end or len(rest) < size:
                return
            body, self.received = rest[:size], rest[size:]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /stats"):
            self.transport.write(_json([Answering.ever, len(Answering.now)]))
            return
        if head.startswith(b"GET"):
            self.transport.write(_json({"object": "list", "data": [{"id": "tiny"}, {"id": "stream-20000"}]}))
            return
        kind, _, number = json.loads(body)["model"].rpartition("/")[2].partition("-")
        if kind == "stream":
            self.transport.write(stream(int(number)))
        elif kind == "later":
            asyncio.get_running_loop().call_later(0.05, self.transport.write, stream(int(number)))
        elif kind == "text":
            answer = whole(("word " * int(number))[: int(number)])
            asyncio.get_running_loop().call_later(0.05, self.transport.write, answer)
        elif kind == "wait":
            asyncio.get_running_loop().call_later(int(number) / 1000, self.transport.write, TINY)
        else:
            self.transport.write(TINY)


async def main() -> None:
    """Listen, say where, and serve until killed."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
