"""Many threads, other services, odd answers: what a conversation does where things are not as usual."""

from __future__ import annotations

import dataclasses
import re
import threading
import time

import pytest
from hostile_markdown import PAYLOADS
from thorough import rounds

import g4f_nb as nb
from g4f_nb import asking
from g4f_nb.chunks import SendBack
from g4f_nb.conversations import terms
from g4f_nb.conversations.page import html_page
from g4f_nb.conversations.sending import GO_ON
from g4f_nb.errors import InvalidParameterError, SchemaError, StreamInterruptedError
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.store import store
from g4f_nb.testing import serve


class Deep(AsyncGeneratorProvider):
    """Answers with objects within each other, as many as it is told."""

    working = True

    @classmethod
    async def create_async_generator(cls, model, messages, **options):  # noqa: D102
        words = [each["content"].split()[0] for each in messages]
        depth = int([word for word in words if word.isdigit()][-1])
        yield '{"a":' * depth + "1" + "}" * depth


_KEY = "sk-planted-0123456789abcdef"


class _Says(AsyncGeneratorProvider):
    """Says what its class holds."""

    chunks = ("hello",)

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        for chunk in cls.chunks:
            yield chunk


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def talk(server):
    return nb.Conversation("x", model="OpenaiTemplate:echo", api_base=server.api_base, max_retries=0)


def _sent(server):
    return [(each["role"], each["content"]) for each in server.requests[-1].body["messages"]]


