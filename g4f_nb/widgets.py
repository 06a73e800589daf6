"""The chat panel: the conversation lives in Python, the front end shows it and tells what the user does.

Text in flight goes as custom messages, what is settled as traits, so that a second view, a reloaded page and
a saved notebook show the same. The messages:

    to Python    hello {view} · ask {request, text} · stop {request} · clear · models {provider, view}
    to a view    delta {request, n, finished, open, reasoning}     what is new, n counts from 0
                 live {view, request, n, finished, open, reasoning}  the whole so far, for one view
                 models {view, provider, names, error}

A view that misses an `n` says hello again. Nothing here decides anything about models, keys or Markdown.
"""

from __future__ import annotations

import threading
import time
import uuid
from asyncio import to_thread
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets

from g4f_nb.asking import answer, prepare
from g4f_nb.errors import G4FError, InvalidParameterError, LoopError
from g4f_nb.loops.ownloop import BEAT, Job, own_loop
from g4f_nb.panels.key_prompt import KeyPrompt
from g4f_nb.panels.picker import ModelPicker
from g4f_nb.panels.served import Served
from g4f_nb.providers import registry
from g4f_nb.providers.calling import locate
from g4f_nb.providers.models.model import HOST_BOUND, Model, Provider, veiled
from g4f_nb.reply import Reply
from g4f_nb.secret import Secret, Veiled, redact
from g4f_nb.showing.exhibits import exhibits
from g4f_nb.showing.rendering import HtmlStream, facts, login_line, safe_html, safe_link

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["ChatPanel", "KeyPrompt", "ModelPicker"]
# Seconds between two deltas: at most 12 a second reach the browser, however fast the text comes.
_PACE = 1 / 11.5
# Seconds that a stopped provider gets to end by itself; then the panel goes on without it.
_GRACE = 1.0
_ENDS = {"length": "Cut off at the token limit", "max_tokens": "Cut off at the token limit"}
_ENDS["content_filter"] = "Cut off by the provider's content filter"

# What needs somebody who waits for the one answer.
_NOT_HERE = frozenset({"schema", "approve", "tool_limits"})


