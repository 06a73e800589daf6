"""What a beginner gets wrong, through `nb.ask`: one clear error that says what to do."""

from __future__ import annotations

import math
import socket
import ssl

import numpy as np
import pandas as pd
import pytest
from proxying import HttpProxy, proxy
from small_server import web

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.testing import serve
from g4f_nb.testing.certificates import new_certificates


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))


@pytest.fixture
def server():
    """It should see nothing."""
    with serve() as server:
        yield server


def _ask(model="OpenaiTemplate:echo", **given):
    return nb.ask("hello", model, **{"max_retries": 0, "timeout": 5} | given)


def _told(kind, *words, **given):
    with pytest.raises(kind) as caught:
        _ask(**given)
    for word in words:
        assert word in str(caught.value)
    return caught.value


# ---- headers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "Expect", "Host", "Connection", "TE", "Upgrade", "Keep-Alive"],
)
@pytest.mark.parametrize("model", ["OpenaiTemplate:echo", "anthropic:m", "gigachat:m"])
def test_a_header_that_frames_the_message_is_refused(server, name, model):
    """A length of their own would cut the body off, an expectation would never be met: nothing is sent."""
    given = {"api_base": server.api_base, "api_key": "k"}
    _told(
        errors.InvalidParameterError, f"the header {name!r} is not for headers=", "leave it out",
        model=model, headers={name: "3"}, **given,
    )  # fmt: skip
    assert not server.requests


@pytest.mark.parametrize("name", ["X Y", "", "X:Y", "Authorization: Bearer swordfish", "Å", "X(Y)"])
def test_a_header_whose_name_is_none_is_refused(server, name):
    """By what of it is a name: what comes after that may be a key."""
    told = _told(
        errors.InvalidParameterError, "a header's name is letters",
        api_base=server.api_base, headers={name: "1"},
    )  # fmt: skip
    assert "swordfish" not in str(told)
    assert not server.requests


def test_headers_of_any_legal_name_are_sent(server):
    """Also those of signs that hardly any has."""
    _ask(api_base=server.api_base, headers={"X-My_Header.1~!": "here", "Accept-Encoding": "identity"})
    assert server.requests[-1].headers["X-My_Header.1~!"] == "here"


# ---- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "near"), [("grok:m", "'Groq"), ("Mistrl:m", "'Mistral"), ("opnai:m", "'OpenAI")]
)
def test_an_unknown_provider_is_told_with_the_nearest(model, near):
    """Before a colon, and by itself."""
    _told(errors.NoProviderError, "names no provider", f"did you mean {near}", model=model)
    with pytest.raises(errors.ProviderNotFoundError, match=f"did you mean {near}"):
        nb.ask("hello", provider=model.partition(":")[0])


def test_an_unknown_model_is_told_with_the_nearest():
    """From the server's own list, after it refused the name."""
    with serve(models=["llama-3.3-70b"]) as server:
        near = "the nearest here are 'llama-3.3-70b'"
        _told(errors.ModelNotFoundError, near, model="OpenaiTemplate:lama-3.3", api_base=server.api_base)
    _told(errors.ModelNotSupportedError, "the nearest are demo", model="demo:dem")


@pytest.mark.parametrize(
    ("model", "variable"),
    [("groq:m", "GROQ_API_KEY"), ("openai", "OPENAI_API_KEY"), ("azure:m", "AZURE_OPENAI_API_KEY")],
)
def test_a_missing_key_is_told_with_three_ways_out(model, variable, monkeypatch):
    """The variable, `%g4f key`, and the provider that needs none."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://resource.invalid")
    error = _told(errors.MissingAuthError, variable, "%g4f key", "Demo", model=model)
    assert error.provider


def test_nothing_chosen_is_told_with_what_is_ready():
    """Without a key and without a name."""
    _told(errors.NoProviderError, "no provider is chosen", "ready are Demo", "Ollama", model=None)


# ---- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "kind", "words"),
    [
        ("localhost:8000", errors.InvalidParameterError, "it must begin with http:// or https://"),
        ("http://", errors.InvalidParameterError, "is no web address"),
        ("http://127.0.0.1:1/v1", errors.ConnectionFailedError, "nothing answers at 127.0.0.1:1"),
        ("http://nobody.invalid/v1", errors.ConnectionFailedError, "there is no host named nobody.invalid"),
    ],
)
def test_an_address_where_nobody_is(base, kind, words):
    """Each kind of wrong address in its own words, with the parameter to look at."""
    _told(kind, words, api_base=base)


def test_an_address_without_the_version(server):
    """The path is wrong: the error says what a base is."""
    base = server.api_base.removesuffix("/v1")
    _told(errors.NotFoundError, "check the address that api_base=", api_base=base)


def test_the_address_of_a_page():
    """A web site answers with a page."""
    with web(lambda _: (200, b"<html><title>Welcome</title></html>", "text/html")) as site:
        words = ("sent no chat answer", "Welcome", "is an OpenAI-compatible server")
        _told(errors.UnreadableResponseError, *words, api_base=site.address)


def test_the_address_of_something_else():
    """What listens there does not speak HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        import threading

        def greet():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail ready\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        _told(errors.UnreadableResponseError, "does not speak HTTP", "api_base=", api_base=base)
        thread.join()


