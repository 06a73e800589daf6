"""Who answers, and the errors that are told about what came back instead of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.errors import StreamInterruptedError, UnreadableResponseError, shorten
from g4f_nb.secret import Secret, redact
from g4f_nb.wire.complaints import as_text, read_complaint
from g4f_nb.wire.failures import error_for, excerpt

# Of a body that is no answer, as much is looked at; only its beginning is told.
HEAD = 64 * 1024


# A longer one is none that anybody could tell a support.
_LONGEST_ID = 200


def id_of(frame: Mapping[str, Any]) -> str | None:
    """What the server calls its answer, if it is a plain word."""
    said = frame.get("id")
    return said if type(said) is str and 0 < len(said) <= _LONGEST_ID and said.isprintable() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """The server that was asked, as its errors name it."""

    provider: str
    model: str
    url: str
    media_type: str = ""
    secret: Secret | None = None
    is_what: str = "is an OpenAI-compatible server"
    # The status that an error's name stands for, where none comes with it.
    statuses: Mapping[str, int] = field(default_factory=dict)

    def complain(self, frame: Any) -> None:
        """Raise the error that a payload holds, if it holds one."""
        complaint = read_complaint(frame)
        if complaint is not None:
            raise error_for(
                complaint,
                status=complaint.status or self.statuses.get((complaint.code or "").lower()),
                body=as_text(frame),
                secret=self.secret,
                provider=self.provider,
                model=self.model,
            )

    def unreadable(self, said: Any) -> UnreadableResponseError:
        """The error for a body, or a part of it, that is no answer."""
        data = said if isinstance(said, bytes) else as_text(said).encode(errors="replace")
        text = redact(data[:HEAD].decode(errors="replace"), self.secret)
        shown = excerpt(text, secret=self.secret)
        kind = shorten(redact(self.media_type, self.secret), 100)
        return UnreadableResponseError(
            f"{self.provider} sent no chat answer but {shown!r} ({kind or 'no content type'}): "
            f"check that {self.url} {self.is_what}",
            provider=self.provider,
            model=self.model,
            body=text,
        )

    def interrupted(self, partial: str) -> StreamInterruptedError:
        """The error for a stream that just ends."""
        return StreamInterruptedError(
            f"the stream from {self.provider} ended in the middle of the answer, after "
            f"{len(partial)} characters: ask again; .partial holds what had arrived",
            provider=self.provider,
            model=self.model,
            partial=partial,
        )
