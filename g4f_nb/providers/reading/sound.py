"""Sound that a model speaks, put together from the pieces of a stream."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

from g4f_nb.chunks import AudioResponse
from g4f_nb.files.dataurls import from_base64
from g4f_nb.files.kinds import media_type_of

# Sound without a head of its own: what a stream carries, for OpenAI streams no other.
_HEADLESS = "pcm16"
_FORMS = {
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/flac": "flac", "audio/ogg": "opus", "audio/aac": "aac",
    "audio/mp4": "m4a",
}  # fmt: skip


class Sound:
    """Joins pieces of base64 and of the transcript."""

    __slots__ = ("_data", "_id", "_left", "_transcript")

    def __init__(self) -> None:
        self._data = BytesIO()
        self._left = ""
        self._id: str | None = None
        self._transcript = StringIO()

    def add(self, audio: Any) -> str:
        """Take a piece and give the words of its transcript; `ValueError` for what is no sound."""
        if not isinstance(audio, dict):
            raise ValueError("no sound")  # noqa: TRY004  # the server's mistake, not a caller's
        data, words = audio.get("data") or "", audio.get("transcript") or ""
        if not isinstance(data, str) or not isinstance(words, str):
            raise ValueError("no sound")  # noqa: TRY004
        if isinstance(audio.get("id"), str):
            self._id = audio["id"]
        self._transcript.write(words)
        # Each piece may be base64 of its own, padded or not, or the whole may be cut anywhere.
        self._left += data if self._left else data.lstrip("=")
        ends = self._left.endswith("=")
        self._decode(len(self._left) if ends else len(self._left) // 4 * 4)
        return words

    def whole(self) -> AudioResponse | None:
        """All of it, if there was any; `ValueError` if it is not whole."""
        self._decode(len(self._left))
        data, words = self._data.getvalue(), self._transcript.getvalue()
        if not data and not words:
            return None
        form = _FORMS.get(media_type_of(data) or "", _HEADLESS)
        return AudioResponse(data, form, words or None, id=self._id)

    def _decode(self, size: int) -> None:
        piece, self._left = self._left[:size], self._left[size:]
        self._data.write(from_base64(piece))