def test_https_where_http_is_spoken(server):
    """The error says which letter is too many."""
    base = server.api_base.replace("http:", "https:")
    _told(errors.ConnectionFailedError, "if it speaks plain HTTP, write http:// in api_base=", api_base=base)
    assert server.requests == []


# ---- certificates ----------------------------------------------------------------------------------


@pytest.mark.parametrize("expired", [True, False])
def test_a_certificate_that_proves_nothing(expired):
    """One that has ended, and one of an authority that nobody knows, are different errors."""
    made = new_certificates(expired=expired)
    try:
        with serve(ssl_context=made.context) as server:
            trust = ssl.create_default_context(cafile=made.ca_file) if expired else None
            words = "certificate has expired" if expired else "unable to get local issuer certificate"
            error = _told(errors.CertificateError, words, api_base=server.api_base, ssl=trust)
            assert "cannot prove who it is" in str(error)
            assert server.requests == []
    finally:
        made.delete()


# ---- proxies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "words"), [("refuses", "403"), ("wants a password", "407")])
def test_a_proxy_that_does_not_let_through(server, way, words):
    """It is the proxy that is named, not the service."""
    with proxy(HttpProxy, port=server.port, way=way) as between:
        base = server.api_base.replace("http:", "https:")
        error = _told(errors.ConnectionFailedError, words, api_base=base, proxy=f"http://{between.address}")
        assert "proxy" in str(error)
    assert server.requests == []


def test_a_proxy_where_nobody_is(server, monkeypatch):
    """Given with the call, or by the environment."""
    _told(
        errors.ConnectionFailedError,
        "the proxy",
        "check proxy=",
        api_base=server.api_base,
        proxy="http://127.0.0.1:1",
    )
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    base = "http://service.invalid/v1"
    _told(errors.ConnectionFailedError, "the proxy", "HTTPS_PROXY", api_base=base)
    assert server.requests == []


# ---- parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"temprature": 1}, errors.UnknownParameterError, "did you mean 'temperature'"),
        ({"timeout": -1}, errors.InvalidParameterError, "a number of seconds above 0"),
        ({"proxy": "nonsense"}, errors.InvalidParameterError, "like http://host:3128"),
        (
            {"timeout": 10**400},
            errors.InvalidParameterError,
            "a number of seconds above 0, not 1000",
        ),
        ({"total_timeout": 10**400}, errors.InvalidParameterError, "total_timeout= is a number of seconds"),
        ({"timeout": math.nan}, errors.InvalidParameterError, "not nan"),
        ({"temperature": math.nan}, errors.InvalidParameterError, "temperature= is a finite number, not nan"),
        ({"top_p": math.inf}, errors.InvalidParameterError, "top_p= is a finite number, not inf"),
        ({"extra_data": {"speed": -math.inf}}, errors.InvalidParameterError, "speed= is a finite number"),
    ],
)
def test_a_parameter_that_cannot_be_meant(server, given, kind, words):
    """It is told by name, and nothing is sent."""
    _told(kind, words, api_base=server.api_base, **given)
    assert server.requests == []


@pytest.mark.parametrize("base", [5, b"http://127.0.0.1:1/v1", ["http://127.0.0.1:1/v1"]])
@pytest.mark.parametrize("provider", ["OpenaiTemplate", "groq", "anthropic", "berlin", "gigachat"])
def test_an_address_that_is_no_text(provider, base):
    """Told by name and type, in a call, in what is shown of it, in a panel and a session's choice."""
    model = nb.Model(f"{provider}:m", api_base=base)
    for call in (
        lambda: _ask(f"{provider}:m", api_base=base),
        lambda: _ask(model),
        lambda: nb.resolve(model),
        lambda: nb.use(model),
    ):
        with pytest.raises(
            errors.InvalidParameterError, match="api_base= is an address like http://localhost"
        ):
            call()
    panel = nb.ChatPanel(model)
    assert "api_base= is an address" in panel.problem
    panel.close()


