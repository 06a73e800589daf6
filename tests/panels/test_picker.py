"""The model picker, as a view speaks to it; no kernel, no browser."""

from __future__ import annotations

import json
import time

import pytest

from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers import Demo
from g4f_nb.providers.models.model import Model
from g4f_nb.testing import serve
from g4f_nb.widgets import ModelPicker

KEY = "planted4711planted4711"


class Recorded(ModelPicker):
    """A picker whose messages are kept."""

    def __init__(self, *given, **options):
        self.sent = []
        super().__init__(*given, **options)

    def send(self, content, buffers=None):  # noqa: ARG002  # the signature of ipywidgets
        """Keep a message instead of sending it."""
        self.sent.append(json.loads(json.dumps(content)))

    def answer(self, **message):
        """Act as a view, and give what it is told."""
        count = len(self.sent)
        self._handle_custom_msg({"view": "v", **message}, [])
        end = time.monotonic() + 10
        while len(self.sent) == count and time.monotonic() < end:
            time.sleep(0.005)
        return self.sent[count]


def test_what_is_picked_is_what_is_asked():
    """`value` is the text, `model` what to pass on; both follow the field, and observers hear of it."""
    picker, heard = ModelPicker("demo"), []
    picker.observe(lambda change: heard.append(change.new), "value")
    assert (picker.value, picker.model, picker.problem) == ("demo", "demo", "")
    picker.value = " Demo:demo-fast "
    assert picker.model == "Demo:demo-fast"
    assert heard == [" Demo:demo-fast "]


def test_nothing_picked_is_an_error_with_the_way_out():
    """Nothing falls to a provider by itself."""
    with pytest.raises(InvalidParameterError, match="pick one"):
        _ = ModelPicker().model


def test_models_of_one_s_own_keep_their_settings():
    """By their labels in the field, themselves where they are used; no key is in the state."""
    mine = Model("OpenaiTemplate:echo", label="mine", api_key=KEY, api_base="http://127.0.0.1:9/v1")
    picker = ModelPicker(mine, models=[Demo, "groq:x"])
    assert (picker.value, picker.choices) == ("mine", ["mine", "Demo", "groq:x"])
    assert picker.model is mine
    assert "http://127.0.0.1:9" in picker.place
    picker.value = "Demo"
    assert picker.model is Demo
    assert KEY not in str(picker.get_state()) + repr(picker)


@pytest.mark.parametrize("wrong", [3, ["demo", 3], {"a": 1}])
def test_what_names_no_model_is_refused(wrong):
    """At once, not when it is picked."""
    with pytest.raises(InvalidParameterError, match="the model is a"):
        ModelPicker(models=wrong if isinstance(wrong, list) else [wrong])


def test_why_it_cannot_be_used_is_said(places):
    """A missing key with what to do, a slip with the nearest name; a key that is there by its place."""
    picker = ModelPicker("groq:x")
    assert "GROQ_API_KEY" in picker.problem
    picker.value = "grok:x"
    assert "did you mean" in picker.problem
    places.environment("GROQ_API_KEY", KEY)
    picker.value = "groq:x"
    assert (picker.problem, KEY in picker.place) == ("", False)
    assert picker.place.endswith("key: the environment variable GROQ_API_KEY")


def test_providers_come_with_key_and_host(places):
    """The ready ones first; nobody is contacted for it."""
    places.environment("GROQ_API_KEY", KEY)
    told = Recorded().answer(type="providers")
    assert (told["type"], told["view"], told["error"]) == ("providers", "v", None)
    rows = {row["name"]: row for row in told["rows"]}
    first = told["rows"][0]
    assert first == {
        "name": "Groq",
        "label": "Groq",
        "host": "https://api.groq.com/openai/v1",
        "key": "found",
        "told": "the environment variable GROQ_API_KEY",
    }
    assert (rows["Demo"]["key"], rows["Ollama"]["key"], rows["Mistral"]["key"]) == (
        "none",
        "local",
        "missing",
    )
    assert "MISTRAL_API_KEY" in rows["Mistral"]["told"]
    assert KEY not in str(told)


def test_models_are_fetched_from_the_provider_that_is_asked_for(monkeypatch):
    """Not before, and not from another; what goes wrong stands in the list's place."""
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
        picker = Recorded("OpenaiTemplate:echo")
        assert len(server.requests) == 0
        told = picker.answer(type="models", provider="OpenaiTemplate")
        assert "upper" in told["names"]
        assert told["error"] is None
    told = picker.answer(type="models", provider="Nobody")
    assert (told["names"], "Nobody" in told["error"]) == ([], True)
