"""With a key in every place at once, each host sees the one that is its own, and another host sees none."""

from __future__ import annotations

import asyncio
import http.server
import threading
from contextlib import contextmanager

import pytest
from looking import leaks
from planting import HELLO

import g4f_nb as nb
from g4f_nb import credentials
from g4f_nb.errors import ConnectionFailedError
from g4f_nb.providers import Groq, OpenaiTemplate, OpenRouter
from g4f_nb.secret import Secret

ORDER = ["api_key=", "class", "environment", ".env", "keyring", "Colab", "Kaggle", "typed"]


def _key(place):
    return f"planted/Key+{place.strip('.=')}"


@pytest.fixture
def everywhere(places, home):
    """Groq's address is the first server; its key, another one each time, is in every place that there is."""
    places.environment("GROQ_BASE_URL", home.api_base)
    places.patch.setattr(Groq, "api_key", _key("class"))
    places.environment("GROQ_API_KEY", _key("environment"))
    places.dotenv(f"GROQ_API_KEY={_key('.env')}\nGROQ_BASE_URL=http://evil.invalid/v1\n")
    places.keyring("GROQ_API_KEY", _key("keyring"))
    places.colab(GROQ_API_KEY=_key("Colab"))
    places.kaggle(GROQ_API_KEY=_key("Kaggle"))
    hosts = frozenset({credentials.origin(home.api_base)})
    credentials.keep_typed("GROQ_API_KEY", Secret(_key("typed")), hosts)
    # Other services' keys, which are nobody's business here.
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "GITHUB_TOKEN", "HF_TOKEN"):
        places.environment(name, _key(name))
    return places


def _entry_points(model, **given):
    """One call through each of the ways in; what is asked is answered by the echo."""

    async def stream():
        return [one async for one in Groq.create_async_generator("echo", HELLO, stream=True, **given)]

    async def in_a_cell():
        return list(Groq.create_completion("echo", HELLO, **given))

    def panel():
        shown = nb.ChatPanel(model, **given)
        shown.ask("hello")
        assert shown.wait(10)
        assert shown.error is None, shown.error
        shown.close()

    def used():
        with nb.use(model, **given):
            nb.ask("hello")

    return {
        "create_completion": lambda: list(Groq.create_completion("echo", HELLO, **given)),
        "in a cell": lambda: asyncio.run(in_a_cell()),
        "create_async_generator": lambda: asyncio.run(stream()),
        "create_async": lambda: asyncio.run(Groq.create_async("echo", HELLO, **given)),
        "get_models": lambda: Groq.get_models(
            refresh=True, **{name: given[name] for name in given if name in ("api_key", "api_base")}
        ),
        "ask": lambda: nb.ask("hello", model, **given),
        "ask_async": lambda: asyncio.run(nb.ask_async("hello", model, **given)),
        "ask with a Model": lambda: nb.ask("hello", nb.Model(model, **given)),
        "compare": lambda: nb.compare("hello", [model], progress=False, cache="off", retries=0, **given),
        "a panel": panel,
        "nb.use": used,
    }


WAYS = list(_entry_points("groq:echo"))


@pytest.mark.parametrize("way", WAYS)
def test_the_first_place_that_has_a_key_counts(way, everywhere, home):
    """In the same order for every entry point; nothing overrides the environment, not even `.env`."""
    takes_away = [
        lambda: everywhere.patch.setattr(Groq, "api_key", None),
        lambda: everywhere.patch.delenv("GROQ_API_KEY"),
        (everywhere.folder / ".env").unlink,
        everywhere.pocket.held.clear,
        everywhere.colab,
        everywhere.kaggle,
    ]
    _entry_points("groq:echo", api_key=_key("api_key="))[way]()
    assert home.requests[-1].headers["Authorization"] == f"Bearer {_key('api_key=')}"
    for place, take_away in zip(ORDER[1:], [*takes_away, None], strict=True):
        nb.key_places.look_again()
        _entry_points("groq:echo")[way]()
        assert home.requests[-1].headers["Authorization"] == f"Bearer {_key(place)}", place
        if take_away is not None:
            take_away()