@pytest.mark.parametrize("provider", ["anthropic", "gemini", "openai-responses"])
def test_no_number_of_another_dialect_is_infinite(provider):
    """It would go out as null, and the service would take its own."""
    given = {"api_base": "http://127.0.0.1:1/v1", "api_key": "k", "temperature": math.nan}
    _told(errors.InvalidParameterError, "temperature= is a finite number", model=f"{provider}:m", **given)


def test_an_empty_prompt():
    """Nothing to ask."""
    with pytest.raises(errors.InvalidParameterError, match="the prompt is empty"):
        nb.ask("  ", "demo")


# ---- what no request can be made of -----------------------------------------------------------------


def _nested(deep):
    made = []
    for _ in range(deep):
        made = [made]
    return made


_CYCLE: dict = {}
_CYCLE["again"] = _CYCLE


@pytest.mark.parametrize("value", [_CYCLE, _nested(300), _nested(5_000)], ids=["itself", "deep", "deeper"])
@pytest.mark.parametrize("model", ["OpenaiTemplate:echo", "anthropic:m", "gemini:m"])
def test_what_holds_itself_or_nests_without_end_is_refused(server, model, value):
    """In words, by its name, and not with a thousand frames."""
    told = _told(
        errors.InvalidParameterError, "'more' in the request to", "it holds itself, or hundreds of lists",
        model=model, api_base=server.api_base, api_key="k", extra_data={"more": value},
    )  # fmt: skip
    assert told.__context__ is None
    assert not server.requests


@pytest.mark.parametrize("value", [_CYCLE, _nested(5_000)], ids=["itself", "deep"])
def test_so_are_messages(server, value):
    """Of a question, a conversation and a comparison."""
    messages = [{"role": "user", "content": [{"type": "text", "text": "x", "more": value}]}]
    given = {"provider": "OpenaiTemplate", "api_base": server.api_base}
    talk = nb.Conversation("of too much", **given)
    for ask in (
        lambda: nb.ask(messages, **given),
        lambda: talk.ask(messages),
        lambda: nb.compare([messages], models=[nb.Model("OpenaiTemplate:echo", api_base=server.api_base)]),
    ):
        with pytest.raises(errors.InvalidParameterError, match="holds itself, or hundreds of lists"):
            ask()
    assert not server.requests


@pytest.mark.parametrize("end", ["\r\nX-More: 1", "\n", "/a\tb"])
def test_an_address_has_one_line(server, end):
    """What stands behind a line end, or with it, would be sent in some other way than it reads."""
    _told(errors.InvalidParameterError, "a line end", api_base=server.api_base + end)
    assert not server.requests


