"""What is given to a panel and cannot be meant: refused at once, with the fact, the value and the way out."""

from __future__ import annotations

import anywidget
import pytest

import g4f_nb as nb
from g4f_nb import frontend
from g4f_nb.errors import G4FError, InvalidParameterError, NoProviderError, UnknownParameterError

DEMO = "Demo:demo-fast"


class Odd:
    """Nothing that a panel takes."""


ODD = Odd()
NOT_TEXT = (5, None, b"x", ["x"], {"a": 1}, ODD)
EMPTY = ("", " \n")
NEVER_NONE = (5, b"x", ["x"], {"a": 1}, ODD)

CONSTRUCTORS = [
    (nb.ComparePanel, "models", (5, b"x", {"a": DEMO}, ODD, [5], [[DEMO]], "", "nobody:x")),
    (nb.ComparePanel, "prompts", (5, "", [""], {}, [None], {"a": 5}, b"x", ODD)),
    (nb.ComparePanel, "system", NEVER_NONE),
    (nb.ComparePanel, "conversation", ("", 5, [], ODD, nb.Conversation)),
    (nb.ComparePanel, "blind", ("yes", 5, None, 1)),
    (nb.ComparePanel, "judge", (*NOT_TEXT, *EMPTY, "a\nb")),
    (nb.ComparePanel, "seed", ("1", 1.5, True, [1], ODD)),
    (nb.ComparePanel, "height", (*NOT_TEXT, *EMPTY, "tall", "100", "2rem; color: red")),
    (nb.ComparePanel, "temprature", (1,)),
    (nb.ChatPanel, "model", (*NEVER_NONE, True)),
    (nb.ChatPanel, "system", NEVER_NONE),
    (nb.ChatPanel, "tools", (5, "x", [5], {"a": 1}, b"x")),
    (nb.ChatPanel, "conversation", ("", 5, [], ODD)),
    (nb.ChatPanel, "height", (*NOT_TEXT, *EMPTY, "tall", "100")),
    (nb.ChatPanel, "limit", ("x", -1, [], float("nan"))),
    (nb.ChatPanel, "templates", (5, "x", [], {1: "x"}, {"a": 5}, {"": "x"}, {"a": " "})),
    (nb.ChatPanel, "approve", (5, "x")),
    (nb.ChatPanel, "tool_limits", (5, {"seconds": 1})),
    (nb.ChatPanel, "temprature", (1,)),
    (nb.ModelPicker, "value", NEVER_NONE),
    (nb.ModelPicker, "models", (5, b"x", {"a": DEMO}, [5], None)),
    (nb.ModelPicker, "description", NOT_TEXT),
    (nb.KeyPrompt, "provider", (*NOT_TEXT, "", "nobody", DEMO)),
]

