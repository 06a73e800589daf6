"""The receiving end of a connection: what came before a fault is not lost, nor taken for another's answer.

aiohttp, left alone, drops an answer's head if its body is broken in the same packet, leaves whoever waits for
a body asleep when the bytes of it stop making sense, and reads what a server sends unasked as the answer to
whatever is asked next on that connection.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

_END_OF_HEAD = b"\r\n\r\n"
# Transfer-Encoding, Content-Encoding.
_CODED = b"-encoding:"
# How a head begins: "HTTP/1.1 200". The first digit of a status stands at this place.
_STATUS = 9
# What an error is given along that broke a kept connection before anything came of the answer.
_OF_A_KEPT_ONE = "_g4f_nb_kept"
# What follows uses of aiohttp's own, whose documentation does not tell of it.
_NEEDED = (
    "set_response_params", "data_received", "resume_reading", "set_exception", "force_close", "__len__",
)  # fmt: skip
_NEEDED_OF_EACH = ("_reading_paused", "_payload", "_exception", "_buffer", "transport")

if not all(hasattr(ResponseHandler, name) for name in _NEEDED):
    raise ImportError("this aiohttp's connections are not as expected")


def fits(connection: ResponseHandler) -> bool:
    """Whether a connection, just made, has all that is used of it."""
    return all(hasattr(connection, name) for name in _NEEDED_OF_EACH)


def was_kept(error: Exception) -> bool:
    """Whether this broke a connection that had served before, and nothing of an answer had come."""
    return _OF_A_KEPT_ONE in vars(error)


class Hearing(ResponseHandler):
    """The receiving end of one connection."""

    _options: dict[str, Any] | None = None
    _awaits_head = False
    _begin = b""
    # Whether an earlier answer was read here, and nothing of the one that is awaited.
    _kept = False
    # What came in one piece with its head, while it is read, and where its head ends.
    _at_once = b""
    _cut = 0

    def set_response_params(self, **options: Any) -> None:
        """Take what the next answer is read by."""
        if len(self) and self._options is not None:
            # It came with the end of the answer before: nobody has asked for it, and nobody asks here again.
            self._buffer.clear()
            self._hang_up()
        super().set_response_params(**options)
        self._kept = self._options is not None
        self._options = options
        self._awaits_head = True
        self._begin = b""

    def data_received(self, data: bytes) -> None:
        """Give the head on before the body is looked at: the network may cut there as well as anywhere."""
        if self._awaits_head:
            self._kept = False
            start, cut, begin = self._words_beforehand(data)
            self._begin = begin if cut == start else b""
            if start:
                # The answer's own head is yet to come.
                super().data_received(data[:start])
                if start == len(data):
                    return
                data, cut = data[start:], cut - start
            if cut:
                self._awaits_head = False
                if cut < len(data):
                    if _CODED in data[:cut].lower():
                        super().data_received(data[:cut])
                        data = data[cut:]
                    else:
                        # A body of a stated length hardly ever makes no sense: then it is read once more.
                        self._at_once, self._cut = data, cut
        elif data and self._payload is not None and self._payload.is_eof():
            # It would be read as the answer to whatever is asked here next.
            self._hang_up()
            return
        super().data_received(data)
        self._at_once = b""

    def _words_beforehand(self, data: bytes) -> tuple[int, int, bytes]:
        """Where those of a status like 100 end, where the head behind them does, and how that one begins.

        The second is the first where that head is not whole.
        """
        start, begin = 0, self._begin
        while True:
            end = data.find(_END_OF_HEAD, start)
            begin += data[start : start + _STATUS + 1]
            if end < 0:
                return start, start, begin
            cut = end + len(_END_OF_HEAD)
            if begin[_STATUS : _STATUS + 1] != b"1":
                return start, cut, begin
            start, begin = cut, b""

    def resume_reading(self, *how: Any, **named: Any) -> None:
        """Go on where reading was stopped; aiohttp has its parser look for more with each piece taken."""
        if self._reading_paused:
            super().resume_reading(*how, **named)

    def close(self) -> None:
        """Hang up, also on a server that does not take what is still to be sent: nobody waits for that."""
        transport: Any = self.transport
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()
        super().close()

    def _hang_up(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.close()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Wake whoever waits for the rest of a body that will not come."""
        if self._kept:
            vars(exc)[_OF_A_KEPT_ONE] = True
        data, self._at_once = self._at_once, b""
        if data and isinstance(exc, HttpProcessingError):
            super().set_response_params(**(self._options or {}))
            super().data_received(data[: self._cut])
            if self._exception is None:
                super().data_received(data[self._cut :])
            return
        payload = self._payload
        super().set_exception(exc, *cause)
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(aiohttp.ClientPayloadError(_words(exc)))


def _words(error: BaseException) -> str:
    # The parser shows the bytes that it stumbled over, on lines of their own.
    return str(getattr(error, "message", error)).partition("\n")[0].rstrip(": ")
