"""A value as a prompt has it: text, or a picture with a line about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from g4f_nb.files.media import Media


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of one value.

    `head` is what it is, in a line; `body` the rest of it, `""` where there is no more. A text that is
    `whole` goes in as it is, without a word about it. `fence` is the language where the body is code.
    """

    head: str
    body: str = field(default="", repr=False)
    whole: bool = False
    fence: str = ""
    media: Media | None = None

    @classmethod
    def of_text(cls, text: str) -> Summary:
        """A value that stands in its place word for word."""
        return cls(head="text", body=text, whole=True)

    def named(self, name: str) -> str:
        """All of it, under the name by which the prompt speaks of it."""
        if self.whole:
            return f"`{name}`:\n{self.body}"
        if not self.body:
            return f"`{name}`: {self.head}"
        body = f"```{self.fence}\n{self.body}\n```" if self.fence else self.body
        return f"`{name}`: {self.head}\n{body}"

    def in_place(self, name: str) -> str:
        """All of it, for a line that holds nothing else; code is alone, for a fence may be there."""
        return self.body if self.whole or self.fence else self.named(name)
