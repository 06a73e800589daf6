"""Small requests leave in one piece, at once.

aiohttp starts a task for every body, which waits a turn of the loop before the first byte leaves: that is as
much as a tenth of a small request. A body that surely fits into what the connection takes needs no task.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp.http_writer import StreamWriter

# A connection that nothing waits on takes this without a pause: asyncio's own mark is at twice as much.
_SURELY_TAKEN = 32 * 1024


class OnePiece(aiohttp.ClientRequest):
    """A request as a session makes it; whatever is not small and plain goes aiohttp's own way."""

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        """Write the head and the body."""
        made = self._at_once(conn)
        if made is None:
            return await super().send(conn)
        writer, body, response = made
        vars(self)["response"] = response
        v = self.version
        # None of these waits: there is room for all of it.
        await writer.write_headers(
            f"{self.method} {self.url.raw_path_qs} HTTP/{v.major}.{v.minor}", self.headers
        )
        await writer.write_eof(body)
        conn.protocol.start_timeout()
        return response

    def _at_once(self, conn: Any) -> tuple[StreamWriter, bytes, aiohttp.ClientResponse] | None:
        """What it takes to write all of it now; `None` where that may not be, or not with this aiohttp."""
        try:
            payload, protocol = self._body, conn.protocol
            body: Any = vars(payload)["_value"] if isinstance(payload, aiohttp.BytesPayload) else None
            unusual = (
                self.chunked or self.compress or self._continue or self._traces or self.proxy is not None
                or self._upload_tracker is not None or getattr(conn, "_connector").force_close  # noqa: B009
            )  # fmt: skip
            if (
                type(body) is not bytes or unusual or not 0 < len(body) <= _SURELY_TAKEN
                or protocol.writing_paused or protocol.transport.is_closing()
                or protocol.transport.get_write_buffer_size()
                or self.headers["Content-Length"] != str(len(body)) or "Content-Type" not in self.headers
            ):  # fmt: skip
                return None
            writer = StreamWriter(protocol, self.loop)
            response = self.response_class(
                self.method, self.original_url, writer=None, continue100=None, timer=self._timer,
                request_info=self.request_info, traces=self._traces, loop=self.loop, session=self._session,
                stream_writer=writer,
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError):
            # These are not all public names; where one is missing it only takes longer.
            return None
        return writer, body, response
