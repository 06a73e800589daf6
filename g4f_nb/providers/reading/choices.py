"""One choice of an answer: its deltas, or its whole message, to chunks."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

from g4f_nb.chunks import Chunk, ImageResponse, Reasoning, Refusal, SendBack, Sources, ToolCalls
from g4f_nb.errors import ResponseError
from g4f_nb.providers.reading.answerer import Answerer
from g4f_nb.providers.reading.citations import Citations
from g4f_nb.providers.reading.contents import images_in, parts_of
from g4f_nb.providers.reading.sound import Sound
from g4f_nb.providers.reading.thinking import ThinkSplitter
from g4f_nb.providers.reading.thoughts import Details, thought_in
from g4f_nb.providers.reading.tool_fragments import ToolFragments
from g4f_nb.wire.complaints import as_text


class ChoiceReader:
    """Reads one choice: `take` what comes of it, `close` it where it ends.

    What is only known at the end, or held back, comes out of `close`: calls, sound, and why it ended.
    """

    __slots__ = (
        "_calls", "_details", "_images", "_legacy", "_sound", "_speaks", "_text", "_think", "_who",
        "citations", "finish_reason", "held", "said",
    )  # fmt: skip

    def __init__(self, who: Answerer, *, think: bool) -> None:
        self.finish_reason: str | None = None
        self.said = False
        self.held = 0
        self.citations = Citations()
        self._who = who
        self._text = StringIO()
        self._think = ThinkSplitter() if think else None
        self._calls = ToolFragments()
        self._legacy = ToolFragments()
        self._details: Details | None = None
        self._sound: Sound | None = None
        self._speaks = False
        self._images: set[str] = set()

    @property
    def text(self) -> str:
        """The text that has arrived so far."""
        return self._text.getvalue()

    @property
    def write(self) -> Callable[[str], object] | None:
        """What takes text that needs no more looking at; `None` as long as it may still be thoughts."""
        return None if self._think is not None else self._text.write

    @property
    def empty(self) -> bool:
        """Whether nothing at all has come of it, not even a reason to end."""
        return not (self.finish_reason or self.said or self._text.tell() or self._calls or self._legacy)

    def take(self, choice: dict[str, Any], out: list[str | Chunk]) -> None:
        """Add the chunks of one delta, or of a whole message."""
        delta = choice.get("delta")
        if delta is None:
            delta = choice.get("message")
        if delta:
            if type(delta) is not dict:
                raise self._who.unreadable(choice)
            content = delta.get("content")
            if content:
                if type(content) is not str:
                    self._parts(content, out)
                elif self._think is None:
                    self._text.write(content)
                    out.append(content)
                else:
                    self._split(content, out)
                size = len(delta)
                if size > 1 and (size > 2 or "role" not in delta):  # noqa: PLR2004  # role and content
                    self._beside(delta, out)
            else:
                self._beside(delta, out)
        elif choice.get("text"):
            # The older completions: no message around it.
            self._parts([choice["text"]], out)
        reason = choice.get("finish_reason")
        if reason or choice.get("error"):
            self._end(choice, reason)

    def close(self, out: list[str | Chunk]) -> None:
        """Add what was held back until the end; more may follow all the same."""
        self.release(out)
        for gathered in (self._calls, self._legacy):
            if gathered:
                self._add(ToolCalls(gathered.whole()), out)
                if self._details is not None:
                    out.append(SendBack({"reasoning_details": self._details.whole()}))
                break
        self._calls, self._legacy = ToolFragments(), ToolFragments()
        if self._sound is not None:
            try:
                sound = self._sound.whole()
            except ValueError:
                raise self._who.unreadable("sound that is not whole") from None
            self._sound = None
            if sound is not None:
                out.append(sound)

    def release(self, out: list[str | Chunk]) -> None:
        """Add the text that was held back because it might have become a tag."""
        if self._think is not None:
            self._tell(self._think.flush(), out)

    def sources(self) -> Sources | None:
        """The pages that it names, if any."""
        return Sources(self.citations.whole()) if self.citations else None

    def _end(self, choice: dict[str, Any], reason: Any) -> None:
        if choice.get("error"):
            self._who.complain({"error": choice["error"]})
        if not reason:
            return
        reason = as_text(reason)
        if reason == "error":
            raise ResponseError(
                f"{self._who.provider} broke the answer off with the finish reason 'error' and says no more "
                f"about it: ask again, or use another model [{self._who.model}]",
                provider=self._who.provider,
                model=self._who.model,
                body=as_text(choice),
            )
        self.finish_reason = reason

    def _split(self, text: str, out: list[str | Chunk]) -> None:
        if self._think is None:
            self._text.write(text)
            out.append(text)
            return
        self._tell(self._think.feed(text), out)
        if self._think.over:
            self._think = None

    def _tell(self, parts: list[str | Chunk], out: list[str | Chunk]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._text.write(part)
            self.said = True
            out.append(part)

    def _parts(self, content: Any, out: list[str | Chunk]) -> None:
        try:
            for part in parts_of(content):
                if isinstance(part, str):
                    self._split(part, out)
                else:
                    self._add(part, out)
        except ValueError:
            raise self._who.unreadable(content) from None

    def _beside(self, delta: dict[str, Any], out: list[str | Chunk]) -> None:
        """What stands beside the content: thoughts, refusals, calls, images, sound, sources."""
        if delta.get("reasoning_details"):
            self._details = self._details or Details()
            self._details.add(delta["reasoning_details"])
        thought = thought_in(delta)
        if thought:
            self._add(Reasoning(thought), out)
        refusal = delta.get("refusal")
        if refusal:
            self._add(Refusal(as_text(refusal)), out)
        if delta.get("tool_calls"):
            self._gather(delta["tool_calls"])
        if delta.get("function_call"):
            if not isinstance(delta["function_call"], dict):
                raise self._who.unreadable(delta)
            self._legacy.add([{"function": delta["function_call"]}])
        if delta.get("images"):
            self._show(delta["images"], out)
        if delta.get("audio"):
            self._hear(delta["audio"], out)
        if delta.get("annotations"):
            self.citations.add(delta["annotations"])
        self.citations.add_fields(delta)

    def _add(self, chunk: Chunk, out: list[str | Chunk]) -> None:
        self.said = True
        out.append(chunk)

    def _gather(self, calls: Any) -> None:
        self.held += 1
        calls = [calls] if isinstance(calls, dict) else calls
        if not isinstance(calls, list) or not any(isinstance(call, dict) for call in calls):
            raise self._who.unreadable({"tool_calls": calls})
        self._calls.add(calls)

    def _show(self, images: Any, out: list[str | Chunk]) -> None:
        try:
            found = images_in(images)
        except ValueError:
            raise self._who.unreadable({"images": images}) from None
        # Some services repeat all of them with each delta.
        new = tuple(url for url in found.urls if url not in self._images)
        if new:
            self._images.update(new)
            self._add(ImageResponse(new, found.alt), out)

    def _hear(self, audio: Any, out: list[str | Chunk]) -> None:
        self.held += 1
        self._sound = self._sound or Sound()
        try:
            words = self._sound.add(audio)
        except ValueError:
            raise self._who.unreadable({"audio": audio}) from None
        self.said = True
        # What is spoken is the answer; where a text comes beside it, they say the same.
        if words and (self._speaks or not self._text.tell()):
            self._speaks = True
            self._text.write(words)
            out.append(words)
