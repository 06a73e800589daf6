"""What is sent while an answer grows: at most twelve times a second, and no more than in proportion."""

from __future__ import annotations

import re

import pytest
from thorough import THOROUGH, some

from g4f_nb.cells.bystanders import Bystanders
from g4f_nb.cells.looks import Look
from g4f_nb.cells.painting import CellScreen
from g4f_nb.chunks import Reasoning, ToolCall, ToolCalls, ToolResult
from g4f_nb.reply import Reply
from g4f_nb.showing.splitting import Splitter

FENCE = "`" * 3
ENVELOPE = 630
SPEED = 300 * 4  # characters a second
_SENTENCE = "The fox number {0} jumps over the lazy dog, and `word {0}` is *not* the last. "
KINDS = {
    "paragraphs": lambda n: _SENTENCE.format(n) + ("\n\n" if n % 5 == 4 else ""),
    "one paragraph": _SENTENCE.format,
    "one list": "- item {0}: with **some** words\n".format,
    "one numbered list": "{0}. with **some** words\n".format,
    "one table": lambda n: ("| a | b |\n|---|---|\n" if n == 0 else "") + f"| {n} | words of row {n} |\n",
    "one block of code": lambda n: (f"{FENCE}python\n" if n == 0 else "") + f"value_{n} = compute({n})\n",
    "code with blank lines": lambda n: (
        (f"{FENCE}python\n" if n == 0 else "") + f"def f_{n}():\n    pass\n\n\n"
    ),
    "short blocks": "Paragraph {0}.\n\n".format,
    "headings": "# Title {0}\n".format,
    "one quotation": "> line {0} of it\n".format,
    "one line of words": "word{0} ".format,
    "one endless word": "word{0}".format,
    "cyrillic": lambda n: f"Предложение {n} длинного ответа. " + ("\n\n" if n % 6 == 5 else ""),
}


class Wire:
    """A shell and its display publisher, keeping what it is given as a front end would show it."""

    def __init__(self):
        self.messages, self.outputs, self._clears, self.now = [], {}, False, 0.0
        self.display_pub = self
        self.events = self

    def register(self, *_):
        """Nobody is told anything."""

    unregister = register_hook = unregister_hook = register

    def publish(self, data, metadata=None, *, transient=None, update=False, **_):  # noqa: ARG002
        """Show it, or in the place of what it updates."""
        name = transient["display_id"]
        if self._clears:
            self.outputs, self._clears = {}, False
        assert (name in self.outputs) == update
        self.outputs[name] = data
        self.messages.append((self.now, sum(len(each.encode()) for each in data.values()) + ENVELOPE))

    def clear_output(self, wait=False):
        """Empty the page, at once or with the next output."""
        self.messages.append((self.now, ENVELOPE))
        if wait:
            self._clears = True
        else:
            self.outputs = {}

    @property
    def shown(self):
        """Everything on the page."""
        return "\n\n".join("".join(data.values()) for data in self.outputs.values())

    @property
    def bytes(self):
        """All that was sent."""
        return sum(size for _, size in self.messages)


@pytest.fixture
def wire(monkeypatch):
    wire = Wire()
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setattr(InteractiveShell, "initialized", staticmethod(lambda: True))
    monkeypatch.setattr(InteractiveShell, "instance", staticmethod(lambda: wire))
    return wire


def _screen(wire, *, alone=True, **look):
    bystanders = Bystanders(wire) if alone else None
    return CellScreen(Look(**look), streams=True, bystanders=bystanders, clock=lambda: wire.now)


def _text(kind, length):
    made, number = "", 0
    while len(made) < length:
        made += KINDS[kind](number)
        number += 1
    return made[:length]


def _stream(wire, screen, text, reply=None, *, speed=SPEED, wrap=str, looked=None):
    reply = Reply(provider="P", model="m") if reply is None else reply
    for start in range(0, len(text), 4):
        reply.add(wrap(text[start : start + 4]))
        wire.now += 4 / speed
        screen.update(reply)
        if looked is not None and start % 400 == 0:
            looked(reply)
    return reply


