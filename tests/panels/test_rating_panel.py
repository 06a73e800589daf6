"""The rating panel's protocol, as a view sees it; no kernel, no browser."""

from __future__ import annotations

import pytest
from hearing import Rating

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve


@pytest.fixture
def result():
    """Two models' answers to four prompts, of which one pair is alike."""
    answers = {
        "one": lambda question: "same" if "0" in question else f"**one** {question}",
        "two": lambda question: "same" if "0" in question else f"two {question}",
    }
    with serve(answers=answers) as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in answers]
        yield nb.compare([f"prompt {n}" for n in range(4)], models, progress=False)


def test_a_pair_after_the_other(result):
    """Progress counts on, each pair comes with its question and its texts, and no name before the end."""
    panel, questions = Rating(result), []
    panel.say(type="hello", view="v")
    for number in range(3):
        state = panel.now
        assert (state["ballot"]["done"], state["ballot"]["total"]) == (number, 3)
        assert [side["title"] for side in state["sides"]] == ["Answer A", "Answer B"]
        questions.append(state["question"])
        assert {each["id"] for each in state["contents"]} == {each["id"] for each in state["sides"]}
        assert "OpenaiTemplate" not in str(panel.sent)
        panel.say(type="vote", choice="left")
    assert sorted(questions) == ["prompt 1", "prompt 2", "prompt 3"]
    score = panel.now["summary"]["score"]
    assert {name for name, *_ in score} == {"OpenaiTemplate:one", "OpenaiTemplate:two"}
    assert [sum(counts) for _, *counts in score] == [4, 4]
    assert panel.now["sides"] == []
    assert panel.verdicts["status"].tolist().count("same") == 1


def test_votes_are_kept_at_once_and_gone_on_with(result):
    """Closing the panel loses nothing, and undo takes the last one back."""
    panel = Rating(result)
    panel.vote("left")
    panel.vote("tie")
    panel.undo()
    assert (panel.done, panel.total) == (1, 3)
    panel.close()
    later = Rating(result)
    assert (later.done, later._state()["ballot"]["undo"]) == (1, False)
    assert len(result.llm.rank(judge="human")) == 2


def test_with_names_where_that_is_wanted(result):
    """`blind=False` shows whose answers they are, with times and counts."""
    state = Rating(result, blind=False)._state()
    assert {side["title"] for side in state["sides"]} == {"OpenaiTemplate:one", "OpenaiTemplate:two"}
    assert all(side["item"]["facts"] for side in state["sides"])


def test_what_a_notebook_keeps_of_it_holds_no_key_of_the_models():
    """Neither one that stands in a prompt nor one that an answer repeats, though only the models had it."""
    key = "planted/Key+0123456789abcdef=="
    answers = {name: lambda question, name=name: f"{name} {key}" for name in ("one", "two")}
    with serve(answers=answers) as server:
        given = {"api_base": server.api_base, "api_key": key}
        models = [nb.Model(f"OpenaiTemplate:{name}", **given) for name in answers]
        made = nb.compare(f"it is {key}", models, progress=False)
    html, text = Rating(made, blind=False)._to_keep()
    assert "planted" not in html + text
    assert "•••" in html
    assert "•••" in text


def test_people_are_told_apart(result):
    """Each has votes of their own, and their agreement is known."""
    for judge in ("Ann", "Bo"):
        panel = Rating(result, judge=judge, seed=5)
        while panel.done < panel.total:
            panel.vote("left")
    assert "You and Ann agree on 3 of 3 pairs" in panel._state()["summary"]["notes"][0]
    assert result.llm.agreement()["agreement"].tolist() == [1.0]


def test_nothing_to_judge_is_an_error(result):
    """One model, or none that answered, has nothing to be compared with."""
    alone = result[result["model"] == "one"]
    with pytest.raises(InvalidParameterError, match="takes two models"):
        Rating(alone)
    with pytest.raises(InvalidParameterError, match="a name in one line"):
        Rating(result, judge=" ")


def test_without_a_notebook_the_way_out_is_told(result):
    """A script has nobody who would see the panel."""
    with pytest.raises(InvalidParameterError, match=r"\.llm\.vote\(better, worse\)"):
        result.llm.rate()


def test_what_a_notebook_keeps_tells_the_score_at_the_end(result):
    """How far it is, and no name before the last vote."""
    panel = Rating(result)
    html, text = panel._to_keep()
    assert text.startswith("0 of 3 pairs judged.")
    # The pair that is next can be read, with letters for names.
    assert "<th" in html
    assert {"Answer A: **one** prompt 1", "Answer B: two prompt 1"} <= set(
        text.splitlines()
    ) or "Answer A: two prompt 1" in text
    assert "OpenaiTemplate" not in html + text
    while panel.done < panel.total:
        panel.vote("tie")
    html, text = panel._to_keep()
    assert "3 of 3 pairs judged." in html
    assert "OpenaiTemplate:one: won 0, tied 4, lost 0" in text