class ChatPanel(Served):
    """A chat in the notebook; streams in the background while other cells run.

        panel = ChatPanel("groq:openai/gpt-oss-120b", system="Be brief.")
        panel                       # shows it
        panel.ask("Why is the sky blue?")

    Args:
        model: as everywhere, `"provider:model"`; the user can change it in the panel.
        provider: whose model it is, where `model` does not say so.
        system: the system prompt.
        height: a CSS length.
        options: whatever the provider takes: `temperature=`, `api_base=`, `api_key=`… Those that belong to
            one server (its address, its key) go to the provider of `model`, and to no other.

    `busy`, `model` and `value` can be observed; observers run on the thread where the change happens.
    """

    files = ("shared.js", "blocks.js", "chat.js", "shared.css", "blocks.css", "chat.css")

    model = traitlets.Unicode(help="Who answers, as provider:model.").tag(sync=True)
    busy = traitlets.Bool(default_value=False, help="Whether an answer is on its way.").tag(sync=True)
    problem = traitlets.Unicode(help="Why the model cannot be used, with the way out.").tag(sync=True)
    turns: traitlets.List[dict[str, Any]] = traitlets.List(
        help="The settled conversation, as the views show it."
    ).tag(sync=True)
    height = traitlets.Unicode("28rem").tag(sync=True)
    value = traitlets.Instance(Reply, allow_none=True, help="The last reply that has ended.")

    def __init__(
        self,
        model: str | Model | Provider | None = None,
        system: str | None = None,
        height: str = "28rem",
        *,
        provider: str | Provider | None = None,
        **options: Any,
    ) -> None:
        options, price = veiled(options), None
        for name in _NOT_HERE & options.keys():
            raise InvalidParameterError(f"{name}= has no meaning in a panel: use nb.ask(…, {name}=…)")
        if provider is not None and not isinstance(model, Model):
            cls, name, _ = registry.choose(model, provider)
            own = isinstance(provider, type) and not name
            model = cls if own else f"{cls.__name__}:{name}" if name else cls.__name__
        if isinstance(model, Model):
            price = model.price
            options = model.with_options(options)
            model = model.name
        # A class may be one that has no name in the registry: the text in the picker stands for it.
        self._named = {model.__name__: model} if isinstance(model, type) else {}
        self._system, self._options = system, options
        self._home = _home(model)
        # Of this model alone: another one may be picked.
        self._prices = {next(iter(self._named), model or ""): price}
        self._lock = threading.RLock()
        self._idle = threading.Event()
        self._idle.set()
        self._turn: _Turn | None = None
        self._history: list[dict[str, Any]] = []
        self.error: Exception | None = None
        super().__init__(model=next(iter(self._named), model or ""), height=height)

    def __repr__(self) -> str:
        # What a saved notebook, a terminal or a script shows instead of the panel.
        return f"<ChatPanel of {self.model or 'no model'}, {len(self.turns)} turns: shown in a live notebook>"

    # ---- from Python -------------------------------------------------------------------------------

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The finished turns, as sent with the next question; a stopped answer counts as far as it got."""
        with self._lock:
            return [dict(message) for message in self._history]

    def ask(self, text: str) -> None:
        """Ask and return at once; an answer still on its way is stopped. Errors are shown in the panel."""
        if not text.strip():
            raise InvalidParameterError("the question is empty: pass a text")
        self._ask(text, uuid.uuid4().hex)

    def stop(self) -> None:
        """End the answer on its way and keep what there is of it."""
        with self._lock:
            turn = self._turn
            if turn is None:
                return
            turn.cancel()
            if turn.job is None:
                self._settle(turn)
                return
        turn.job.later(self._settle, turn, seconds=_GRACE)

    def clear(self) -> None:
        """Forget the conversation; an answer on its way is stopped."""
        with self._lock:
            turn, self._turn, self.error = self._turn, None, None
            if turn is not None:
                turn.cancel()
            self._history.clear()
            self.turns = []
            self.busy = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no answer is on its way; `False` if that took longer than `timeout` seconds."""
        if threading.current_thread() is own_loop().thread:
            raise LoopError("wait() in an observer would wait for itself: look at .busy instead")
        end = None if timeout is None else time.monotonic() + timeout
        # In beats, for a long wait would keep interrupts out on Windows.
        while not self._idle.wait(BEAT if end is None else max(0.0, min(BEAT, end - time.monotonic()))):
            if end is not None and time.monotonic() >= end:
                return False
        return True

    def close(self) -> None:
        """Stop, and take the panel away from every view."""
        # One whose making was refused is closed, too.
        if hasattr(self, "_lock"):
            self.stop()
        super().close()

    # ---- one turn ----------------------------------------------------------------------------------

    def _ask(self, text: str, request: str) -> None:
        turn = _Turn(request, text)
        with self._lock:
            if self._turn is not None:
                self._turn.cancel()
                self._settle(self._turn, busy=True)
            self._turn, self.error = turn, None
            self.turns = [*self.turns, {"id": f"{request}-user", "role": "user", "text": text}]
            self.busy = True
        try:
            self._start(turn)
        except Exception as error:  # noqa: BLE001  # whatever it is, the panel is where the user looks
            self._settle(turn, error)

    def _start(self, turn: _Turn) -> None:
        messages = [*self.messages, {"role": "user", "content": turn.prompt}]
        model, options = self._choice()
        question = prepare(messages, model, system=self._system, interactive=True, **options)
        with self._lock:
            if self._turn is not turn:
                return
            turn.reply = question.new_reply()
            turn.job = own_loop().submit(answer(question, turn.reply, partial(self._changed, turn)))
        turn.job.future.add_done_callback(partial(self._ended, turn))

    def _changed(self, turn: _Turn) -> None:
        if not turn.due and not turn.stopped:
            turn.due = True
            loop = own_loop().loop
            loop.call_later(max(0.0, turn.last + _PACE - loop.time()), self._flush, turn)

    def _flush(self, turn: _Turn) -> None:
        turn.due, turn.last = False, own_loop().loop.time()
        try:
            with self._lock:
                if turn is self._turn and not turn.stopped and (delta := turn.step()):
                    self.send({"type": "delta", **delta})
        except Exception as error:  # noqa: BLE001  # a text that cannot be rendered must not hang the panel
            turn.cancel()
            self._settle(turn, error)

    def _ended(self, turn: _Turn, future: Future[Reply]) -> None:
        caught = future.exception()
        error = caught if isinstance(caught, Exception) and not turn.stopped else None
        # Through the loop: a quick answer may have ended before this was asked for, on the caller's thread.
        if turn.job is not None:
            turn.job.later(self._settle, turn, error)

    def _settle(self, turn: _Turn, error: Exception | None = None, *, busy: bool = False) -> None:
        with self._lock:
            if turn is not self._turn:
                return
            items, error = _settled(turn, error)
            self._turn, self.error = None, error
            if error is not None:
                text = redact(_said(error), self._key())
                items.append({"id": f"{turn.id}-error", "role": "error", "text": text})
            if turn.text:
                self._history += [
                    {"role": "user", "content": turn.prompt},
                    {"role": "assistant", "content": turn.text},
                ]
            self.turns = [*self.turns, *items]
            self.value = turn.reply or self.value
            self.busy = busy

    @traitlets.observe("busy")
    def _mark_idle(self, _: object) -> None:
        (self._idle.clear if self.busy else self._idle.set)()

    # ---- which model -------------------------------------------------------------------------------

    @traitlets.observe("model")
    def _check_model(self, _: object) -> None:
        problem = ""
        if self.model.strip():
            try:
                self._choice()
            except G4FError as error:
                problem = redact(str(error), self._key())
        self.problem = problem

    def _key(self) -> Secret | None:
        """The key that was given, to be masked; one of a wrong type is refused and never sent."""
        key = self._options.get("api_key")
        return key if isinstance(key, Secret) else None

    def _choice(self) -> tuple[str | Model | Provider | None, dict[str, Any]]:
        """The model that is chosen now, and the options that its provider may see."""
        model = self._named.get(self.model, self.model.strip() or None)
        provider, _, _ = registry.choose(model, interactive=True)
        options = self._options_for(provider)
        locate(model, interactive=True, **options)
        price = self._prices.get(self.model)
        return (model if price is None else Model(model or "", price=price)), options

    def _options_for(self, provider: Provider) -> dict[str, Any]:
        if provider is self._home:
            return Veiled(self._options)
        return Veiled((name, value) for name, value in self._options.items() if name not in HOST_BOUND)

    async def _list(self, name: str, view: str) -> None:
        """Fetch the names of the ready providers, or of one provider's models, for one view."""
        names, error = [], None
        try:
            names = await (self._models(name) if name else to_thread(registry.ready))
        except Exception as caught:  # noqa: BLE001  # shown where the list would stand
            error = redact(_said(caught), self._key())
        self.send({"type": "models", "view": view, "provider": name, "names": names, "error": error})

    async def _models(self, name: str) -> list[str]:
        provider: Any = self._named.get(name) or registry.find_provider(name)
        options = self._options_for(provider)
        given = Veiled(
            (key, options[key]) for key in provider.listing_options if options.get(key) is not None
        )
        if hasattr(provider, "get_models_async"):
            return list(await provider.get_models_async(**given))
        return list(await to_thread(provider.get_models)) if hasattr(provider, "get_models") else []

    # ---- to and from the views ---------------------------------------------------------------------

    def hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for; a message of no known form is of another version, and ignored."""
        del buffers
        match message:
            case {"type": "hello", "view": str(view)}:
                with self._lock:
                    live = self._turn.whole() if self._turn else {"request": None}
                    self.send({"type": "live", "view": view, **live})
            case {"type": "ask", "request": str(request), "text": str(text)} if text.strip():
                self._ask(text, request)
            case {"type": "stop", "request": request} if self._turn and self._turn.id == request:
                self.stop()
            case {"type": "clear"}:
                self.clear()
            case {"type": "models", "provider": str(name), "view": str(view)}:
                own_loop().submit(self._list(name, view))


@dataclass(slots=True, eq=False)
class _Turn:
    """A question and the answer on its way, with what the views have been sent of it."""

    id: str
    prompt: str
    reply: Reply | None = None
    job: Job[Reply] | None = None
    stopped: bool = False
    due: bool = False
    last: float = 0.0
    n: int = 0
    finished: list[str] = field(default_factory=list)
    open: str = ""
    broken: bool = False
    _html: HtmlStream = field(default_factory=HtmlStream)
    _read: int = 0
    _thought: int = 0

    @property
    def text(self) -> str:
        """What was said so far; a refusal counts, for the model may be asked about it."""
        return (self.reply.text or self.reply.refusal or "") if self.reply else ""

    def cancel(self) -> None:
        """Let nothing more of it reach a view, and end the work."""
        self.stopped = True
        if self.job is not None:
            self.job.cancel()

    def step(self, *, last: bool = False) -> dict[str, Any] | None:
        """Render what has come since the last step; the last one finishes the block in progress."""
        if self.reply is None:
            return None
        text, thoughts = self.text[self._read :], self.reply.reasoning[self._thought :]
        if not text and not thoughts and not last:
            return self._login()
        self._read += len(text)
        self._thought += len(thoughts)
        self.broken = True
        self._html.add(text)
        update = self._html.take(last=last)
        self.broken = False
        self.finished += update.finished
        self.open = update.open
        self.n += 1
        return self._message(self.n - 1, update.finished, thoughts)

    def _login(self) -> dict[str, Any] | None:
        """The login that is waited for, in the place of the text that will come."""
        if self.reply is None or not self.reply.waits_for_login:
            return None
        html = safe_html(login_line(self.reply))
        if html == self.open:
            return None
        self.open = html
        self.n += 1
        return self._message(self.n - 1, [], "")

    def whole(self) -> dict[str, Any]:
        """All that the steps gave, for a view that comes later."""
        thoughts = self.reply.reasoning[: self._thought] if self.reply else ""
        return self._message(self.n - 1, self.finished, thoughts)

    def _message(self, n: int, finished: list[str], thoughts: str) -> dict[str, Any]:
        return {"request": self.id, "n": n, "finished": finished, "open": self.open, "reasoning": thoughts}


def _home(model: str | Provider | None) -> Provider | None:
    """The provider that the panel was made for: what was given for its server goes to no other."""
    try:
        return registry.choose(model, interactive=True)[0]
    except G4FError:
        return None


def _settled(turn: _Turn, error: Exception | None) -> tuple[list[dict[str, Any]], Exception | None]:
    """The answer as it stays in the conversation, and why it failed, if it did."""
    reply = turn.reply
    if reply is None or (error is not None and not turn.text and not reply.reasoning):
        # A stop before anything was sent leaves its mark all the same.
        return ([_item(turn, mark="Stopped")] if turn.stopped and error is None else []), error
    reply.partial = reply.partial or turn.stopped
    html = None  # a view shows the plain text then
    if not turn.broken:
        try:
            turn.step(last=True)
            html = "".join([*turn.finished, *exhibits(reply.images, reply.audio), _links(reply)])
        except Exception as failure:  # noqa: BLE001  # the answer is there, the conversation goes on
            error = error or failure
    item = _item(
        turn,
        html=html,
        reasoning=reply.reasoning,
        footer=list(facts(reply)),
        mark=_mark(turn, reply, failed=error is not None),
    )
    return [item], error


def _item(turn: _Turn, **shown: Any) -> dict[str, Any]:
    return {"id": f"{turn.id}-assistant", "role": "assistant", "text": turn.text, **shown}


def _mark(turn: _Turn, reply: Reply, *, failed: bool) -> str:
    if failed:
        return "Broken off"
    if turn.stopped or reply.partial:
        return "Stopped"
    if reply.tool_calls:
        names = ", ".join(call.name for call in reply.tool_calls)
        return f"The model asks for tools, which a panel does not run: {names}"
    if not turn.text:
        return "The answer is empty"
    return "Declined" if not reply.text else _ENDS.get(reply.finish_reason or "", "")


def _links(reply: Reply) -> str:
    links = [safe_link(source.title or source.url, source.url) for source in reply.sources]
    if reply.waits_for_login:
        links.append(login_line(reply))
    return safe_html("\n".join(f"- {link}" for link in links)) if links else ""


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, G4FError) and str(error) else f"{type(error).__name__}: {error}"