METHODS = [
    (nb.ChatPanel, lambda panel, value: panel.ask(value), (*NOT_TEXT, *EMPTY)),
    (nb.ChatPanel, lambda panel, value: panel.ask("x", files=value), (5, None, b"x", "x.pdf", {"a": 1})),
    (nb.ChatPanel, lambda panel, value: panel.regenerate(value), (5, "x", None, ODD)),
    (nb.ChatPanel, lambda panel, value: panel.decide("call", value), ("sometimes", 5, None, "", [])),
    (nb.ChatPanel, lambda panel, value: panel.decide(value, "allow"), (5, "x", None, ODD)),
    (nb.ChatPanel, lambda panel, value: panel.on_reply(value), (5, "x", None)),
    (nb.ChatPanel, lambda panel, value: panel.save(value), (5, None, "", "x.doc")),
    (nb.ChatPanel, lambda panel, value: panel.load(value), (5, None, "", "nowhere.md")),
    (nb.ChatPanel, lambda panel, value: panel.wait(value), ("x", [], -1, float("nan"))),
    (nb.ChatPanel, lambda panel, value: setattr(panel, "conversation", value), (5, "", None)),
    (nb.ChatPanel, lambda panel, value: setattr(panel, "model", value), (5, b"x", [DEMO], ODD)),
    (nb.ChatPanel, lambda panel, value: setattr(panel, "height", value), (5, None, "tall")),
    (
        nb.ChatPanel,
        lambda panel, value: setattr(panel, "parameters", value),
        (
            5,
            "x",
            None,
            {"nonsense": 1},
            {5: 1},
            {"temperature": "hot"},
            {"max_tokens": True},
            {"api_key": "k"},
        ),
    ),
    (nb.ComparePanel, lambda panel, value: panel.ask(value), (*NOT_TEXT, *EMPTY, [], [{}])),
    (nb.ComparePanel, lambda panel, value: panel.ask("x", name=value), (5, b"x", [], "", " ", "a\nb")),
    (nb.ComparePanel, lambda panel, value: panel.add(value), (5, "nobody:x", [DEMO], b"x", ODD)),
    (nb.ComparePanel, lambda panel, value: panel.remove(value), (5, "x", None, "")),
    (nb.ComparePanel, lambda panel, value: panel.ask_again(value), (5, "x", None, "", DEMO)),
    (nb.ComparePanel, lambda panel, value: panel.stop(value), (5, "x", "", ODD)),
    (nb.ComparePanel, lambda panel, value: panel.vote(value), (5, "x", None, [], "left")),
    (nb.ComparePanel, lambda panel, value: panel.wait(value), ("x", [], -1)),
    (nb.ComparePanel, lambda panel, value: setattr(panel, "blind", value), ("yes", 1, None)),
    (nb.ComparePanel, lambda panel, value: setattr(panel, "height", value), (5, "tall")),
    (nb.ModelPicker, lambda picker, value: setattr(picker, "value", value), (5, b"x", [DEMO], ODD)),
    (nb.ModelPicker, lambda picker, value: setattr(picker, "description", value), (5, None)),
]


def refused(act, value, allowed=()):
    """Why something is refused; every error is one of ours, in one sentence that names a way out."""
    try:
        act(value)
    except G4FError as error:
        words = str(error)
        assert "object at 0x" not in words
        assert ":" in words, f"no way out: {words}"
        return words
    raise AssertionError(f"{value!r} was taken")


@pytest.mark.parametrize(("kind", "name", "values"), CONSTRUCTORS, ids=lambda each: str(each)[:40])
def test_a_wrong_argument_is_an_error_of_ours(kind, name, values):
    """Whatever a constructor is given, it is taken or refused in our words, never by an accident inside."""
    base = {"model": DEMO} if kind is nb.ChatPanel else {"models": [DEMO]} if kind is nb.ComparePanel else {}
    for value in values:
        words = refused(lambda value: kind(**{**base, name: value}), value)
        if isinstance(value, int | float) and name != "temprature":
            assert repr(value) in words or type(value).__name__ in words


@pytest.mark.parametrize(("kind", "act", "values"), METHODS)
def test_a_wrong_value_is_an_error_of_ours(kind, act, values):
    """So it is with methods and with what is set; the panel stays as it was."""
    panel = kind(DEMO)
    for value in values:
        refused(lambda value: act(panel, value), value)
    if kind is not nb.ModelPicker:
        assert not panel.busy
        assert panel.wait(5)
    panel.close()


def test_a_slip_in_an_option_is_an_error_where_it_was_written():
    """In both panels, at once; what can be mended in the panel, as the model, is told there."""
    for panel in (nb.ChatPanel, nb.ComparePanel):
        with pytest.raises(UnknownParameterError, match="temperature"):
            panel(DEMO, temprature=1)
    slip = nb.ChatPanel("Opnai:gpt")
    with pytest.raises(NoProviderError) as caught:
        nb.ask("hello", "Opnai:gpt")
    assert slip.problem == str(caught.value)
    assert slip.problem in repr(slip)


