"""Images and sound that a model made."""

from __future__ import annotations

from dataclasses import dataclass, field

from g4f_nb.chunks.chunk import Chunk

_LONGEST_DATA_URL = 200
# Of OpenAI's "pcm16": one channel, 16 bits a sample, the low byte first.
_SAMPLES_A_SECOND = 24_000


@dataclass(frozen=True, slots=True)
class ImageResponse(Chunk):
    """Images that the model made: addresses or `data:` URLs. In text they are Markdown images."""

    urls: tuple[str, ...]
    alt: str = ""

    def __str__(self) -> str:
        alt = self.alt.replace("[", "(").replace("]", ")").replace("\n", " ")
        return "\n".join(f"![{alt}]({_brief(url)})" for url in self.urls)


@dataclass(frozen=True, slots=True)
class AudioResponse(Chunk):
    """Sound that the model made; `Path("answer.wav").write_bytes(sound.as_file())` keeps it."""

    data: bytes = field(repr=False)
    format: str = "mp3"
    transcript: str | None = None
    # What names it in the assistant message of the next round.
    id: str | None = field(default=None, kw_only=True)

    __str__ = Chunk.__str__

    def as_file(self) -> bytes:
        """What a file holds that players know: bare samples, as streams carry them, get the head of a WAV."""
        if self.format != "pcm16":
            return self.data
        import io
        import wave

        into = io.BytesIO()
        with wave.open(into, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_SAMPLES_A_SECOND)
            file.writeframes(self.data[: len(self.data) // 2 * 2])
        return into.getvalue()


def _brief(url: str) -> str:
    """An address for a text: megabytes of base64 are for nobody to read, and `urls` has them whole."""
    if len(url) <= _LONGEST_DATA_URL or url[:5].lower() != "data:":
        return url
    return f"{url.partition(',')[0][:_LONGEST_DATA_URL]},…"
