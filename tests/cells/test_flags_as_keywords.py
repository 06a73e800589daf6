"""`nb.stream`, with every option that the magic has: each flag's keyword, and that both send the same."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from functools import partial

import pytest

import g4f_nb as nb
from g4f_nb.cells.flags import FLAGS
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.errors import RequestTimeoutError

# How the flag is written in these tests, and what says the same to nb.ask, nb.ask_async and nb.stream.
_UPPER = {"provider": "OpenaiTemplate", "model": "upper", "api_base": "{base}"}
_NAMED = {"model": "OpenaiTemplate:upper", "api_base": "{base}"}
_NOWHERE = {"proxy": "http://127.0.0.1:9", "max_retries": 0}
_SILENT = {"model": "silent", "timeout": 0.2, "max_retries": 0}
SAME = {
    "--provider": ("-p OpenaiTemplate --api-base {base} -m upper", _UPPER),
    "--model": ("-m OpenaiTemplate:upper --api-base {base}", _NAMED),
    "--fallback": ("-m broken --fallback upper", {"model": "broken", "fallback": ["upper"]}),
    "--race": ("-m broken --race upper", {"model": "broken", "race": ["upper"]}),
    "--api-base": ("-p OpenaiTemplate -m upper --api-base {base}", _UPPER),
    "--proxy": ("-m upper --proxy http://127.0.0.1:9 --set max_retries=0", _NOWHERE),
    "--timeout": ("-m silent --timeout 0.2 --set max_retries=0", _SILENT),
    "--temperature": ("-m upper -t 0.5", {"temperature": 0.5}),
    "--max-tokens": ("-m upper --max-tokens 9", {"max_tokens": 9}),
    "--top-p": ("-m upper --top-p 0.5", {"top_p": 0.5}),
    "--stop": ("-m upper --stop A --stop B", {"stop": ["A", "B"]}),
    "--seed": ("-m upper --seed 7", {"seed": 7}),
    "--system": ('-m upper -s "Be brief"', {"system": "Be brief"}),
    "--set": ("-m upper --set user=me --set n=1", {"user": "me", "n": 1}),
    "--tool": ("-m tools --tool add --yes", {"model": "tools", "tools": ["add"]}),
    "--attach": ("-m upper --attach {file}", {"media": ["{file}"]}),
    "--schema": ('-m json --schema "answer, ok bool"', {"model": "json", "schema": "answer, ok bool"}),
    "--cache": ("-m upper --cache", {"cache": True}),
}  # fmt: skip
# What of a conversation is a conversation's: `nb.Conversation.named(NAME).stream(…)`.
TALKS = {
    "--name": "Conversation.named",
    "--new": "begin(after=)",
    "--fork": "Conversation.fork",
    "--continue": "begin(continues=)",
}
# What no keyword says, and why.
NONE = {
    "--compare": "several answers are no stream: nb.compare gives the DataFrame",
    "--yes": "nobody is asked where approve= is not given",
    "--raw": "no name in braces is replaced in a text of Python's: an f-string does it",
    "--show-context": "how it is shown; reply.messages is what was sent",
    "--dry-run": "nb.stream sends nothing before it is read; nb.resolve shows where it would go",
    "--format": "how it is shown",
    "--out": "the name before the =",
    "--code": "where it is shown; reply.code has it",
    "--no-stream": "nb.ask",
    "--quiet": "nothing is shown",
}


def test_every_flag_is_told():
    """A new flag is a keyword of nb.stream, or there is a reason why it is none."""
    assert {flag.name for flag in FLAGS} == SAME.keys() | TALKS.keys() | NONE.keys()
    assert len(FLAGS) == len(SAME) + len(TALKS) + len(NONE)
    signatures = [inspect.signature(each).parameters for each in (nb.ask, nb.ask_async, nb.stream)]
    assert signatures[0] == signatures[1] == signatures[2]
    assert {"after", "continues"} <= inspect.signature(Conversation.begin).parameters.keys()
    assert hasattr(Conversation, "named")
    assert hasattr(Conversation, "fork")


def _read(stream):
    list(stream)
    return stream.reply


async def _read_async(stream):
    async for _ in stream:
        pass
    return stream.reply


WAYS = {
    "ask": nb.ask,
    "ask_async": lambda *args, **how: asyncio.run(nb.ask_async(*args, **how)),
    "stream": lambda *args, **how: _read(nb.stream(*args, **how)),
    "stream, async": lambda *args, **how: asyncio.run(_read_async(nb.stream(*args, **how))),
    "conversation": lambda *args, **how: _read(Conversation().stream(*args, **how)),
}


@pytest.mark.parametrize("flag", SAME)
def test_both_send_the_same(shell, asked, server, tmp_path, flag):
    """The requests that a cell with the flag makes are those of the functions with the keyword."""

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    file = tmp_path / "notes.txt"
    file.write_text("the secret word is plum")
    shell.user_ns["add"] = add
    shell.run_cell("broken, silent, tools, json = map(model, ('error-500', 'silent', 'tools', 'json'))")
    line, keywords = SAME[flag]
    texts = {"{base}": server.api_base, "{file}": str(file)}

    def meant(value):
        return [meant(each) for each in value] if isinstance(value, list) else texts.get(value, value)

    def sent(ask):
        """What a question has sent, and which error it ended with."""
        nb.FallbackProvider.forget_failures()
        before, failure = len(server.requests), ""
        try:
            ask()
        except Exception as error:  # noqa: BLE001  # all of them fail in the same way
            failure = type(error).__name__
        # Who loses a race may be stopped before it has begun.
        seen = [each.body for each in server.requests[before:]]
        said = {_said(body) for body in seen if flag != "--race" or body["model"] == "upper"}
        nb.purge_store()
        return failure, said

    line = line.replace("{base}", server.api_base).replace("{file}", str(file))
    by_cell = sent(lambda: shell.run_cell(f"%%chat --new {line}\nadd 2 and 3").raise_error())
    assert by_cell[1] or flag == "--proxy"
    assert bool(by_cell[0]) == (flag in ("--proxy", "--timeout"))
    if "api_base" not in keywords:
        texts |= {name: shell.user_ns[name] for name in ("upper", "broken", "silent", "tools", "json", "add")}
    for way in WAYS.values():
        how = {name: meant(value) for name, value in {"model": "upper", **keywords}.items()}
        assert sent(partial(way, "add 2 and 3", how.pop("model"), **how)) == by_cell


def _said(body):
    """A request, whatever the server has called its calls; parts of a text are that text."""
    said = {name: value for name, value in body.items() if name != "stream"}
    for message in said["messages"]:
        if isinstance(message.get("content"), list):
            message["content"] = "".join(part["text"] for part in message["content"])
    return re.sub(r"call_\w+", "call", json.dumps(said, sort_keys=True))


def test_time_is_limited_by_both(shell, asked):
    """By the same error."""
    shell.run_cell("silent = model('silent')")
    _, result = asked("-m silent --timeout 0.2", ok=False)
    assert isinstance(result.error_in_exec, RequestTimeoutError)
    with pytest.raises(RequestTimeoutError):
        list(nb.stream("hi", shell.user_ns["silent"], timeout=0.2))


def test_tools_are_approved_in_both():
    """`approve=` is what the magic's question is to a function."""
    asked = []

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    def approve(call):
        asked.append(str(call))
        return False

    for way in WAYS.values():
        way("Please add 2 and 40", "Demo:demo-fast", tools=[add], approve=approve)
    assert asked == ["add(a=2, b=40)"] * len(WAYS)


