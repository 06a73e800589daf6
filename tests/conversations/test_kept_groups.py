"""A conversation that asks several models as one says in its files who they are, or that no name tells it."""

from __future__ import annotations

import json

import pytest

import g4f_nb as nb
from g4f_nb.errors import NoProviderError
from g4f_nb.providers import AsyncGeneratorProvider, Demo, demo

_KEY = "planted0123456789"


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    # Nobody reads along here.
    monkeypatch.setitem(demo._PACES, "demo", demo._PACES["demo-fast"])


class Parrot(AsyncGeneratorProvider):
    """Repeats."""

    working = True

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        """The last words."""
        yield messages[-1]["content"]


def _back(talk, form, tmp_path):
    if form == "store":
        nb.Conversation.restore(talk.id)
        return nb.Conversation.restore(talk.id)
    return nb.Conversation.load(talk.save(tmp_path / f"talk.{form}"))


def _names(cls):
    return [getattr(each, "name", each) for each in cls.members]


GROUPS = {
    "fallback=": {"model": "Demo:demo", "fallback": ["Demo:demo-fast"]},
    "race=": {"race": ["Demo:demo", "Demo:demo-fast"]},
    "a provider": {"model": nb.RetryProvider(["Demo"], max_retries=1, patience=9, name="Patient")},
    "in each other": {
        "fallback": ["groq", nb.RaceProvider(["Demo", nb.Model("Demo:demo-fast", price=(1, 2))])]
    },
    "with options": {"fallback": [nb.Model("Demo", temperature=0.5, api_key=_KEY, label="mine")]},
    "a class": {"fallback": [nb.FallbackProvider(["Demo"]), Demo]},
    "a model of them": {"model": nb.Model(nb.FallbackProvider(["Demo"]), price=(1, 2), top_p=0.5)},
}


@pytest.mark.parametrize("form", ["json", "store"])
@pytest.mark.parametrize("group", GROUPS)
def test_they_are_asked_again(group, form, tmp_path):
    """After a restart: the same ones in the same way, with the options that may be kept and no key."""
    talk = nb.Conversation("several", keep=True, **GROUPS[group])
    talk.ask("hello")
    again = _back(talk, form, tmp_path)
    was, now = (getattr(each.model, "name", each.model) for each in (talk, again))
    assert now.__name__ == was.__name__
    assert (now.patience, now.failures, now.shuffle) == (was.patience, was.failures, was.shuffle)
    assert [each.model for each in now._members] == [each.model for each in was._members]
    assert [getattr(each, "price", None) for each in now.members] == [
        getattr(each, "price", None) for each in was.members
    ]
    assert again.ask("and you?").provider == "Demo"
    assert again.as_saved().group == talk.as_saved().group
    assert _KEY not in json.dumps(again.as_saved().group)


@pytest.mark.parametrize("form", ["json", "md", "ipynb", "store"])
def test_whom_no_name_tells_is_told(form, tmp_path, capsys):
    """When it is loaded, and when it is asked; nobody else is asked in its place, until somebody is named."""
    talk = nb.Conversation("of mine", model="Demo", fallback=[Parrot], keep=True)
    talk.ask("hello")
    capsys.readouterr()
    again = _forgotten(talk, form, tmp_path)
    assert "asked FallbackProvider(Demo, Parrot), which no name tells here" in capsys.readouterr().err
    with nb.use("Demo"), pytest.raises(NoProviderError, match=r"talk.model = …") as caught:
        again.ask("hello")
    assert "FallbackProvider(Demo, Parrot)" in str(caught.value)
    assert again.ask("hello", "Demo").text
    # What is saved once more says it again.
    twice = _forgotten(again, form, tmp_path)
    with pytest.raises(NoProviderError):
        twice.fork("copy").ask("hello")
    twice.model = "Demo"
    assert twice.ask("hello").text


def test_an_address_is_no_name(tmp_path):
    """A server of one's own is in no file: its questions do not go to a service in its place."""
    local = nb.Model("OpenaiTemplate:mine", api_base="http://127.0.0.1:9/v1")
    talk = nb.Conversation("local", fallback=[local, "Demo"])
    with pytest.raises(NoProviderError):
        nb.Conversation.load(talk.save(tmp_path / "talk.json")).ask("hello")


def test_a_class_of_ones_own_is_found_again_under_its_name(tmp_path):
    """Once it has one here; until then nobody else is asked."""
    talk = nb.Conversation("parrot", model=Parrot)
    talk.ask("hello")
    file = talk.save(tmp_path / "talk.json")
    with nb.use("Demo"), pytest.raises(NoProviderError, match="asked Parrot"):
        nb.Conversation.load(file).ask("hello")
    nb.register("Parrot", Parrot)
    assert nb.Conversation.load(file).ask("hello again").text == "hello again"


def _forgotten(talk, form, tmp_path):
    """As another kernel has it."""
    if form != "store":
        return nb.Conversation.load(talk.save(tmp_path / f"talk.{form}", overwrite=True))
    from g4f_nb.conversations.preserving import read_talk

    return nb.Conversation._of(read_talk(talk.id), kept=True)
