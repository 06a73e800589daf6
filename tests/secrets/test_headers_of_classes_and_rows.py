"""Headers are checked when they are given, wherever that is, and a key in them is masked as any other is."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import pytest
from looking import leaks, shown_of_error, shown_of_value
from planting import HELLO, KEY
from small_server import web

import g4f_nb as nb
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.masking import masker
from g4f_nb.providers import Anthropic, GigaChat, OpenaiTemplate
from g4f_nb.providers.finding.ownfile import FILE

# What no request can have, and what is said of it.
WRONG = [
    ({"X-Team Token": KEY}, "begins with 'X-Team' and is none"),
    ({f"X-Team: {KEY}": ""}, "begins with 'X-Team' and is none"),
    ({"X-Team": f"{KEY}\r\nX-More: 1"}, "'X-Team' is no text of one line: mend it in"),
    ({"X-Team": KEY, "Content-Length": "5"}, "'Content-Length' is not for .*leave it out"),
    ({"host": "elsewhere", "X-Team": KEY}, "'host' is not for .*api_base="),
    ({"": KEY}, "letters, digits and '-'"),
]


def _written(headers, base="http://127.0.0.1:9/v1", kind=OpenaiTemplate):
    """A class that adds headers of its own, as one does for a gateway."""

    class Mine(kind):
        api_base = base

        @classmethod
        def get_headers(cls, stream, api_key=None, headers_=None):
            return {**super().get_headers(stream, api_key, headers_), **headers}

    return Mine


@pytest.mark.parametrize(("headers", "says"), WRONG)
def test_headers_that_no_request_can_have(headers, says, tmp_path, monkeypatch):
    """Refused where they are given, with the place and the way out, and without their values."""
    at = {"api_base": "http://127.0.0.1:9/v1"}
    mine = _written(headers)
    for where, call in {
        r"nb\.register\('mybox'\)": partial(nb.register, "mybox", headers=headers, **at),
        "headers=": partial(nb.Model, "OpenaiTemplate:m", headers=headers, **at),
        "headers= ": partial(nb.use, "OpenaiTemplate:m", headers=headers, **at),
        r"Mine\.get_headers": partial(nb.ask, "x", mine, max_retries=0),
        r"Mine\.get_headers ": mine.get_models,
    }.items():
        with pytest.raises(InvalidParameterError, match=says) as caught:
            call()
        caught.match(where.strip())
        assert not leaks(*shown_of_error(caught.value))
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))
    table = "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in headers.items())
    (tmp_path / FILE).write_text(f'[filebox]\napi_base = "{at["api_base"]}"\n[filebox.headers]\n{table}')
    with pytest.raises(InvalidParameterError, match=says) as caught:
        nb.ask("x", "filebox:m")
    caught.match("filebox")
    assert not leaks(*shown_of_error(caught.value), nb.list_providers().to_string())


@pytest.mark.parametrize("wrong", [None, KEY, [KEY], 5])
def test_what_is_no_table_of_headers(wrong):
    """A class that forgets to give them, or gives something else, is told so; a row, too."""
    mine = type("Mine", (_written({}),), {"get_headers": classmethod(lambda *_: wrong)})
    with pytest.raises(
        InvalidParameterError, match=r"Mine\.get_headers gave no headers.*a dict of texts"
    ) as caught:
        nb.ask("x", mine)
    assert not leaks(*shown_of_error(caught.value))
    if wrong is not None:
        with pytest.raises(InvalidParameterError, match=r"headers is an? \w+: it must be a table") as caught:
            nb.register("mybox", api_base="http://127.0.0.1:9/v1", headers=wrong)
        assert not leaks(*shown_of_error(caught.value))


def _of_class(base):
    return _written({"X-Gate": KEY}, base), {}


def _of_native_class(base):
    return _written({"X-Gate": KEY}, base, Anthropic), {"api_key": "another"}


def _of_row(base):
    return nb.register("mybox", api_base=base, headers={"X-Gate": KEY}), {}


@pytest.mark.parametrize("form", ["401", "midstream", "page", "base64", "cut"])
@pytest.mark.parametrize("carried", [_of_class, _of_native_class, _of_row], ids=lambda each: each.__name__)
def test_a_key_in_them_is_masked_where_a_server_repeats_it(carried, form, echoing, logged, capfd):
    """In errors, logs, listings and every value of ours, whoever has given it."""
    cls, given = carried(f"{echoing}/{form}/v1")
    texts = [*shown_of_value(nb.Model(cls, **given))]
    for call in (
        lambda: list(cls.create_completion("m", HELLO, max_retries=0, timeout=5, **given)),
        lambda: nb.ask("hello", "m", provider=cls, max_retries=0, timeout=5, **given),
        lambda: asyncio.run(cls.get_models_async(**given)),
    ):
        with pytest.raises(G4FError) as caught:
            call()
        texts += shown_of_error(caught.value)
    assert not leaks(*texts, "\n".join(logged), *capfd.readouterr())


def test_a_key_in_a_header_for_gigachat(capfd):
    """Its token is not the only key that goes out with a call."""

    def answer(seen):
        if seen.path.endswith("/oauth"):
            return 200, {"access_token": "tok-for-an-hour", "expires_at": 4_000_000_000_000}
        return 400, {"message": f"no: {seen.headers}", "status": 400}

    with web(answer) as server:
        given = {"api_base": server.address, "auth_url": f"{server.address}/oauth", "api_key": "b64=="}
        given["headers"] = {"X-Gate": KEY}
        with pytest.raises(G4FError, match="no: ") as caught:
            nb.ask("x", "gigachat:GigaChat", **given)
        assert not leaks(*shown_of_error(caught.value))
        assert GigaChat.get_models(**given)
    assert "could not list" in (told := capfd.readouterr().err)
    assert not leaks(told)


@pytest.mark.parametrize("carried", [_of_class, _of_row], ids=lambda each: each.__name__)
def test_a_key_in_them_that_an_answer_repeats_is_in_no_file(carried, tmp_path):
    """What is kept of a conversation has a mask in its place, as for every other key of a call."""

    def answer(seen):
        said = {"content": f"You sent {seen.headers['x-gate']}"}
        return 200, {"choices": [{"message": said, "finish_reason": "stop"}]}

    with web(answer) as server:
        cls, given = carried(f"{server.address}/v1")
        cls.default_model = "m"
        talk = nb.Conversation("gate", model=nb.Model(cls, **given))
        assert KEY in talk.ask("hello").text
        talk.save(tmp_path / "talk.json")
        talk.save(tmp_path / "talk.md")
    for file in tmp_path.iterdir():
        assert not leaks(file.read_text(encoding="utf-8")), file.name
    assert KEY not in masker()(f"said once more: {KEY}")


def test_what_is_no_key_stays_to_be_read():
    """A version that the service names, or the kind of a body, is no secret."""
    with web(
        lambda seen: (400, {"error": {"message": "no application/json in 2026-01-01, ask g4f"}})
    ) as server:
        mine = _written({"X-Api-Version": "2026-01-01"}, server.address)
        with pytest.raises(G4FError, match="no application/json in 2026-01-01, ask g4f"):
            nb.ask("x", mine, max_retries=0)
