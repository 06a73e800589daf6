"""A key that an answer repeats is masked in whatever is shown of it; `reply.text` stays what was said."""

from __future__ import annotations

import copy
import io
import json
import pickle
from dataclasses import dataclass

import pytest
from looking import leaks, shown_of_value
from planting import KEY, SOURCES
from rich.console import Console

import g4f_nb as nb
from g4f_nb.cells.colours import Colours
from g4f_nb.cells.growing import GrowingColumns
from g4f_nb.cells.looks import Look
from g4f_nb.cells.painting import CellScreen
from g4f_nb.cells.terminal import TerminalScreen
from g4f_nb.chunks import (
    Alternative,
    Reasoning,
    Refusal,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    ToolResult,
    Usage,
)
from g4f_nb.reply import Reply
from g4f_nb.secret import Secret, Veiled
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.showing.formats import FORMATS


@dataclass
class _Data:
    word: str


def _chunks():
    """An answer that says the key in every part of it, over two rounds."""
    yield Reasoning(f"The key {KEY} is …")
    yield f"I look {KEY} up."
    yield ToolCalls((ToolCall("1", "look_up", json.dumps({"what": KEY})),))
    yield ToolResult("1", "look_up", f"found {KEY}")
    yield None
    yield Reasoning(f"So {KEY} it is.")
    yield f"It is `{KEY}`:\n\n```python\nkey = '{KEY}'\n```\n\n| a |\n|---|\n| {KEY} |\n\n"
    yield json.dumps({"key": KEY})
    yield Sources((Source(f"https://h/?q={KEY}", f"about {KEY}"),))
    yield Alternative(1, f"or {KEY}")
    yield Usage(3, 4)


def _reply(**asked_with):
    reply = Reply(provider="P", model="m")
    reply.asked_with = (Veiled(asked_with or {"api_key": Secret(KEY)}),)
    return reply


def _filled(**asked_with):
    reply = _reply(**asked_with)
    for chunk in _chunks():
        if chunk is None:
            reply.end_round()
        else:
            reply.add(chunk)
    return reply


def test_nothing_that_is_shown_of_a_reply_holds_it():
    """Its reprs, rich's, every form of the cell's output, its data, a copy; the text is what was said."""
    reply = _filled()
    said = reply.text
    reply.data = _Data(KEY)
    console = Console(file=io.StringIO(), width=4_000)
    console.print(reply)
    texts = [repr(reply), str(reply._repr_mimebundle_()), console.file.getvalue()]
    for kind in FORMATS:
        texts += mimebundle(reply, kind=kind, notices=["a note"]).values()
    reply.data = None
    for kind in FORMATS:
        texts += mimebundle(reply, kind=kind).values()
    assert not leaks(*texts)
    assert "***" in repr(reply)
    assert reply.text == str(reply) == said
    assert KEY in said
    refused = _reply()
    refused.add(Refusal(f"not {KEY}"))
    assert not leaks(*refused._repr_mimebundle_().values())


def test_what_a_reply_was_asked_with_goes_nowhere():
    """Neither its attributes nor a copy or a pickle of it hold the key that was given for it."""
    reply = _reply()
    reply.add("no key in it")
    assert not leaks(*shown_of_value(reply))
    assert pickle.loads(pickle.dumps(reply)).asked_with == ()  # noqa: S301
    assert copy.deepcopy(reply).text == "no key in it"
    assert reply.as_shown() is reply


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
@pytest.mark.parametrize("look", [Look(), Look(format="text"), Look(typed=True)], ids=str)
def test_no_update_of_a_cell_holds_it(monkeypatch, size, look):
    """Nor any part of it, however the pieces are cut; what is shown in the end is the whole answer."""
    shown = []
    monkeypatch.setattr("g4f_nb.cells.displays.Displays.show", lambda _, bundle: shown.append(bundle))
    now = iter(range(0, 10**9, 100))
    screen = CellScreen(look, streams=True, clock=lambda: next(now))
    _stream(screen, size)
    assert len(shown) > 3
    assert not leaks(*(text for bundle in shown for text in bundle.values()))
    assert "***" in shown[-1]["text/plain"]


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
@pytest.mark.parametrize("streams", [True, False])
def test_no_terminal_shows_it(capsys, size, streams):
    """Piece by piece and whole; what is written is the answer with a mask, each part of it once."""
    _stream(TerminalScreen(streams=streams), size)
    out = capsys.readouterr().out
    assert not leaks(out)
    assert out.count("I look *** up.") == out.count("It is `***`") == 1