def test_a_mistyped_key_is_told_before_a_missing_one(monkeypatch):
    """It is why there is none."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    told = _told(errors.UnknownParameterError, "did you mean 'api_key'", model="groq:m", apikey="sk-planted1")
    assert "planted" not in str(told)
    with pytest.raises(errors.UnknownParameterError, match="did you mean 'api_key'"):
        nb.compare("x", models=["groq:m"], apikey="sk-planted1")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nb.ask("x", "Demo", max_tokens="many"), "max_tokens= is a whole number"),
        (lambda: nb.ask("x", "Demo", stop=5), "stop= is a text or a list of texts, not 5"),
        (lambda: nb.ask("x", "Demo", stop=[5]), "stop= is a text or a list of texts"),
        (lambda: nb.ask("x", "Demo", response_format=5), "response_format= is a dict"),
        (lambda: nb.estimate_tokens("x", 5), "the model is 5"),
        (lambda: nb.estimate_tokens("x", tools=5), "tools is an int"),
        (lambda: nb.list_models("Demo", match=5), "match is an int"),
        (lambda: nb.list_conversations(search=5), "what is looked for is 5"),
        (lambda: nb.RaceProvider([None]), "one of the models is None"),
        (lambda: nb.mcp_tools(""), "not ''"),
        (lambda: nb.mcp_tools('"uvx'), "No closing quotation"),
    ],
)
def test_another_kind_of_value_is_refused_in_words(call, says):
    """Not by whatever Python says where it is used."""
    with pytest.raises(errors.InvalidParameterError) as caught:
        call()
    assert says in str(caught.value)


@pytest.mark.parametrize(("given", "says"), [(5, "an int"), ([], "a list"), ("", "''")])
def test_a_provider_that_is_no_name(given, says):
    """It is not looked up as text, which would be near to some other name."""
    with pytest.raises(errors.ProviderNotFoundError, match=f"the provider is {says}"):
        nb.ask("x", provider=given)


ARRAY, COLUMN, NA = np.array([1, 2]), pd.Series([1, 2]), pd.NA
_ITSELF: list = []
_ITSELF.append(_ITSELF)


@pytest.mark.parametrize("value", [ARRAY, COLUMN, NA], ids=["array", "column", "NA"])
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda value: nb.ask("q", "OpenaiTemplate:echo", api_base=value), "api_base= is an address"),
        (lambda value: nb.resolve("OpenaiTemplate:echo", api_base=value), "api_base= is an address"),
        (lambda value: nb.compare(["q"], ["OpenaiTemplate:echo"], api_base=value), "api_base= is an address"),
        (lambda value: nb.register("ambiguous", api_base=value), "api_base= is an address"),
        (lambda value: nb.ask("q", "Demo", response_format=value), "response_format= is a dict"),
        (lambda value: nb.Conversation(model="Demo").ask("q", continues=value), "it must be True or False"),
        (lambda value: nb.Conversation(model="Demo").ask("q", after=value), "give a turn of"),
        (lambda value: setattr(nb.Conversation(), "keep", value), "it must be True or False"),
        (lambda value: nb.estimate_tokens("q", tools=value), "it must be a list of dicts"),
        (lambda value: nb.compare(["q"], ["Demo"], dry_run=value), "it must be True or False"),
        (lambda value: nb.list_providers("Demo", local=value), "it must be True or False"),
        (lambda value: nb.list_providers("Demo", check=value), "it must be True or False"),
    ],
    ids=range(12),
)
def test_what_has_no_one_truth_is_told_by_its_kind(call, says, value):
    """An array, a column and a missing value are neither true nor false, whatever numpy says."""
    with pytest.raises(errors.InvalidParameterError) as caught:
        call(value)
    assert says in str(caught.value)
    assert type(value).__name__ in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "x"}, "talk.model = "),
        ({"provider": "x"}, "talk.model = "),
        ({"system": "x"}, "talk.system = "),
        ({1: 2}, "the name of an option is an int"),
    ],
)
def test_what_is_no_option_of_a_conversation(options, says):
    """It is told where it is set, with the attribute that is meant."""
    talk = nb.Conversation(model="Demo")
    with pytest.raises(errors.InvalidParameterError, match=says):
        talk.options = options


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nb.Conversation(limit=10**400), "limit is 1000"),
        (lambda: nb.compare(["q"], ["Demo"], budget=10**400), "budget is 1000"),
        (lambda: nb.Conversation().borrow(None), "give a conversation"),
        (lambda: nb.Conversation().borrow("x"), "give a conversation"),
        (lambda: nb.estimate_tokens("q", tools=_ITSELF), "it holds itself"),
        (lambda: nb.FallbackProvider(["Demo"], name="a\0b"), "signs that can be seen"),
        (lambda: nb.RaceProvider(["Demo"], name="a\ud800"), "signs that can be seen"),
        (lambda: nb.RetryProvider(["Demo"], name=""), "signs that can be seen"),
        (lambda: nb.register("zz", "", api_base="http://127.0.0.1:9/v1"), "takes an address as api_base="),
    ],
    ids=range(9),
)
def test_a_plausible_slip_is_told_in_words(call, says):
    """With the way out, and not by whatever Python says deep inside."""
    with pytest.raises(errors.InvalidParameterError) as caught:
        call()
    assert says in str(caught.value)


def test_half_a_pair_is_looked_for_as_it_is_kept():
    """With U+FFFD in its place, as it was sent; and nothing is older than all days together."""
    assert len(nb.list_conversations(search="a\ud800b")) == 0
    assert nb.purge_store(older_than_days=10**400) == 0


def test_a_table_of_conversations_may_be_as_long_as_one_likes():
    """More than a database can count."""
    assert len(nb.list_conversations(10**30)) == 0