def test_a_conversation_is_streamed(shell):
    """-n, --new, --fork and --continue, of a conversation in Python: its turns are the cell's."""
    shell.run_cell("%%chat -n trip -p Demo -m demo-fast\nTell me something long")
    talk = Conversation.named("trip")
    stream = talk.stream("echo and more", "Demo:demo-fast")
    assert [turn.shown for turn in talk.turns] == ["Tell me something long"]
    assert "".join(stream) == stream.reply.text == talk.turns[-1].text
    assert len(talk.turns) == 2
    fork = talk.fork("other")
    list(fork.stream("more", "Demo:demo-fast"))
    assert (len(fork.turns), len(talk.turns)) == (3, 2)
    for _ in talk.stream("Tell me something long", "Demo:demo-fast", after=None):
        break
    assert [turn.partial for turn in talk.turns] == [True]
    list(talk.stream(continues=True, model="Demo:demo-fast"))
    assert [(turn.partial, turn.continues) for turn in talk.turns] == [(True, False), (False, True)]


def test_a_conversation_s_stream_is_for_async_for():
    """And is kept however it ends."""

    async def read():
        talk = Conversation()
        pieces = [piece async for piece in talk.stream("hello", "Demo:demo-fast")]
        return talk, pieces

    talk, pieces = asyncio.run(read())
    assert talk.turns[0].text == "".join(pieces)