def test_no_terminal_with_colours_shows_it(monkeypatch):
    """Nor where rich sets it."""
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    monkeypatch.setattr("g4f_nb.cells.terminal._colours", lambda: Colours(console))
    _stream(TerminalScreen(), 3)
    assert not leaks(console.file.getvalue())


def test_no_column_of_a_comparison_shows_it(monkeypatch):
    """While it grows."""
    shown = []
    monkeypatch.setattr("g4f_nb.cells.displays.Displays.show", lambda _, bundle: shown.append(bundle))
    now = iter(range(0, 10**9, 100))
    columns = GrowingColumns(["P:m"], clock=lambda: next(now))
    reply = _reply()
    columns.began([0], reply)
    for letter in f"It is {KEY}, and that is all.":
        reply.add(letter)
        columns.grew([0])
        columns.paint()
    assert not leaks(*(text for bundle in shown for text in bundle.values()))
    assert "***" in shown[-1]["text/html"]


def _stream(screen, size):
    reply = _reply()
    for chunk in _chunks():
        if chunk is None:
            reply.end_round()
            continue
        text = chunk.text if isinstance(chunk, Reasoning) else chunk
        if not isinstance(text, str):
            reply.add(chunk)
            screen.update(reply)
            continue
        for at in range(0, len(text), size):
            piece = text[at : at + size]
            reply.add(Reasoning(piece) if isinstance(chunk, Reasoning) else piece)
            screen.update(reply)
    screen.finish(reply)


@pytest.mark.parametrize("source", SOURCES)
def test_wherever_the_key_is_from(source, home, places):
    """A server that repeats the key is answered to the user without it, in `Out` and in a stream's repr."""
    planted = SOURCES[source](home.api_base, places)
    given = {"max_retries": 0, "timeout": 5} | planted.given
    reply = nb.ask(f"My key is {KEY}.", "echo", provider=planted.cls, **given)
    assert KEY in reply.text
    stream = nb.stream(f"My key is {KEY}.", "echo", provider=planted.cls, **given)
    assert KEY in "".join(stream)
    assert not leaks(repr(reply), *reply._repr_mimebundle_().values(), repr(stream))


_PIECES = [KEY[at : at + 4] for at in range(0, len(KEY), 4)]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "hidden",
    [
        "".join(f'[{piece}](http://a "t")' for piece in _PIECES),
        "".join(f"[{piece}](http://a/(x))" for piece in _PIECES),
        "$\\mathrm{" + "{}".join(_PIECES) + "}$",
        "$" + "".join(f"\\textcolor{{red}}{{{piece}}}" for piece in _PIECES) + "$",
    ],
)
def test_nor_while_it_grows_what_is_seen_only_once_it_is_rendered(hidden, size):
    """At no time there is as much of a key as would be masked in one piece; around it all is as it was."""
    from g4f_nb.showing.keyless import GrowingKeyless

    reply, growing = _reply(), GrowingKeyless()
    text = f"[So](http://a) it $x$ is:\n\n{hidden}\n\nThat $y$ is all."
    for at in range(0, len(text), size):
        reply.add(text[at : at + size])
        shown = growing.of(reply).text
        assert sum(piece in shown for piece in _PIECES) <= 3
    shown = growing.of(reply, whole=True).text
    assert shown.startswith("[So](http://a) it $x$ is:\n\n")
    assert shown.endswith("***\n\nThat $y$ is all.")
    assert sum(piece in shown for piece in _PIECES) <= 3


def test_without_any_key_nothing_is_done(monkeypatch):
    """What grows is shown as it is: the very reply."""
    from g4f_nb.showing.keyless import GrowingKeyless

    monkeypatch.setattr("g4f_nb.masking._found", list)
    reply = Reply()
    reply.add("hello")
    assert GrowingKeyless().of(reply) is reply


@pytest.mark.parametrize("word", ["lm-studio", "Not-Needed", "ollama", "EMPTY", "x"])
def test_what_stands_for_a_key_is_a_word(word):
    """A server of one's own wants some key and reads none: what people write there is no secret."""
    reply = _reply(api_key=Secret(word))
    reply.add(f"{word} runs on your machine")
    assert reply.as_shown() is reply
