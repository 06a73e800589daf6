"""What servers and models write is text wherever it is told: no terminal obeys any of it."""

from __future__ import annotations

import pickle

import pytest
from small_server import events, web

import g4f_nb as nb
from g4f_nb.controls import clean
from g4f_nb.providers import AbstractProvider, GigaChat, OpenaiTemplate
from g4f_nb.providers.models.listing import names_of
from g4f_nb.tables import Table

# Sets a title, clears the screen, turns text around, ends lines in other ways.
EVIL = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202eb\u2066\x08\x00\x7f\x85\r\u2028c"
COMMANDS = "\x1b\x07\x9b\x08\u202e\u2066\x00\x7f\x85\r\u2028"


def _obeyed(*texts):
    return sorted({hex(ord(char)) for text in texts for char in text if char in COMMANDS})


def _said_in(where):
    error = {"error": {"message": EVIL, "code": EVIL, "type": EVIL}}
    return {
        "status": lambda seen: (400, error),
        "stream": lambda seen: (200, events(error), "text/event-stream"),
        "page": lambda seen: (502, f"<html>{EVIL}</html>".encode(), "text/html"),
        "no answer": lambda seen: (200, EVIL.encode(), "text/plain"),
    }[where]


@pytest.mark.parametrize("where", ["status", "stream", "page", "no answer"])
@pytest.mark.parametrize("provider", ["OpenaiTemplate", "anthropic", "gemini", "openai-responses"])
def test_no_error_holds_commands_of_a_server(where, provider):
    """Neither its words nor its code, its body, its cause, nor what a comparison tells of it."""
    with web(_said_in(where)) as server:
        model = nb.Model(f"{provider}:m", api_base=server.address, api_key="k", max_retries=0)
        with pytest.raises(nb.G4FError) as caught:
            nb.ask("x", model)
        made = nb.compare("x", [model], progress=False, retries=0)
    error = caught.value
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert not _obeyed(str(error), str(error.code), str(error.body), str(error.__cause__), str(again))
    assert not _obeyed(*error._render_traceback_()[-1:], str(again.body))
    assert not _obeyed(made["error"][0])


def test_a_provider_of_ones_own_that_raises_commands():
    """A comparison has them as text in its table."""

    class Evil(AbstractProvider):
        working = True

        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            raise ValueError(EVIL)

    assert not _obeyed(nb.compare("x", [Evil], progress=False, retries=0)["error"][0])


def test_no_name_of_a_model_holds_commands():
    """As servers list them, in every shape."""
    assert not _obeyed(*names_of([EVIL, {"id": EVIL + "1"}, {"name": EVIL + "2"}]))
    assert names_of(["llama3:8b", "模型/ü"]) == ["llama3:8b", "模型/ü"]
    listed = {"data": [{"id": EVIL}], "models": [{"name": EVIL}]}

    def answer(seen):
        return 200, {"access_token": "t", "expires_at": 9e12} if "oauth" in seen.path else listed

    with web(answer) as server:
        names = OpenaiTemplate.get_models(api_base=server.address, api_key="k")
        names += GigaChat.get_models(
            api_base=server.address, auth_url=f"{server.address}/oauth", api_key="k", refresh=True
        )
    assert len(names) == 2
    assert not _obeyed(*names)


def test_no_table_holds_commands():
    """In a terminal and in a notebook; what has several lines keeps them."""
    table = Table(((EVIL, f"one\ntwo {EVIL}"),), (EVIL, "b"), title=EVIL, note=EVIL)
    assert not _obeyed(repr(table), table._repr_html_())
    assert repr(Table((("one\ntwo", "b"),))) == "one  b\ntwo"


def test_text_stays_as_it_is():
    """Tabs, line ends, other scripts, pictures."""
    text = "a\tb\nc שלום 🙂 模型"
    assert clean(text) == text
    assert clean("a\r\nb\rc") == "a\nb\nc"


def test_what_is_no_character_is_replaced():
    """XML may not hold it: one answer with it would make a workbook that nobody can open."""
    assert clean("a\ufffeb\uffffc") == "a\ufffdb\ufffdc"
