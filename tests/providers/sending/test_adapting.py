"""What a row changes in a request, on the wire: names, headers, addresses, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from g4f_nb.errors import ModelNotSupportedError
from g4f_nb.providers import OpenAI, OpenaiTemplate
from g4f_nb.providers.catalog import make_class
from g4f_nb.providers.sending.adapting import fitted_messages
from g4f_nb.providers.services.rows import make_row, rows
from g4f_nb.testing import serve

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server():
    """A server that sees what is sent."""
    with serve(models=["beta", "alpha"]) as server:
        yield server


def _service(server, **values):
    """A service with these peculiarities, at home on the server."""
    return make_class(
        make_row("mybox", {"api_base": server.api_base, "needs_auth": False} | values, where="t")
    )


def _sent(server, cls, messages=HELLO, **given):
    list(cls.create_completion("echo", messages, **given))
    return server.requests[-1]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("bearer", "Authorization", "Bearer k"),
        ("api-key", "api-key", "k"),
        ("x-api-key", "x-api-key", "k"),
        ("none", None, None),
    ],
)
def test_the_key_travels_as_the_service_wants_it(server, auth, header, value):
    """In one header and no other."""
    seen = _sent(server, _service(server, auth=auth), api_key="k")
    headers = {name.lower(): each for name, each in seen.headers.items()}
    there = {name: headers[name] for name in ("authorization", "api-key", "x-api-key") if name in headers}
    assert there == ({header.lower(): value} if header else {})


def test_a_row_s_headers_stay_at_home(server):
    """A call's own win; another host gets none of them, for they may be a key."""
    cls = _service(server, headers={"X-Version": "3", "X-Other": "row"})
    seen = _sent(server, cls, headers={"x-other": "call"})
    assert (seen.headers["X-Version"], seen.headers["X-Other"]) == ("3", "call")
    assert cls.get_models(refresh=True)
    assert server.requests[-1].headers["X-Version"] == "3"
    with serve() as away:
        assert "X-Version" not in _sent(away, cls, api_base=away.api_base).headers


def test_fields_are_renamed_and_left_out(server, capsys):
    """What is left out is told once; a field given under both names is sent as the service calls it."""
    cls = _service(server, rename={"max_tokens": "max_output"}, drop=["user", "seed"])
    body = _sent(server, cls, max_tokens=5, user="me", seed=1).body
    assert body["max_output"] == 5
    assert not {"max_tokens", "user", "seed"} & set(body)
    _sent(server, cls, user="me")
    told = capsys.readouterr().err
    assert told.count("Mybox does not know 'user': it is left out") == 1
    assert "'seed'" in told
    openai = make_class(replace(rows()["openai"], api_base=server.api_base, class_name="Here"))
    body = _sent(server, openai, api_key="k", max_tokens=5, max_completion_tokens=7).body
    assert body["max_completion_tokens"] == 7
    assert "max_tokens" not in body


def test_openai_s_names_hold_at_home_only(server, monkeypatch):
    """Whoever points OPENAI_BASE_URL at a server of their own speaks the common dialect with it."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
    for cls in (OpenAI, OpenaiTemplate):
        assert _sent(server, cls, api_key="k", max_tokens=5).body["max_tokens"] == 5
    monkeypatch.setattr("g4f_nb.providers.sending.adapting.origin", lambda _: "everywhere")
    assert _sent(server, OpenAI, api_key="k", max_tokens=5).body["max_completion_tokens"] == 5


def test_tools_where_none_are_known(server, capsys):
    """They are sent, for services learn; and the user is told."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    assert _sent(server, _service(server, tools=False), tools=[tool]).body["tools"] == [tool]
    assert "Mybox is not known to call tools" in capsys.readouterr().err
    _sent(server, _service(server), tools=[tool])
    assert capsys.readouterr().err == ""


def test_no_usage_is_asked_for_where_it_is_refused(server):
    """`stream_usage = false`."""
    assert "stream_options" in _sent(server, _service(server)).body
    assert "stream_options" not in _sent(server, _service(server, stream_usage=False)).body


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
DIALOGUE = [
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "1", "reasoning_content": "old"},
    {"role": "user", "content": "two"},
    {"role": "assistant", "content": None, "reasoning_content": "new", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c", "content": "2"},
]


@pytest.mark.parametrize(("wanted", "kept"), [(True, [None, None, None, "new", None]), (False, [None] * 5)])
def test_reasoning_goes_back_within_a_turn_only(server, wanted, kept):
    """To a service that asks for it; any other never sees it, and the given messages stay as they are."""
    given = [dict(message) for message in DIALOGUE]
    cls = _service(server, returns_reasoning=wanted)
    assert cls.returns_reasoning is wanted
    sent = _sent(server, cls, given).body["messages"]
    assert [message.get("reasoning_content") for message in sent] == kept
    assert given == DIALOGUE


def test_one_service_never_sees_what_another_wanted_back(server):
    """Signatures and the like go to the service that made them, not on to the next one."""
    marks = {
        "reasoning_details": [1],
        "thinking_blocks": [1],
        "reasoning_items": [1],
        "thought_signatures": [1],
    }
    given = [DIALOGUE[0], {"role": "assistant", "content": "1"} | marks, DIALOGUE[2]]
    assert _sent(server, _service(server), given).body["messages"][1] == {"role": "assistant", "content": "1"}
    at_home = fitted_messages(rows()["openrouter"], given)[1]
    assert at_home == {"role": "assistant", "content": "1", "reasoning_details": [1]}


def test_a_server_of_one_s_own_gets_the_messages_as_they_are(server):
    """Nothing is known of it, so nothing is taken away."""
    sent = _sent(server, OpenaiTemplate, DIALOGUE, api_base=server.api_base).body["messages"]
    assert sent == DIALOGUE


def test_models_may_be_listed_elsewhere_on_the_host(server):
    """The path is the row's, the host the call's, so that the key stays with it."""
    cls = _service(server, models_path="/v1/models", api_base=f"{server.api_base}/deep/below")
    assert cls.get_models(api_key="k") == ["alpha", "beta"]
    assert server.requests[-1].headers["Authorization"] == "Bearer k"


def test_a_service_without_a_list(server, capsys):
    """Its default is told as what it is; without one the error says how to name a model."""
    url = "https://mybox.invalid/models"
    cls = _service(server, lists_models=False, default_model="echo", url=url)
    assert cls.get_models() == ["echo"]
    assert (
        f"Mybox publishes no list of its models; its default is echo; {url} tells" in capsys.readouterr().err
    )
    cls = _service(server, lists_models=False, url=url)
    for call in (cls.get_models, lambda: list(cls.create_completion("", HELLO))):
        with pytest.raises(ModelNotSupportedError, match="name one, as Mybox:MODEL; https://mybox"):
            call()
    assert server.requests == []
    with serve(models=["theirs"]) as away:
        assert cls.get_models(api_base=away.api_base) == ["theirs"]
