"""A real HTTP proxy on this machine: it opens tunnels, passes requests on, and keeps who asked for what."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from urllib.parse import urlsplit


class Proxy(socketserver.ThreadingTCPServer):
    """Its address, and what came through: `("CONNECT", "host:port")` or `("POST", "http://…")`."""

    daemon_threads = True
    block_on_close = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Way)
        self.seen = []
        self.heads = []
        self.open = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Way(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            data = self.request.recv(65536)
            if not data:
                return
            head += data
        first, _, rest = head.partition(b"\r\n")
        method, target, _ = first.decode("latin-1").split(" ")
        self.server.seen.append((method, target))
        self.server.heads.append(rest.partition(b"\r\n\r\n")[0].decode("latin-1"))
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        with socket.create_connection((parts.hostname, parts.port or 80)) as there:
            self.server.open += [self.request, there]
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = f"{parts.path}?{parts.query}" if parts.query else parts.path
                there.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + rest)
            back = threading.Thread(target=_pass, args=(there, self.request))
            back.start()
            _pass(self.request, there)
            back.join()


def _pass(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def local_proxy():
    """Run a proxy on threads of its own; all connections have ended when the block has."""
    proxy, stop = start_proxy()
    try:
        yield proxy
    finally:
        stop()


def start_proxy():
    """Like `local_proxy`, without a block: gives the proxy and its end."""
    proxy = Proxy()
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def stop():
        proxy.shutdown()
        for each in proxy.open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        thread.join()
        proxy.server_close()

    return proxy, stop
