"""A conversation goes on in every dialect: after tools, after a broken-off answer, with another service."""

from __future__ import annotations

import pytest
from benches import BENCHES

import g4f_nb as nb
from g4f_nb import asking

_DIALECTS = sorted(BENCHES)
_WITH_TOOLS = sorted(set(BENCHES) - {"Berlin"})


@pytest.fixture(params=_DIALECTS)
def bench(request):
    with BENCHES[request.param]() as made:
        yield made


def _model(bench, name):
    return nb.Model(f"{bench.cls.__name__}:{name}", **bench.options)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def _stopped(talk, model, prompt):
    """Ask, and stop as soon as something has come."""
    begun = talk.begin(prompt, model)
    watched = asking.watch(begun.question, begun.reply, beat=0.02)
    for _ in watched:
        if begun.reply.text:
            break
    watched.close()
    return begun.finish(KeyboardInterrupt())


def test_a_dialogue_goes_on(bench):
    """Each service takes the turns before, with a system prompt in front."""
    model, prompt = bench.talks
    talk = nb.Conversation(model=_model(bench, model), system="Be brief.", keep=False)
    for _ in range(3):
        assert talk.ask(prompt).text
    assert [turn.answered for turn in talk] == [True] * 3


def test_a_stopped_answer_is_left_out_or_gone_on_with(bench):
    """Both are dialogues that each service takes."""
    model, prompt = bench.talks
    talk = nb.Conversation(model=_model(bench, model), keep=False)
    talk.ask(prompt)
    turn = _stopped(talk, _model(bench, bench.stalls[0]), bench.stalls[1])
    assert turn.partial
    assert turn.text
    assert talk.ask(prompt, after=turn).text
    talk.switch(turn)
    talk.drop(talk.turns[-1])
    # Whoever wrote the half would be asked, who stalls.
    assert talk.ask(continues=True, model=_model(bench, model)).text
    assert talk.turns[-1].continues


@pytest.mark.parametrize("name", _WITH_TOOLS)
def test_a_dialogue_goes_on_after_tools(name):
    """Calls and results are sent again, to the same service and to another one."""
    with BENCHES[name]() as bench, BENCHES["OpenaiTemplate"]() as other:
        tools = {"GigaChat": "GigaChat-2", "Demo": "demo-fast"}.get(name, "tools")
        talk = nb.Conversation(model=_model(bench, bench.talks[0]), keep=False)
        first = talk.ask("please add 2 and 40", _model(bench, tools), tools=[add])
        assert [result.content for result in first.tool_results]
        talk.ask(bench.talks[1])
        talk.ask("and you?", _model(other, "echo"))
        talk.ask(bench.talks[1])
        assert [turn.answered for turn in talk] == [True] * 4