def test_many_threads_ask_one_conversation_and_no_turn_is_lost(talk):
    """All stand in the current branch, and costs and observers count each once."""
    heard = []
    talk.observe(lambda change: heard.append(change.kind))

    def ask(number):
        for each in range(4):
            talk.ask(f"{number}-{each}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {turn.shown for turn in talk} == {f"{a}-{b}" for a in range(6) for b in range(4)}
    assert len(talk) == len(talk.all_turns) == 24
    assert heard.count("finished") == heard.count("begun") == 24
    assert len(nb.Conversation.restore(talk.id)) == 24


@pytest.mark.clock
def test_settings_that_two_threads_change_are_both_kept(talk, monkeypatch):
    """A system prompt that is set while another thread sets options is not lost with what they replace."""
    replace = dataclasses.replace

    def slowly(*values, **changes):
        time.sleep(0.05)
        return replace(*values, **changes)

    monkeypatch.setattr(terms, "replace", slowly)
    together = threading.Barrier(2)

    def change(name, value):
        together.wait()
        setattr(talk, name, value)

    changes = [("system", "Be brief."), ("options", {"temperature": 0})]
    threads = [threading.Thread(target=change, args=each) for each in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (talk.system, dict(talk.options)) == ("Be brief.", {"temperature": 0})


def test_a_branch_that_was_left_meanwhile_is_not_come_back_to(talk):
    """An answer that ends after the user has gone to another version stays on its branch."""
    talk.ask("one")
    first = talk.turns[0]
    begun = talk.begin("two")
    talk.edit(first, "uno")
    asking.complete(begun.question, begun.reply)
    turn = begun.finish()
    assert [each.shown for each in talk] == ["uno"]
    assert turn.parent == first.id
    talk.switch(turn)
    assert [each.shown for each in talk] == ["one", "two"]


def test_what_is_asked_of_another_branch_is_seen(talk):
    """Going on behind a hidden version goes to its branch, if the question is sent at all."""
    talk.ask("one")
    hidden = talk.turns[0]
    talk.edit(hidden, "uno")
    with pytest.raises(nb.G4FError):
        talk.ask("two", "Nobody:x", after=hidden)
    assert talk.turns[0].shown == "uno"
    talk.ask("two", after=hidden)
    assert [turn.shown for turn in talk] == ["one", "two"]


def test_a_turn_whose_place_in_the_tree_is_gone_goes_to_the_end(talk):
    """Nothing that was answered is lost with what was dropped meanwhile."""
    talk.ask("one")
    again, behind = talk.begin("uno", instead_of=talk.turns[0]), talk.begin("two", after=talk.turns[0])
    talk.drop(talk.turns[0])
    for begun in (again, behind):
        asking.complete(begun.question, begun.reply)
        begun.finish()
    assert [each.shown for each in talk] == ["uno", "two"]


def test_one_can_go_on_behind_any_turn_or_at_the_beginning(talk, server):
    """`after` makes a branch there."""
    talk.ask("one")
    talk.ask("two")
    talk.ask("other", after=talk.turns[0])
    assert _sent(server) == [("user", "one"), ("assistant", "one"), ("user", "other")]
    talk.ask("anew", after=None)
    assert _sent(server) == [("user", "anew")]
    assert len(talk.branches(talk.turns[0])) == 2


@pytest.mark.parametrize("name", ["edit", "drop", "switch", "branches"])
def test_what_is_no_turn_of_it_is_refused(talk, name):
    """The error names the conversation."""
    given = ["nobody", "hello"] if name == "edit" else ["nobody"]
    with pytest.raises(InvalidParameterError, match="the conversation 'x' has no turn 'nobody'"):
        getattr(talk, name)(*given)


def test_what_one_service_wrote_for_itself_goes_to_no_other(talk, server):
    """Marks on its thoughts go back to it, and another service sees plain messages."""
    kind = type("Marks", (_Says,), {"chunks": ("hello", SendBack({"marks": ["mine"]}))})
    talk.ask("hello", kind)
    assert talk.begin("again", kind).question.messages[1]["marks"] == ["mine"]
    talk.ask("and you?")
    seen = {name for message in server.requests[-1].body["messages"] for name in message}
    assert seen == {"role", "content"}


def test_an_answer_cut_off_at_its_longest_can_be_gone_on_with(talk, server):
    """It is a whole turn for the service, and yet not finished."""
    talk.ask("tell me", "OpenaiTemplate:long", max_tokens=3)
    turn = talk.turns[0]
    assert turn.reply.finish_reason == "length"
    talk.ask(None, "OpenaiTemplate:echo", continues=True)
    assert _sent(server) == [("user", "tell me"), ("assistant", turn.text), ("user", GO_ON)]


def test_going_on_may_break_off_again(talk, server):
    """The chain is sent whole when it is gone on with, and not at all when it is left."""
    for question in ({"prompt": "one"}, {"continues": True}):
        with pytest.raises(StreamInterruptedError):
            talk.ask(model="OpenaiTemplate:cut", **question)
    parts = [turn.text for turn in talk]
    begun = talk.begin("something else")
    assert [each["content"] for each in begun.question.messages] == ["something else"]
    talk.ask(None, "OpenaiTemplate:echo", continues=True)
    assert [text for _, text in _sent(server)] == ["one", parts[0], GO_ON, parts[1], GO_ON]


def test_going_on_failed_and_can_be_tried_again(talk, server):
    """A failure between is stepped over."""
    with pytest.raises(StreamInterruptedError):
        talk.ask("one", "OpenaiTemplate:cut")
    with pytest.raises(nb.G4FError):
        talk.ask(None, "OpenaiTemplate:error-500", continues=True)
    talk.ask(None, "OpenaiTemplate:echo", continues=True)
    assert [text for _, text in _sent(server)] == ["one", talk.turns[0].text, GO_ON]


def test_a_place_that_went_on_goes_on_again(talk, server):
    """It replaces what it said before, and not the answer that it goes on with."""
    with pytest.raises(StreamInterruptedError):
        talk.ask("one", "OpenaiTemplate:cut", place="cell-1")
    talk.ask(None, "OpenaiTemplate:echo", continues=True, place="cell-2")
    talk.ask(None, "OpenaiTemplate:echo", continues=True, place="cell-2")
    assert [turn.place for turn in talk] == ["cell-1", "cell-2"]
    assert len(_sent(server)) == 3
    for version in talk.branches(talk.turns[-1]):
        talk.drop(version)
    talk.ask(None, "OpenaiTemplate:echo", continues=True, place="cell-1")
    assert len(talk) == 2


def test_going_on_in_words_of_ones_own(talk, server):
    """The part goes along."""
    with pytest.raises(StreamInterruptedError):
        talk.ask("one", "OpenaiTemplate:cut")
    talk.ask("but shorter", "OpenaiTemplate:echo", continues=True)
    assert _sent(server)[-1] == ("user", "but shorter")
    assert len(_sent(server)) == 3


def test_a_limit_of_tools_leaves_a_part_that_can_be_gone_on_with(talk, server):
    """What the tools gave is sent, and no call is open."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    talk.ask("go", "OpenaiTemplate:tool-loop", tools=[add], tool_limits=nb.ToolLimits(rounds=2))
    assert talk.turns[0].partial
    assert talk.messages == []
    talk.ask("just tell me", "OpenaiTemplate:echo", continues=True)
    roles = [role for role, _ in _sent(server)]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "user"]


@pytest.mark.parametrize(("model", "said"), [("refuse", "cannot"), ("speak", "hello")])
def test_what_was_said_in_another_way_than_as_text_is_sent_as_text(talk, server, model, said):
    """A refusal and the transcript of sound are answers; two questions in a row are refused by some."""
    talk.ask("hello", f"OpenaiTemplate:{model}")
    talk.ask("why?")
    assert said in _sent(server)[1][1]


def test_an_answer_of_nothing_is_not_sent(talk, server):
    """Services refuse an empty message."""
    talk.ask("hello", "OpenaiTemplate:empty")
    talk.ask("why?")
    assert _sent(server) == [("user", "why?")]


def test_an_interrupt_before_anything_came_leaves_a_mark(talk):
    """The question is there, and nothing of it is sent again."""
    begun = talk.begin("hello", "OpenaiTemplate:silent")
    for _ in asking.watch(begun.question, begun.reply, beat=0.02):
        break
    turn = begun.finish(KeyboardInterrupt())
    assert turn.partial
    assert not turn.answered
    assert talk.messages == []


def test_files_are_sent_again_with_their_question(talk, server):
    """They are parts of the prompt, which nobody can change afterwards."""
    parts = [{"type": "text", "text": "what is this?"}]
    picture = "https://example.org/a.png"
    talk.ask(parts, media=[picture])
    parts.append("changed")
    talk.ask("and now?")
    first = _sent(server)[0][1]
    assert [part["type"] for part in first] == ["image_url", "text"]
    assert talk.turns[0].shown == "what is this?"


def test_regenerating_takes_no_key_to_another_provider():
    """What was given with a question for one server stays with it."""
    with serve() as one, serve() as two:
        talk = nb.Conversation(model="Demo:demo-fast")
        talk.ask("hello", "OpenaiTemplate:echo", api_base=one.api_base, api_key=_KEY, temperature=0.5)
        talk.regenerate()
        assert _KEY in str(one.requests[-1].headers)
        talk.regenerate(talk.turns[0], "openai:echo", api_base=two.api_base, api_key="other")
        assert _KEY not in str(two.requests[-1].headers)
        assert two.requests[-1].body["temperature"] == 0.5
        how = talk.again(talk.branches(talk.turns[0])[0], "Demo:demo-fast")
        assert "api_key" not in how
        assert _KEY not in repr(how)


def test_another_model_takes_no_key_along(server):
    """Setting the model of the conversation, to another one or to none."""
    talk = nb.Conversation(model="OpenaiTemplate:echo", api_base=server.api_base, api_key=_KEY, temperature=1)
    talk.model = "OpenaiTemplate:upper"
    assert set(talk.options) == {"api_base", "api_key", "temperature"}
    talk.model = "Demo:demo-fast"
    assert set(talk.options) == {"temperature"}
    talk.options = {"api_key": _KEY}
    talk.model = None
    assert set(talk.options) == set()
    assert talk.model is None


def test_no_error_of_a_turn_holds_a_key(server):
    """Also where a provider of the user's own puts it into its words."""

    class Leaks(_Says):
        @classmethod
        async def create_async_generator(cls, model, messages, api_key=None, stream=True, **kwargs):
            raise ValueError(f"the key is {api_key.reveal() if hasattr(api_key, 'reveal') else api_key}")
            yield

    talk = nb.Conversation(model=Leaks, api_key=_KEY)
    with pytest.raises(ValueError, match="the key is"):
        talk.ask("hello")
    assert "planted" not in talk.turns[0].error
    assert "planted" not in repr(talk.turns)


def test_what_was_left_out_is_told_to_whoever_has_only_the_reply(capsys):
    """`ask` writes the notices of `begin`."""
    with serve(answers={"gpt-4": lambda _: "x"}) as server:
        talk = nb.Conversation(model="OpenaiTemplate:gpt-4", api_base=server.api_base)
        for number in range(5):
            talk.ask(f"{number} " + "the quick brown fox jumps over the lazy dog " * 200)
    assert "turn is left out" in capsys.readouterr().err


def test_shown_in_a_notebook_it_is_a_safe_transcript():
    """Sixty hostile texts and more: no tag, no image, no harmful link is alive in it, nor in the page."""
    from g4f_nb.showing.markdown import safe_markdown

    hostile = "\n\n".join(PAYLOADS)
    kind = type("Evil", (_Says,), {"chunks": (hostile,)})
    talk = nb.Conversation("<script>alert(1)</script>", model=kind)
    talk.ask(hostile)
    bundle = talk._repr_mimebundle_()
    shown = bundle["text/markdown"]
    assert safe_markdown(hostile) in shown
    assert "<script>alert" not in shown
    assert "\x1b" not in bundle["text/plain"]
    page = html_page(talk.as_saved()).lower()
    body = page[page.index("<body") :]
    assert not re.search(r"<(script|img|svg|iframe|object|style|link|base|form|input)\b", body)
    assert not re.search(r"<[a-z][^>]*\s(on\w+|style|srcdoc)\s*=", body)
    assert not re.search(r"<[^>]*\s(href|src)\s*=\s*[\"']?\s*(javascript|data|vbscript):", body)


def test_a_long_transcript_shows_its_end():
    """What is shown is saved with the notebook: of a hundred turns the last twenty."""
    talk = nb.Conversation("long", model=_Says)
    for number in range(25):
        talk.ask(f"question {number}.")
    shown = talk._repr_mimebundle_()["text/markdown"]
    assert "the 5 before these are not shown" in shown
    assert "question 4." not in shown
    assert "question 24." in shown
    assert repr(talk) == "<Conversation 'long', 25 turns>"


@pytest.mark.clock
def test_a_long_conversation_stays_quick():
    """The four-hundredth question is made ready as the first: no square of its length."""
    talk = nb.Conversation("long", model=_Says)
    for number in range(rounds(400, 200)):
        talk.ask(f"question {number}")
    begun = time.perf_counter()
    for _ in range(10):
        talk.begin("one more")
    assert (time.perf_counter() - begun) / 10 < 0.25


_WRONG = {
    "shown": lambda talk: talk.ask("a", shown=3),
    "place": lambda talk: talk.ask("a", place=3),
    "instead_of= and after=": lambda talk: talk.ask("a", instead_of=talk[0], after=talk[0]),
    "has no turn 3": lambda talk: talk.ask("a", after=3),
    "observer": lambda talk: talk.observe("x"),
    "options": lambda talk: setattr(talk, "options", 3),
    "keep": lambda _: nb.Conversation(keep="x"),
    "system": lambda _: nb.Conversation(system=3),
    "model": lambda _: nb.Conversation(model=3),
    "provider": lambda _: nb.Conversation(provider=3).ask("a"),
    "prompt": lambda talk: talk.edit(talk[0], None),
    "media": lambda talk: talk.ask("a", media=3),
    "no turn yet": lambda _: nb.Conversation().regenerate(),
}


@pytest.mark.parametrize("said", _WRONG)
def test_what_is_wrong_is_told_and_changes_nothing(talk, server, said):
    """As one of our errors, which names it."""
    talk.ask("one")
    sent = len(server.requests)
    with pytest.raises(nb.G4FError, match=said):
        _WRONG[said](talk)
    assert (len(server.requests), len(talk.all_turns)) == (sent, 1)


def test_files_go_into_messages_too(talk, server):
    """In front of the last one's text."""
    talk.ask([{"role": "user", "content": "look"}], media=["https://example.org/a.png"])
    assert [part["type"] for part in _sent(server)[0][1]] == ["image_url", "text"]


def test_whose_options_they_are_is_found_out_quietly(capsys):
    """Nobody is told of a provider that is not asked."""
    nb.Conversation(temperature=1).ask("hello", "Demo:demo-fast")
    assert capsys.readouterr().err == ""


def test_what_can_only_be_read_says_which():
    """And of what."""
    with pytest.raises(AttributeError, match="'cost' of a Conversation can only be read"):
        nb.Conversation(model="Demo").cost = 1


def test_a_fork_is_of_the_same_kind():
    """What a user derives from a conversation stays what it is."""

    class Mine(nb.Conversation):
        pass

    assert type(Mine(model="Demo").fork("other")) is Mine


@pytest.mark.parametrize("depth", [90, 150, 400, 900, 3000])
def test_data_that_is_nested_deep_spoils_no_conversation(tmp_path, depth):
    """It can be kept and saved, or it is refused like any other answer that does not fit."""
    talk = nb.Conversation("deep", model=Deep)
    if depth < 100:
        assert talk.ask(f"{depth}", schema=dict).data is not None
    else:
        with pytest.raises(SchemaError, match=r"nested too deep|depth limit"):
            talk.ask(f"{depth}", schema=dict)
    assert talk.ask("0").text == "1"
    assert len(nb.Conversation.load(talk.save(tmp_path / "talk.json")).turns) == 2
    store().flush()
    assert nb.list_conversations()["turns"].tolist() == [2]


@pytest.mark.parametrize("depth", [150, 900])
def test_a_file_that_is_nested_too_deep_is_refused(tmp_path, depth):
    """In a word, before anything is made of it."""
    talk = nb.Conversation("file", model="Demo:demo-fast")
    talk.ask("hello")
    path = talk.save(tmp_path / "talk.json")
    text = path.read_text(encoding="utf-8").replace(
        '"dialogue": [', '"dialogue": [' + "[" * depth + "]" * depth + ",", 1
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidParameterError, match="damaged, or no conversation"):
        nb.Conversation.load(path)


def test_what_cannot_be_kept_costs_no_answer(monkeypatch, capsys):
    """Whatever is wrong with the copy on disk, it is told, and the answer is given."""
    talk = nb.Conversation("kept", model="Demo:demo-fast")
    monkeypatch.setattr(talk._talk, "saved", lambda: 1 / 0)
    assert talk.ask("hello").text
    assert "is not kept on disk: division by zero" in capsys.readouterr().err
