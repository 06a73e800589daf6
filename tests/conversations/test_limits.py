"""What a conversation may cost, and how much of it fits into a model's context."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.conversations.trimming import Sizes, fit_turns
from g4f_nb.errors import (
    ConversationTooLongError,
    InvalidParameterError,
    SpendingLimitError,
    StreamInterruptedError,
)
from g4f_nb.testing import serve

# A model whose context is known: 8,192 tokens.
_SMALL = "OpenaiTemplate:gpt-4"
_WORDS = "the quick brown fox jumps over the lazy dog and runs away "


@pytest.fixture
def server():
    # Whatever the model is called, it echoes.
    with serve(answers={"gpt-4": lambda text: text[:20], "llama": lambda text: text}) as server:
        yield server


def _talk(server, model=_SMALL, **more):
    return nb.Conversation("x", model=model, api_base=server.api_base, max_retries=0, **more)


def _sent(server):
    return [each["content"] for each in server.requests[-1].body["messages"]]


def test_what_it_cost_is_the_sum_of_all_answers(server):
    """Other versions and dropped turns were paid for, too; tokens likewise."""
    talk = _talk(server, nb.Model(_SMALL, price=(1_000_000, 0)))
    for prompt in ("one", "two"):
        talk.ask(prompt)
    counted = sum(turn.reply.usage.input_tokens for turn in talk)
    talk.regenerate()
    counted += talk.turns[-1].reply.usage.input_tokens
    tokens = talk.tokens
    talk.drop(talk.turns[0])
    assert talk.cost == talk.spent == counted
    assert talk.tokens == tokens > counted


def test_a_cost_that_nobody_knows_is_none_and_never_zero(server):
    """One answer without a price makes the whole unknown."""
    talk = _talk(server, nb.Model("OpenaiTemplate:llama", price=(1, 1)))
    talk.ask("one")
    assert talk.cost > 0
    talk.ask("two", "OpenaiTemplate:llama")
    assert talk.cost is None
    assert talk.spent > 0


def test_once_the_limit_is_reached_nothing_is_sent(server):
    """The refusal says how to go on, and raising the limit does."""
    talk = _talk(server, nb.Model(_SMALL, price=(1_000_000, 0)), limit="2 USD")
    assert talk.limit == 2
    talk.ask("one two three four five six")
    sent = len(server.requests)
    with pytest.raises(SpendingLimitError, match=r"limit is 2 USD: nothing was sent; set its \.limit"):
        talk.ask("two")
    assert len(server.requests) == sent
    talk.limit = None
    talk.ask("two")
    assert len(talk) == 2


def test_a_limit_that_could_not_be_kept_is_refused(server):
    """Where nobody knows the price, nothing is sent; a provider made of others costs what they cost."""
    talk = _talk(server, "OpenaiTemplate:llama", limit=1)
    with pytest.raises(InvalidParameterError, match="no price of OpenaiTemplate:llama is known"):
        talk.ask("one")
    assert not server.requests
    talk.ask("one", nb.FallbackProvider(["Demo:demo-fast"]))
    assert talk.spent == 0


def test_stopped_answers_count_against_the_limit():
    """A service that did not tell the tokens was paid all the same: they are guessed."""
    with serve() as server:
        talk = _talk(server, nb.Model("OpenaiTemplate:cut", price=(1_000_000, 1_000_000)), limit=2)
        with pytest.raises(StreamInterruptedError):
            talk.ask("one two three")
        assert talk.cost is None
        assert talk.spent > 2
        with pytest.raises(SpendingLimitError):
            talk.ask("again")


@pytest.mark.parametrize("limit", ["two", -1, 0, True, "5 EUR", []])
def test_what_is_no_amount_is_no_limit(limit):
    """The error shows the value and the form."""
    with pytest.raises(InvalidParameterError, match=r"limit is .*US dollars"):
        nb.Conversation(limit=limit)


def test_the_oldest_turns_are_left_out_first(server):
    """The system prompt, the newest turns and the question stay; a notice says how many went."""
    talk = _talk(server, system="Be brief.")
    for number in range(6):
        talk.ask(f"{number} " + _WORDS * 130)
    begun = talk.begin("the last")
    texts = [each["content"] for each in begun.question.messages]
    assert texts[0] == "Be brief."
    assert texts[-1] == "the last"
    assert texts[1].startswith("2 ")
    assert len(texts) == 2 + 2 * 4
    assert begun.notices == (
        (
            "the oldest 2 turns are left out: with more, it would not fit into the 8,192 tokens that "
            "OpenaiTemplate:gpt-4 takes"
        ),
    )


def test_an_unknown_context_leaves_nothing_out(server):
    """Nobody knows what a local server was started with."""
    talk = _talk(server, "OpenaiTemplate:llama")
    for number in range(6):
        talk.ask(f"{number} " + _WORDS * 130)
    begun = talk.begin("the last")
    assert len(begun.question.messages) == 13
    assert begun.notices == ()


def test_a_prompt_that_is_too_large_by_itself_is_not_sent(server):
    """The error says how large it is, and what to do."""
    talk = _talk(server)
    with pytest.raises(ConversationTooLongError, match=r"the prompt alone has about 1\d,\d{3} tokens.*8,192"):
        talk.ask(_WORDS * 1200)
    assert not server.requests
    assert talk.turns == ()


def test_what_may_be_too_large_is_sent_with_a_notice(server):
    """An estimate alone refuses nothing that could fit."""
    begun = _talk(server).begin(_WORDS * 700)
    assert "the prompt has about" in begun.notices[0]


def test_room_is_kept_for_the_answer(server):
    """`max_tokens` is part of what the context must hold."""
    talk = _talk(server)
    for number in range(4):
        talk.ask(f"{number} " + _WORDS * 130)
    assert talk.begin("the last").notices == ()
    assert talk.begin("the last", max_tokens=4000).notices


def test_a_turn_that_is_gone_on_with_is_never_left_out():
    """To go on with nothing would be no question."""
    with serve(answers={"gpt-4": lambda _: "x"}) as server:
        talk = _talk(server)
        with pytest.raises(StreamInterruptedError):
            talk.ask("9 " + _WORDS * 560, "OpenaiTemplate:cut")
        begun = talk.begin(continues=True, max_tokens=4000)
        assert begun.question.messages[0]["content"].startswith("9 ")


def test_trimming_a_thousand_turns_is_quick(server):
    """Every turn is looked at once."""
    talk = _talk(server)
    talk.ask("hello")
    turn = talk.turns[0]
    fit = fit_turns([turn] * 1000, "x", label=_SMALL, system=None, options={}, sizes=Sizes())
    assert 0 < len(fit.turns) < 1000
