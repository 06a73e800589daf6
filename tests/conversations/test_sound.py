"""Text that cannot be written, names that cannot be read: what becomes of them."""

from __future__ import annotations

import json

import pytest

import g4f_nb as nb
from g4f_nb import store
from g4f_nb.errors import InvalidParameterError

_HALF = "y\udfff"
_WHOLE = "y\ufffd"


def _talk(name="physics", **more):
    return nb.Conversation(name, model="Demo:demo-fast", **more)


def test_half_a_surrogate_pair_costs_nothing(capsys):
    """In a prompt, its parts, a name, a system prompt, what is shown: it becomes U+FFFD, and all is kept."""
    other = _talk("other")
    talk = _talk(_HALF, system=_HALF)
    talk.ask(_HALF, shown=_HALF, place=_HALF)
    talk.ask([{"type": "text", "text": _HALF}])
    other.ask("one")
    talk.name = f"{_HALF}!"
    assert talk.name == f"{_WHOLE}!"
    assert (talk.system, talk.turns[0].prompt, talk.turns[0].shown) == (_WHOLE, _WHOLE, _WHOLE)
    assert talk.turns[1].prompt[0]["text"] == _WHOLE
    assert set(nb.list_conversations()["name"]) == {f"{_WHOLE}!", "other"}
    store.close_stores()
    again = nb.Conversation.restore(f"{_HALF}!")
    assert [turn.shown for turn in again] == [_WHOLE, _WHOLE]
    assert again.system == _WHOLE
    assert len(nb.Conversation.restore("other")) == 1
    assert "cannot be kept" not in capsys.readouterr().err


def test_two_halves_are_one_character():
    """As they are in texts that came from JavaScript."""
    talk = _talk("\ud83d\ude00")
    assert talk.name == "\U0001f600"


def test_a_comparison_with_half_a_pair_is_kept_whole(capsys):
    """Prompts, their names, labels of models: it can be had again, and what was kept beside it too."""
    model = nb.Model("Demo:demo-fast", label=_HALF)
    frame = nb.compare({_HALF: _HALF, "b": "two"}, model, progress=False)
    _talk("beside").ask("one")
    run_id = frame["run_id"].iloc[0]
    store.close_stores()
    kept = store.store().runs.find(run_id)
    assert len(list(store.store().cells.records(kept))) == 2
    assert len(nb.Conversation.restore("beside")) == 1
    assert "cannot be kept" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\u202eb", "a\nb", "a\x00b", "x" * 81])
def test_a_name_that_no_list_could_show_is_refused(name):
    """With what is wrong with it, where it is given and where it is changed."""
    talk = _talk()
    with pytest.raises(InvalidParameterError, match=r"characters, |cannot be seen"):
        _talk(name)
    with pytest.raises(InvalidParameterError) as caught:
        talk.name = name
    assert len(str(caught.value)) < 200
    assert talk.name == "physics"


def test_a_name_from_a_file_is_mended(tmp_path):
    """Nothing of it commands a terminal or turns a line round, and it is as short as any."""
    talk = _talk()
    talk.ask("one")
    file = talk.save(tmp_path / "talk.json")
    data = json.loads(file.read_bytes())
    for bad, name in (
        ("\x1b[31m\u202e/../x", "[31m /../x"),
        ("--x\n\ny", "x y"),
        ("x" * 10_000, "x" * 79 + "…"),
    ):
        file.write_text(json.dumps({**data, "name": bad}))
        assert nb.Conversation.load(file).name == name
    file.write_text(json.dumps({**data, "name": "\x1b"}))
    assert nb.Conversation.load(file).name.startswith("chat-")