@pytest.mark.parametrize("way", WAYS)
def test_another_address_gets_none_of_them(way, everywhere, away):
    """Not by `api_base=`; with a key beside it, that one, and nothing else of ours in the whole request."""
    seen = len(away.requests)
    _entry_points("groq:echo", api_base=away.api_base)[way]()
    _entry_points("groq:echo", api_base=away.api_base, api_key="its-own")[way]()
    requests = away.requests[seen:]
    assert len(requests) == 2
    assert [request.headers.get("Authorization") for request in requests] == [None, "Bearer its-own"]
    for request in requests:
        assert not leaks(f"{dict(request.headers)} {request.body} {request.path}")


def test_a_child_or_another_service_at_another_address_gets_none(everywhere, away):
    """A class with an address of its own, the bare template, another row, an endpoint beside a base."""
    seen = len(away.requests)
    chat = f"{away.api_base}/chat/completions"
    list(type("Mine", (Groq,), {"api_base": away.api_base}).create_completion("echo", HELLO))
    list(type("Mine", (OpenaiTemplate,), {"api_base": away.api_base}).create_completion("echo", HELLO))
    list(OpenaiTemplate.create_completion("echo", HELLO, api_base=away.api_base))
    list(OpenRouter.create_completion("echo", HELLO, api_base=away.api_base))
    list(Groq.create_completion("echo", HELLO, api_endpoint=chat))
    list(Groq.create_completion("echo", HELLO, api_base="https://api.groq.com/openai/v1", api_endpoint=chat))
    requests = away.requests[seen:]
    assert len(requests) == 6
    for request in requests:
        assert "Authorization" not in request.headers
        assert not leaks(f"{dict(request.headers)} {request.body} {request.path}")


def test_what_was_given_for_one_server_stays_there(everywhere, home, away):
    """A Model's, a panel's, nb.use's key and headers do not follow to the address of a call."""
    seen = len(away.requests)
    bound = {
        "api_base": home.api_base, "api_key": _key("api_key="), "headers": {"X-Token": _key("header")},
        "extra_data": {"secret": _key("body")},
    }  # fmt: skip
    nb.ask("hello", nb.Model("OpenaiTemplate:echo", **bound), api_base=away.api_base)
    with nb.use("OpenaiTemplate:echo", **bound):
        nb.ask("hello", api_base=away.api_base)
        nb.ask("hello", nb.Model("groq:echo", api_base=away.api_base))
    panel = nb.ChatPanel("OpenaiTemplate:echo", **bound)
    everywhere.patch.setenv("OPENROUTER_API_KEY", "")
    panel.model = "OpenRouter:echo"
    everywhere.patch.setattr(OpenRouter, "api_base", away.api_base)
    panel.ask("hello")
    assert panel.wait(10)
    panel.close()
    requests = away.requests[seen:]
    assert len(requests) == 4
    for request in requests:
        assert not leaks(f"{dict(request.headers)} {request.body} {request.path}")


@contextmanager
def _redirecting(status, target):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.daemon_threads = True
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}/v1"
        web.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_no_key_and_no_question_along(status, everywhere, away):
    """A chat is not sent on to another host; a listing goes there without the key."""
    seen = len(away.requests)
    with _redirecting(status, f"{away.api_base}/models") as base:
        everywhere.environment("GROQ_BASE_URL", base)
        everywhere.patch.setattr(Groq, "api_key", None)
        with pytest.raises(ConnectionFailedError, match="redirects to another address") as caught:
            nb.ask("hello", "groq:echo", max_retries=0, headers={"X-Token": _key("header")})
        assert not leaks(str(caught.value))
        assert len(away.requests) == seen
        Groq.get_models(refresh=True)
    (request,) = away.requests[seen:]
    assert not leaks(f"{dict(request.headers)} {request.body} {request.path}")
