"""The providers with dialects, logins and tokens of their own keep keys to themselves, too."""

from __future__ import annotations

import asyncio

import pytest
from echoes import ECHOES
from looking import leaks, shown_of_error, shown_of_value
from planting import HELLO, KEY, PART
from small_server import web

import g4f_nb as nb
from g4f_nb import providers
from g4f_nb.chunks import AuthResult
from g4f_nb.errors import G4FError, MissingAuthError
from g4f_nb.providers import AsyncAuthedProvider, FallbackProvider
from g4f_nb.providers.registry import resolve

CARRIED = {
    "Anthropic": lambda base: {"api_base": base, "api_key": KEY},
    "Gemini": lambda base: {"api_base": base, "api_key": KEY},
    "OpenAIResponses": lambda base: {"api_base": base, "api_key": KEY},
    "AzureOpenAI": lambda base: {"api_base": base, "api_key": KEY},
    "GigaChat": lambda base: {"api_base": base, "auth_url": f"{base}/oauth", "api_key": KEY},
    "Berlin": lambda base: {"api_base": base, "account": "somebody", "password": KEY},
    "Berlin, token": lambda base: {"api_base": base, "token": KEY},
}


@pytest.mark.parametrize("form", [form for form in ECHOES if form != "429"])
@pytest.mark.parametrize("name", CARRIED)
def test_no_dialect_shows_the_key(name, form, echoing, places, logged, capfd):
    """Whatever the server repeats of the request; in a class call, a question, and in a look at both."""
    cls = getattr(providers, name.partition(",")[0])
    given = CARRIED[name](f"{echoing}/{form}")
    model = nb.Model(cls, **given)
    texts = [*shown_of_value(model), *shown_of_value(resolve(model))]

    async def in_a_cell():
        return list(cls.create_completion("m", HELLO, max_retries=0, timeout=5, **given))

    for call in (
        lambda: list(cls.create_completion("m", HELLO, max_retries=0, timeout=5, **given)),
        lambda: asyncio.run(in_a_cell(), debug=True),
        lambda: nb.ask("hello", "m", provider=cls, max_retries=0, timeout=5, **given),
    ):
        with pytest.raises(G4FError) as caught:
            call()
        texts += shown_of_error(caught.value)
    assert not leaks(*texts, "\n".join(logged), *capfd.readouterr())


@pytest.mark.parametrize("folded", [str, str.lower, str.upper])
@pytest.mark.parametrize("header", ["Content-Encoding", "Content-Type", "both"])
@pytest.mark.parametrize("name", ["OpenaiTemplate", "Groq", *CARRIED])
def test_no_header_that_a_message_tells_of_shows_the_key(name, header, folded):
    """Neither the coding nor the kind of an answer that cannot be read, whatever its letters."""
    key = folded(KEY)
    headers = {"Content-Encoding": key} if header != "Content-Type" else {}

    def answer(seen):
        return 200, b"abc", "text/html" if header == "Content-Encoding" else key, headers

    with web(answer) as server:
        cls = getattr(providers, name.partition(",")[0])
        given = CARRIED.get(name, CARRIED["Anthropic"])(server.address)
        with pytest.raises(G4FError) as caught:
            nb.ask("hello", "m", provider=cls, max_retries=0, timeout=5, **given)
    assert not leaks(*shown_of_error(caught.value))
    assert PART.lower() not in " ".join(shown_of_error(caught.value)).lower()


def test_no_combination_shows_the_key(echoing, places, logged, capfd):
    """Its error lists why each of several failed."""
    several = [
        nb.Model("OpenaiTemplate:m", api_base=f"{echoing}/{form}", api_key=KEY) for form in ("401", "page")
    ]
    with pytest.raises(G4FError) as caught:
        nb.ask("hello", FallbackProvider(several))
    texts = [*shown_of_error(caught.value), repr(FallbackProvider(several))]
    assert not leaks(*texts, "\n".join(logged), *capfd.readouterr())


class _Behind(AsyncAuthedProvider):
    """A provider behind a login that gets a token for a password."""

    @classmethod
    async def on_auth_async(cls, password="", **kwargs):
        return AuthResult(access_token=f"{KEY}-of-{len(password)}")

    @classmethod
    async def create_authed(cls, model, messages, auth_result, fails=False, **kwargs):
        if fails:
            raise MissingAuthError(f"{cls.__name__} was refused: log in again")
        yield "fine"


def test_a_login_shows_itself_only_in_its_file(places, logged, capfd):
    """That one is the user's alone; no error, no repr and no frame of ours has the token."""
    list(_Behind.create_completion("m", HELLO, account="a", password=KEY))
    (file,) = [path for path in nb.settings.config_folder().rglob("auth_*.json") if "_Behind" in path.name]
    assert file.stat().st_mode & 0o777 == 0o600
    assert leaks(file.read_text(encoding="utf-8"))
    texts = [repr(AuthResult(access_token=KEY)), repr(vars(_Behind)), _Behind.params]
    for call in (
        lambda: list(_Behind.create_completion("m", HELLO, account="a", password=KEY, fails=True)),
        lambda: nb.ask("hello", _Behind, account="a", password=KEY, fails=True),
    ):
        with pytest.raises(MissingAuthError) as caught:
            call()
        texts += shown_of_error(caught.value)
    assert not leaks(*texts, "\n".join(logged), *capfd.readouterr())
