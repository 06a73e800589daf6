"""A conversation goes on: what is sent again, what stands where, and what is kept of what broke off."""

from __future__ import annotations

import asyncio

import pytest

import g4f_nb as nb
from g4f_nb import asking
from g4f_nb.errors import InvalidParameterError, ServerError, StreamInterruptedError, UnknownParameterError
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def talk(server):
    return nb.Conversation("physics", model="OpenaiTemplate:echo", api_base=server.api_base, max_retries=0)


def _sent(server):
    return [(each["role"], each["content"]) for each in server.requests[-1].body["messages"]]


def test_each_question_is_sent_with_the_answers_before_it(talk, server):
    """The second question carries the first with its answer, the system prompt in front."""
    talk.system = "Be brief."
    talk.ask("one")
    reply = talk.ask("two")
    assert _sent(server) == [("system", "Be brief."), ("user", "one"), ("assistant", "one"), ("user", "two")]
    assert [turn.text for turn in talk.turns] == ["one", "two"]
    assert talk.turns[-1].reply is reply
    assert talk.messages[-2:] == [
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "two"},
    ]


def test_it_can_be_awaited(talk, server):
    """`ask_async` does the same as `ask`."""
    talk.ask("one")
    asyncio.run(talk.ask_async("two"))
    assert [turn.prompt for turn in talk] == ["one", "two"]
    assert len(_sent(server)) == 3


def test_a_question_from_the_same_place_replaces_its_turn(talk, server):
    """What was sent before that place counts, later turns stay, and the first version is a branch."""
    talk.ask("one", place="cell-1")
    talk.ask("two", place="cell-2")
    talk.ask("three", place="cell-3")
    talk.ask("TWO", place="cell-2")
    assert _sent(server) == [("user", "one"), ("assistant", "one"), ("user", "TWO")]
    assert [turn.prompt for turn in talk.turns] == ["one", "TWO", "three"]
    assert [turn.prompt for turn in talk.branches(talk.turns[1])] == ["two", "TWO"]


def test_a_failure_from_the_same_place_is_not_kept_beside_its_successor(talk):
    """A cell that failed and is run again leaves one turn."""
    with pytest.raises(ServerError):
        talk.ask("one", "OpenaiTemplate:error-500", place="cell-1")
    assert talk.turns[0].error
    talk.ask("one", place="cell-1")
    assert len(talk.branches(talk.turns[0])) == 1


def test_editing_makes_a_branch_and_switching_comes_back(talk, server):
    """Both versions stay, with what follows each."""
    talk.ask("one")
    talk.ask("two")
    first = talk.turns[0]
    talk.edit(first, "uno")
    assert [turn.prompt for turn in talk.turns] == ["uno"]
    assert _sent(server) == [("user", "uno")]
    assert [turn.prompt for turn in talk.branches(first)] == ["one", "uno"]
    talk.switch(first)
    assert [turn.prompt for turn in talk.turns] == ["one", "two"]


def test_what_was_edited_keeps_its_place(talk):
    """The cell that asked first replaces the edited version when it is run again."""
    talk.ask("one", place="cell-1")
    talk.ask("two", place="cell-2")
    talk.edit(talk.turns[0], "uno")
    talk.ask("one again", place="cell-1")
    assert [turn.shown for turn in talk] == ["one again"]


def test_regenerating_asks_the_same_again_with_the_same_options(talk, server):
    """The model and the options of the turn hold, unless others are given."""
    talk.ask("one", "OpenaiTemplate:upper", temperature=0.5)
    talk.regenerate()
    assert server.requests[-1].body["temperature"] == 0.5
    assert [turn.text for turn in talk.branches(talk.turns[0])] == ["ONE", "ONE"]
    talk.regenerate(talk.turns[0], "OpenaiTemplate:echo")
    assert talk.turns[0].text == "one"


def test_dropping_takes_one_turn_out(talk):
    """What follows it stays."""
    for prompt in ("one", "two", "three"):
        talk.ask(prompt)
    talk.drop(talk.turns[1])
    assert [turn.prompt for turn in talk.turns] == ["one", "three"]
    talk.drop(talk.turns[-1])
    talk.drop(talk.turns[-1])
    assert talk.turns == ()


def test_dropping_a_version_shows_the_one_that_is_left(talk):
    """There is no hole where another version is."""
    talk.ask("one")
    talk.edit(talk.turns[0], "uno")
    talk.drop(talk.turns[0])
    assert [turn.prompt for turn in talk.turns] == ["one"]


def test_a_fork_goes_its_own_way(talk):
    """It begins with the turns up to the named one, and changes nothing of the first."""
    talk.ask("one")
    talk.ask("two")
    other = talk.fork("other", at=talk.turns[0])
    other.ask("zwei")
    assert [turn.prompt for turn in other.turns] == ["one", "zwei"]
    assert [turn.prompt for turn in talk.turns] == ["one", "two"]


def test_a_partial_answer_is_kept_and_not_sent_again(talk, server):
    """The next question goes out without it."""
    with pytest.raises(StreamInterruptedError):
        talk.ask("one", "OpenaiTemplate:cut")
    turn = talk.turns[0]
    assert turn.partial
    assert turn.text
    assert turn.error
    assert talk.messages == []
    talk.ask("two")
    assert _sent(server) == [("user", "two")]
    assert len(talk.turns) == 2