@pytest.mark.parametrize(
    ("kind", "name", "way_out"),
    [
        (nb.ChatPanel, "turns", "`ask` adds one"),
        (nb.ChatPanel, "waiting", "`decide`"),
        (nb.ChatPanel, "conversations", "set as `conversation`"),
        (nb.ComparePanel, "models", "`add` and `remove` change them"),
        (nb.ComparePanel, "results", "`ask` adds some"),
        (nb.ComparePanel, "conversation", "given with the panel"),
        (nb.ModelPicker, "model", "`value` can be set"),
    ],
)
def test_what_can_only_be_read_says_what_changes_it(kind, name, way_out):
    """Whoever sets it reads by which name it is changed."""
    panel = kind(DEMO)
    with pytest.raises(AttributeError, match=rf"'{name}' of a {kind.__name__} can only be read: .*{way_out}"):
        setattr(panel, name, [DEMO])


def test_columns_are_named_in_the_error():
    """Who asks a model that is no column again, stops it or takes it away, reads which columns there are."""
    panel = nb.ComparePanel([DEMO, "Demo:demo"])
    for act in (panel.ask_again, panel.stop, panel.remove):
        with pytest.raises(
            InvalidParameterError, match=r"no column 'Demo:x': .*'Demo:demo-fast', 'Demo:demo'"
        ):
            act("Demo:x")
    panel.ask("hello")
    assert panel.wait(10)
    panel.ask_again(DEMO)
    assert panel.wait(10)
    assert len(panel.results) == 2


def test_a_name_that_is_taken_gets_a_number():
    """A cell that is run again asks again: both answers can be told apart in the results."""
    panel = nb.ComparePanel([DEMO])
    for _ in range(2):
        panel.ask("hello", name="rain")
        assert panel.wait(10)
    assert panel.results["prompt_id"].tolist() == ["rain", "rain-1"]


def test_a_conversation_is_given_by_name_in_both(monkeypatch):
    """`conversation="main"` is that of the notebook's cells, in one panel as in the other."""
    notebook = Odd()
    monkeypatch.setattr(frontend, "shell", lambda: notebook)
    talk = nb.Conversation.named("main")
    assert nb.ComparePanel([DEMO], conversation="main").conversation is talk
    assert nb.ChatPanel(DEMO, conversation="main").conversation is talk
    assert nb.ComparePanel([DEMO]).conversation is None


def test_a_model_may_be_set_as_it_may_be_given():
    """A class or an `nb.Model` stands in the field by its name, and is what is asked."""
    mine = nb.Model(DEMO, label="mine")
    panel, picker = nb.ChatPanel(), nb.ModelPicker()
    panel.model = picker.value = mine
    assert (panel.model, picker.value, picker.model) == ("mine", "mine", mine)
    panel.ask("hello")
    assert panel.wait(10)
    assert panel.value.model == "demo-fast"
    panel.model = None
    assert panel.model == ""


PUBLIC = {
    nb.ChatPanel: {
        "ask", "busy", "clear", "conversation", "conversations", "decide", "error", "height", "last_code",
        "load", "messages", "model", "on_reply", "parameters", "problem", "regenerate", "save", "stop",
        "turns", "value", "wait", "waiting",
    },
    nb.ComparePanel: {
        "add", "ask", "ask_again", "ask_next", "blind", "busy", "conversation", "height", "models", "problem",
        "remove", "results", "skip", "stop", "undo", "verdicts", "vote", "wait",
    },
    nb.ModelPicker: {"choices", "description", "model", "place", "problem", "value"},
    nb.KeyPrompt: {"place", "problem", "ready", "told"},
}  # fmt: skip


def test_what_is_public_is_for_users():
    """Tab after a panel's name offers what can be done with it, each with words, and nothing of its works."""
    made = {kind: kind("groq") if kind is nb.KeyPrompt else kind(DEMO) for kind in PUBLIC}
    for kind, names in PUBLIC.items():
        public = {name for name in dir(made[kind]) if not name.startswith("_")}
        assert public == names | {"close", "layout", "observe", "unobserve"}
        ours = {name for name in dir(kind) if not name.startswith("_")} - set(dir(anywidget.AnyWidget))
        assert ours <= names
        for name in ours:
            found = getattr(kind, name)
            assert getattr(found, "__doc__", "") or getattr(found, "help", ""), name