@pytest.mark.parametrize(
    ("kind", "alone"),
    [
        pytest.param(kind, alone, id=f"{kind}-{'a cell of ours' if alone else 'a cell with other things'}")
        for number, kind in enumerate(KINDS)
        for alone in some([True, False], of=2, but=number)
    ],
)
def test_bytes_grow_as_the_answer_does(monkeypatch, kind, alone):
    """20,000 characters at 300 tokens a second: at most 20 times the answer; twice as long, 2.2 times."""
    sent, long = {}, 20_000 if THOROUGH else 6_000
    for length in (long // 2, long):
        wire, text = Wire(), _text(kind, length)
        monkeypatch.setattr("IPython.core.interactiveshell.InteractiveShell.instance", lambda wire=wire: wire)
        monkeypatch.setattr("IPython.core.interactiveshell.InteractiveShell.initialized", lambda: True)
        screen = _screen(wire, alone=alone)
        screen.finish(_stream(wire, screen, text))
        sent[length] = wire.bytes
        size = len(text.encode())
        assert wire.bytes <= 20 * size, f"{wire.bytes / size:.1f} times"
        assert len(wire.outputs) == 1
        seconds = [when for when, _ in wire.messages]
        for number, when in enumerate(seconds[:-14]):
            assert seconds[number + 13] - when >= 0.99
    assert sent[long] <= 2.2 * sent[long // 2]


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_is_on_the_page_all_the_time(wire, kind):
    """At any moment the page holds what has come, in its order, but for the last second or two."""
    screen = _screen(wire)
    parts = re.compile(r"[\w.,:]+")

    def look(reply):
        # Index errors are faults: a word that has come is not on the page.
        have, shown = parts.findall(reply.text), parts.findall(wire.shown)
        at = 0
        for word in have[: -len(have) // 6 - 120]:
            at = shown.index(word, at) + 1

    _stream(wire, screen, _text(kind, 6_000 if THOROUGH else 3_000), looked=look)


def test_thousands_of_blocks_stay_below_what_a_front_end_shows(wire):
    """JupyterLab shows fifty outputs of a cell: however long the answer, there are fewer."""
    screen, most = _screen(wire), 0
    reply = Reply()
    text = _text("paragraphs", 400_000)
    for start in range(0, len(text), 2_000):
        reply.add(text[start : start + 2_000])
        wire.now += 2_000 / SPEED
        screen.update(reply)
        most = max(most, len(wire.outputs))
    screen.finish(reply)
    assert 10 < most < 45
    assert wire.bytes < 20 * len(text)


def test_thoughts_cost_no_more_than_text(wire):
    """While a model thinks only a glimpse is shown; the whole is folded once the text begins."""
    screen = _screen(wire)
    reply = _stream(wire, screen, _text("paragraphs", 20_000), wrap=Reasoning)
    assert "Thinking" in wire.shown
    assert wire.bytes < 12 * 20_000
    _stream(wire, screen, "The answer.", reply)
    wire.now += 1
    screen.update(reply)
    assert wire.shown.count("<summary>Reasoning</summary>") == 1
    assert "The answer." in wire.shown
    screen.finish(reply)
    assert wire.bytes < 20 * 20_000
    assert wire.shown.count("jumps over") >= 200


def test_rounds_stand_in_their_order(wire):
    """Text, calls with their results, text: while it grows and in the end."""
    screen, reply = _screen(wire), Reply(provider="P", model="m")
    for number in range(5):
        _stream(wire, screen, _text("paragraphs", 4_000), reply)
        reply.add(ToolCalls((ToolCall(f"c{number}", "look", f'{{"page": {number}}}'),)))
        wire.now += 1
        screen.update(reply)
        assert f"Calls <code>look&#40;page&#61;{number}" in wire.shown
        reply.add(ToolResult(f"c{number}", "look", f"found {number}"))
        reply.end_round()
        wire.now += 1
        screen.update(reply)
        assert re.search(rf"Called <code>look&#40;page&#61;{number}.*found {number}", wire.shown)
    screen.finish(reply)
    assert wire.bytes <= 20 * 20_000
    assert re.findall(r"Called <code>look&#40;page&#61;(\d)", wire.shown) == list("01234")


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("length", [500, 8_000])
def test_what_was_taken_back_goes(wire, alone, length):
    """The text of a round that did not fit leaves the page; what stood before it stays."""
    screen, reply = _screen(wire, alone=alone), Reply()
    _stream(wire, screen, "Before it all.", reply)
    reply.add(ToolCalls((ToolCall("1", "f", "{}"),)))
    reply.end_round()
    _stream(wire, screen, _text("paragraphs", length), reply)
    assert "jumps over" in wire.shown
    reply.end_round(retract=True)
    _stream(wire, screen, "What fits.", reply)
    wire.now += 2
    screen.update(reply)
    assert "jumps over" not in wire.shown
    assert wire.shown.index("Before it all.") < wire.shown.index("What fits.")
    screen.finish(reply)
    assert "jumps over" not in wire.shown
    assert len(wire.outputs) == 1
    assert wire.bytes < 20 * (length + 500) + 20 * ENVELOPE


@pytest.mark.parametrize("alone", [True, False])
def test_an_answer_that_never_began_leaves_nothing(wire, alone):
    """What stood for it while it was waited for goes before the error is shown."""
    screen, reply = _screen(wire, alone=alone), Reply(provider="P")
    screen.update(reply)
    assert "…" in wire.shown
    reply.partial = True
    screen.finish(reply)
    assert wire.shown == ""


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("after", [0, 3_000])
def test_an_answer_is_not_lost_by_its_display(wire, alone, after, monkeypatch):
    """What fails while it grows is not shown until the end, and then there is one output with all of it."""
    screen, text = _screen(wire, alone=alone), _text("paragraphs", 6_000)
    reply = _stream(wire, screen, text[:after])
    monkeypatch.setattr(screen._unfolding, "take", lambda _: 1 / 0)
    _stream(wire, screen, text[after:], reply)
    screen.finish(reply)
    (data,) = wire.outputs.values()
    assert data["text/plain"] == text
    assert data["text/markdown"].count("jumps over") == text.count("jumps over")


def test_verbatim_text_grows_verbatim(wire):
    """`--format text`: every character is there, marks too, in pieces without a seam."""
    screen, text = _screen(wire, format="text"), _text("one block of code", 20_000)
    reply = _stream(wire, screen, text)
    wire.now += 5
    screen.update(reply)
    shown = re.sub(r"<pre[^>]*>|</pre>", "\n", wire.shown).split("\n")
    assert [line for line in shown if line] == text.split("\n")
    assert len(wire.outputs) > 3
    screen.finish(reply)
    assert len(wire.outputs) == 1
    assert wire.bytes < 20 * 20_000


@pytest.mark.parametrize("step", [13 if THOROUGH else 39, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_the_text(kind, step):
    """Nothing is lost or doubled where a block is cut, but for the marks of a fence that is opened again."""
    text, splitter, pieces = _text(kind, 4_000), Splitter(), []
    for start in range(0, len(text), step):
        splitter.add(text[start : start + step])
        pieces += splitter.take()[0]
    pieces += splitter.take(last=True)[0]
    marks = re.compile(rf"{FENCE}\w*")
    assert re.sub(r"\s", "", marks.sub("", "".join(pieces))) == re.sub(r"\s", "", marks.sub("", text))
    assert all(piece.count(FENCE) in (0, 2) for piece in pieces[:-1])