def test_a_partial_answer_can_be_gone_on_with(talk, server):
    """Then it is sent, with a word to go on, and from then on always."""
    with pytest.raises(StreamInterruptedError):
        talk.ask("one", "OpenaiTemplate:cut")
    part = talk.turns[0].text
    talk.ask(None, "OpenaiTemplate:echo", continues=True)
    sent = _sent(server)
    assert sent[:2] == [("user", "one"), ("assistant", part)]
    assert "Go on" in sent[2][1]
    talk.ask("two")
    assert _sent(server)[:2] == sent[:2]
    assert len(_sent(server)) == 5


def test_nothing_is_gone_on_with_where_nothing_broke_off(talk):
    """The error says so before anything is sent."""
    talk.ask("one")
    with pytest.raises(InvalidParameterError, match="broke off"):
        talk.ask(continues=True)


def test_an_interrupt_through_watch_is_a_partial_turn(talk):
    """What a cell does: watch, be stopped, finish."""
    begun = talk.begin("hello there", "OpenaiTemplate:stall")
    watched = asking.watch(begun.question, begun.reply, beat=0.05)
    for _ in watched:
        if begun.reply.text:
            break
    watched.close()
    turn = begun.finish(KeyboardInterrupt())
    assert turn.partial
    assert turn.error is None
    assert begun.finish() is turn
    assert talk.turns == (turn,)


def test_tools_go_along_with_what_they_gave(talk, server):
    """Calls and results are sent again with the next question."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    reply = talk.ask("add 2 and 40", "OpenaiTemplate:tools", tools=[add])
    assert reply.tool_results
    talk.ask("and now?")
    roles = [role for role, _ in _sent(server)]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


def test_a_call_that_nobody_ran_gets_a_result(talk, server):
    """Services refuse a dialogue with an open call; the caller's own result is used where there is one."""
    function = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    tools = [{"type": "function", "function": function}]
    reply = talk.ask("add 7", "OpenaiTemplate:tools", tools=tools)
    talk.ask("and?")
    assert ("tool", "Not run.") in _sent(server)
    talk.drop(talk.turns[-1])
    result = {"role": "tool", "tool_call_id": reply.tool_calls[0].id, "content": "seven"}
    talk.ask([result])
    assert _sent(server)[-1] == ("tool", "seven")
    assert ("tool", "Not run.") not in _sent(server)


def test_two_questions_at_once_stand_one_behind_the_other(talk):
    """Who is finished last is last, and no turn is hidden on a branch."""
    one, two = talk.begin("one"), talk.begin("two")
    for each in (two, one):
        asking.complete(each.question, each.reply)
        each.finish()
    assert [turn.prompt for turn in talk.turns] == ["two", "one"]
    assert talk.on_their_way == ()


def test_observers_hear_of_every_change(talk):
    """Until they are ended; one that fails is told of and harms nobody."""
    heard = []
    end = talk.observe(lambda change: heard.append((change.kind, change.turn and change.turn.prompt)))
    talk.ask("one")
    talk.drop(talk.turns[0])
    end()
    talk.ask("two")
    assert heard == [("begun", "one"), ("finished", "one"), ("removed", "one")]


def test_what_was_given_for_one_server_goes_to_no_other():
    """A key and an address of the conversation do not reach the provider that a question names."""
    with serve() as one, serve() as two:
        talk = nb.Conversation(
            model="OpenaiTemplate:echo", api_base=one.api_base, api_key="sk-planted-1234567"
        )
        talk.ask("hello", "Demo:demo-fast")
        talk.ask("hello", "OpenaiTemplate:echo", api_base=two.api_base)
        assert "planted" not in str(two.requests[-1].headers)
        assert "planted" not in repr(vars(talk))


@pytest.mark.parametrize("prompt", ["", " ", None, 3, [], [3], b"x", {"role": "user"}])
def test_what_is_no_prompt_is_refused_before_anything_is_sent(talk, server, prompt):
    """The error says what a prompt is."""
    before = len(server.requests)
    with pytest.raises(InvalidParameterError, match="give a text"):
        talk.ask(prompt)
    assert len(server.requests) == before


def test_an_edited_question_goes_to_who_was_asked(server):
    """With the options that it was asked with, also where the conversation itself names nobody."""
    talk = nb.Conversation("nobody")
    talk.ask("one", "OpenaiTemplate:upper", api_base=server.api_base, temperature=0.25)
    reply = talk.edit(talk.turns[0], "two")
    assert (reply.model, reply.text) == ("upper", "TWO")
    assert server.requests[-1].body["temperature"] == 0.25
    assert len(talk.branches(talk.turns[0])) == 2
    assert talk.edit(talk.turns[0], "three", "Demo:demo-fast").model == "demo-fast"


@pytest.mark.parametrize(
    ("slip", "meant"), [("modle", "model"), ("sytem", "system"), ("provder", "provider"), ("limt", "limit")]
)
def test_a_slip_in_a_keyword_is_told_where_it_is_made(slip, meant):
    """And not only when a question is asked; what a provider may take by such a name is left to it."""
    with pytest.raises(UnknownParameterError, match=f"'{slip}': did you mean '{meant}'"):
        nb.Conversation("x", **{slip: "Demo"})
    with pytest.raises(UnknownParameterError, match="'modle': did you mean 'model'"):
        nb.Conversation("x", model="Demo").ask("hello", modle="Demo")
    with pytest.raises(UnknownParameterError, match="'lable': did you mean 'label'"):
        nb.Model("Demo", lable="mine")
    nb.Conversation("x", models=["a"], mode="b", temperature=1)
