"""Judging by a person: shuffled, blind, kept at once, and undone without a trace."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging.ballots import Ballots
from g4f_nb.testing import serve


@pytest.fixture
def result():
    """Three models' answers to four prompts, one of which failed, and two of which are alike."""
    answers = {
        "one": lambda question: "same" if "0" in question else f"one {question}",
        "two": lambda question: "same" if "0" in question else f"two, at length {question}",
        "none": lambda question: "" if "1" in question else f"three {question}",
    }
    with serve(answers=answers) as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in answers]
        yield nb.compare([f"prompt {n}" for n in range(4)], models, progress=False)


def _pairs(ballots):
    return [(each.left, each.right) for each in ballots._waiting]


def test_every_pair_once_in_a_seeded_order(result):
    """All pairs of usable answers that differ, shuffled, each side first about as often; the same by seed."""
    ballots = Ballots(result, seed=1)
    assert ballots.total == len(set(map(frozenset, _pairs(ballots)))) == 9
    assert _pairs(ballots) == _pairs(Ballots(result, seed=1))
    assert _pairs(ballots) != _pairs(Ballots(result, seed=2))
    assert _pairs(ballots) != sorted(_pairs(ballots))
    turned = [each.left != each.first for each in ballots._waiting]
    assert 0 < sum(turned) < len(turned)


@pytest.mark.parametrize("choice", ["left", "right", "tie", "bad"])
def test_a_vote_is_in_the_table_at_once(result, choice):
    """Under the models' names, with who stood first; `.llm.rank()` and `.llm.bias()` read the same table."""
    ballots = Ballots(result)
    ballot = ballots.current
    ballots.vote(choice, seconds=1.5)
    row = result.llm.verdicts().query("status == 'ok'").iloc[0]
    names = {"left": ballots.label(ballot.left), "right": ballots.label(ballot.right)}
    assert row["judge"] == "human"
    assert {row["model_a"], row["model_b"]} == set(names.values())
    assert row[f"model_{row['shown_first']}"] == names["left"]
    assert row["latency_s"] == 1.5
    if choice in names:
        assert row["winner_model"] == names[choice]
    else:
        assert row["winner"] == "tie"
        assert (row["reason"] == "both bad") is (choice == "bad" or None) or choice == "tie"


def test_undo_leaves_no_trace(result):
    """The pair is asked again at once, and the table is as it was before."""
    ballots = Ballots(result)
    ballots.vote("tie")
    before, first = result.llm.verdicts(), ballots.current
    ballots.vote("left")
    assert ballots.can_undo
    ballots.undo()
    assert (ballots.current, ballots.done) == (first, 1)
    assert result.llm.verdicts().equals(before)
    ballots.undo()
    ballots.undo()
    assert ballots.done == 0


def test_skipped_pairs_come_again_at_the_end(result):
    """Nothing is lost by looking at another pair first."""
    ballots = Ballots(result)
    skipped = ballots.current
    ballots.skip()
    for _ in range(ballots.total - 1):
        assert ballots.current != skipped
        ballots.vote("left")
    assert ballots.current == skipped


def test_a_later_sitting_goes_on_where_the_last_one_ended(result):
    """What this judge has voted on is done; another person begins anew."""
    first = Ballots(result)
    first.vote("left")
    first.vote("tie")
    later = Ballots(result)
    assert (later.done, later.total, later.can_undo) == (2, 9, False)
    assert not set(_pairs(later)) & {(row.left, row.right) for row, _ in first._voted}
    assert Ballots(result, judge="Ann").done == 0


def test_answers_that_are_alike_are_a_tie_without_a_question(result):
    """It is noted with the first vote, and not before anybody has voted."""
    ballots = Ballots(result)
    assert result.llm.verdicts().empty
    ballots.vote("left")
    same = result.llm.verdicts().query("status == 'same'")
    assert same[["winner", "judge", "prompt_id"]].values.tolist() == [["tie", "human", "0"]]


def test_people_rank_and_agree_with_judges(result):
    """One table: the ranking takes the votes in, and the agreement is over the same pairs."""
    ballots = Ballots(result)
    while ballots.current:
        left = ballots.label(ballots.current.left)
        ballots.vote(
            "left" if "two" in left else "right" if "two" in ballots.label(ballots.current.right) else "tie"
        )
    assert ballots.score()[0][0] == "OpenaiTemplate:two"
    assert result.llm.rank(judge="human")["model"].iloc[0] == "OpenaiTemplate:two"
    with serve(answers={"judge": lambda _: '{"reason": "r", "winner": "tie"}'}) as server:
        result.llm.judge(nb.Model("OpenaiTemplate:judge", api_base=server.api_base), progress=False)
    agreement = result.llm.agreement()
    assert set(agreement[["judge_a", "judge_b"]].iloc[0]) == {"human", "OpenaiTemplate:judge"}
    assert agreement["pairs"].iloc[0] == 9


def test_a_vote_too_many_or_of_no_kind_is_refused(result):
    """With what can be voted."""
    ballots = Ballots(result)
    with pytest.raises(InvalidParameterError, match="left, right, tie, bad"):
        ballots.vote("both")
    while ballots.current:
        ballots.vote("tie")
    with pytest.raises(InvalidParameterError, match="nothing left"):
        ballots.vote("tie")
