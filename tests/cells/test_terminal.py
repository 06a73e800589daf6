"""A terminal: text as it comes, colours with rich, nothing that a terminal would obey, a quiet last line."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from g4f_nb.cells.colours import Colours
from g4f_nb.cells.looks import Look
from g4f_nb.cells.terminal import TerminalScreen
from g4f_nb.chunks import Reasoning, ToolCall, ToolCalls, ToolResult, Usage
from g4f_nb.reply import Reply

FENCE = "`" * 3
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _reply(text="", **facts):
    reply = Reply(provider="P", model="m")
    reply.add(text)
    for name, value in facts.items():
        setattr(reply, name, value)
    return reply


def _shown(reply, *, look=None, streams=True, notices=()):
    screen = TerminalScreen(look, streams=streams)
    screen.update(reply)
    screen.finish(reply, notices=notices)


def test_text_comes_as_it_is_said(capsys):
    """Each piece is there at once; in the end one line says who answered."""
    reply, screen = _reply(), TerminalScreen()
    for piece in ("One", " two", " three."):
        reply.add(piece)
        screen.update(reply)
        assert capsys.readouterr().out == piece
    reply.add(Usage(3, 4))
    reply.seconds = 1.5
    screen.finish(reply, notices=["the oldest turn is left out"])
    assert capsys.readouterr().out == "\nthe oldest turn is left out\nP · m · total 1.5 s · 3 → 4 tokens\n"


def test_without_streaming_it_comes_at_the_end(capsys):
    """Whole."""
    reply, screen = _reply("All of it"), TerminalScreen(streams=False)
    screen.update(reply)
    assert capsys.readouterr().out == ""
    screen.finish(reply)
    assert capsys.readouterr().out == "All of it\nP · m\n"


def test_a_stopped_answer_says_so_and_quiet_says_nothing(capsys):
    """In the last line; an answer that never began leaves none."""
    _shown(_reply("Hi", partial=True))
    assert capsys.readouterr().out == "Hi\nP · m · stopped early\n"
    _shown(_reply("Hi"), look=Look(quiet=True))
    assert capsys.readouterr().out == "Hi\n"
    _shown(_reply(partial=True))
    assert capsys.readouterr().out == ""


def test_calls_stand_in_lines_of_their_own(capsys):
    """Between the texts of the rounds, with their results in a word."""
    reply, screen = _reply("Let me see."), TerminalScreen()
    screen.update(reply)
    reply.add(ToolCalls((ToolCall("1", "add", '{"a": 1, "b": "x"}'),)))
    screen.update(reply)
    reply.add(ToolResult("1", "add", "3"))
    screen.update(reply)
    reply.end_round()
    reply.add("It is 3.")
    screen.update(reply)
    screen.finish(reply)
    assert [line for line in capsys.readouterr().out.split("\n") if line] == [
        "Let me see.", 'add(a=1, b="x") → 3', "It is 3.", "P · m",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("json", 'Sure: {"a": [1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ("code", f"Look:\n{FENCE}python\nx = 1\n{FENCE}\nbye", "x = 1"),
        ("df", "| a | b |\n|---|---|\n| 1 | 2 |", "   a  b\n0  1  2"),
        ("text", "**a**", "**a**"),
        ("json", "none", "none\nThere is no JSON object or list in this answer; here it is as it came."),
    ],
)
def test_formats_are_text_here_too(capsys, kind, text, shown):
    """What was asked for and nothing else."""
    _shown(_reply(text), look=Look(format=kind, quiet=True))
    assert capsys.readouterr().out.rstrip("\n") == shown


@pytest.mark.parametrize(
    "text", ["\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "a\rb", "\x08\x08", "\u202ea", "\u2067a", "\ud800"]
)
def test_nothing_is_obeyed(capsys, text):
    """Not in text, calls, results, notices or names; with colours and without."""
    reply = _reply(text)
    reply.model = text
    reply.add(ToolCalls((ToolCall("1", text, text),)))
    reply.add(ToolResult("1", text, text))
    _shown(reply, notices=[text])
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", capsys.readouterr().out
    )


def _console(width=60):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=20, highlight=False)


def _in_colours(text, *, width=60, step=7):
    console = _console(width)
    colours = Colours(console)
    for start in range(0, len(text), step):
        colours._next = 0
        colours.add(text[start : start + step])
    colours.end()
    return console.file.getvalue()


def _last_screen(out, height=200, width=100):
    """What stands in a terminal after all commands: lines, moves and erasures."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", out):
        if token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token.startswith("\x1b"):
            if token.endswith("A"):
                row = max(0, row - int(token[2:-1] or 1))
            elif token == "\x1b[2K":
                lines[row] = ""
        else:
            lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + len(token) :]
            column += len(token)
    return [line.rstrip() for line in lines]


def test_with_rich_an_answer_is_set_as_markdown():
    """In the end everything stands there once, set; the width is respected, addresses are shown."""
    text = (
        "# Title\n\nSome **bold** words, long enough that they have to be broken over several lines here.\n\n"
        f"- one\n- two\n\n{FENCE}python\nx = 1\n{FENCE}\n\n"
        "A [link](https://a.invalid/x), <b>tags</b> as words.\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    out = _in_colours(text)
    assert "\x1b[1m" in out
    lines = _last_screen(out)
    shown = "\n".join(lines)
    for word in ("Title", "bold", "one", "two", "x = 1", "link", "https://a.invalid/x", "<b>tags</b>"):
        assert shown.count(word) == 1, word
    assert "**" not in shown
    assert max(map(len, lines)) <= 60


def test_a_long_block_with_rich_is_shown_in_parts():
    """Code that is longer than the screen stands there once in the end, every line of it."""
    code = "".join(f"value_{number} = {number}\n" for number in range(120))
    lines = _last_screen(_in_colours(f"{FENCE}python\n{code}{FENCE}\n", step=40))
    found = [line.strip() for line in lines if line.strip()]
    assert found == [f"value_{number} = {number}" for number in range(120)]


def test_thoughts_are_not_the_answer(capsys):
    """A terminal shows the text alone."""
    reply = _reply()
    reply.add(Reasoning("hm"))
    reply.add("Hi")
    _shown(reply, look=Look(quiet=True))
    assert capsys.readouterr().out == "Hi\n"


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_calls_stand_between_what_was_said_before_and_after_them(capsys, streams, at_once):
    """Also where the result and the first words after it come together."""
    reply, screen = _reply("I add."), TerminalScreen(streams=streams)
    screen.update(reply)
    reply.add(ToolCalls((ToolCall("1", "add", '{"a": 2}'),)))
    screen.update(reply)
    reply.add(ToolResult("1", "add", "42"))
    if not at_once:
        screen.update(reply)
    reply.end_round()
    reply.add("It is ")
    screen.update(reply)
    reply.add("42.")
    screen.update(reply)
    screen.finish(reply)
    written = capsys.readouterr().out
    assert re.fullmatch(r"I add\.\nadd\(a=2\) → 42\n\n*It is 42\.\nP · m\n", written), written
