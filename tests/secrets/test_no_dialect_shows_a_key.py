"""The providers with dialects, logins and tokens of their own keep keys to themselves, too."""

from __future__ import annotations

import asyncio

import pytest
from echoes import ECHOES
from looking import leaks, shown_of_error, shown_of_value
from planting import HELLO, KEY, PART
from small_server import web
from thorough import some

import g4f_nb as nb
from g4f_nb import providers
from g4f_nb.chunks import AuthResult
from g4f_nb.errors import G4FError, MissingAuthError, UnreadableResponseError
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


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for number, name in enumerate(CARRIED)
        for form in some((form for form in ECHOES if form != "429"), of=2, but=number)
    ],
)
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


@pytest.mark.parametrize(
    ("name", "header", "folded"),
    [
        (name, header, folded)
        for number, name in enumerate(["OpenaiTemplate", "Groq", *CARRIED])
        for other, header in enumerate(["Content-Encoding", "Content-Type", "both"])
        for folded in some([str, str.lower, str.upper], of=3, but=number + other)
    ],
)
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


_GIGACHAT_SAYS = [
    (200, KEY),
    (200, {"choices": [{"message": KEY, "finish_reason": "stop"}]}),
    (200, {"data": [{"embedding": [KEY], "tokens": KEY}], "balance": KEY}),
    (400, {"status": 400, "message": KEY}),
    (500, KEY.encode()),
]


@pytest.mark.parametrize("said", _GIGACHAT_SAYS)
def test_gigachat_shows_no_key_that_another_of_its_hosts_repeats(said, capfd):
    """The key goes to the host of the tokens; the API's own may know it as well."""

    def answer(seen):
        if seen.path.endswith("/oauth"):
            return 200, {"access_token": "tok-for-an-hour", "expires_at": 4_000_000_000_000}
        return said

    with web(answer) as server:
        given = {"api_base": server.address, "auth_url": f"{server.address}/oauth", "api_key": KEY}
        for call in (
            lambda: nb.ask("hello", "gigachat:GigaChat", max_retries=0, **given),
            lambda: providers.GigaChat.embeddings(["a"], max_retries=0, **given),
            lambda: providers.GigaChat.count_tokens(["a"], max_retries=0, **given),
            lambda: providers.GigaChat.balance(max_retries=0, **given),
        ):
            with pytest.raises(G4FError) as caught:
                call()
            assert not leaks(*shown_of_error(caught.value))
        providers.GigaChat.get_models(refresh=True, max_retries=0, **given)
    assert not leaks(*capfd.readouterr())


@pytest.mark.parametrize(
    "said", [KEY, {"token": KEY}, {"access_token": [KEY]}, {"access_token": f"a\0{KEY}"}]
)
def test_what_is_no_token_of_gigachat_is_told_without_the_key(said):
    """Also what no header can hold: it is refused as an answer, not by aiohttp in the next request."""
    with web(lambda _: (200, said)) as server:
        given = {"api_base": server.address, "auth_url": f"{server.address}/oauth", "api_key": KEY}
        with pytest.raises(UnreadableResponseError, match=r"gave no token but .*: check auth_url=") as caught:
            nb.ask("hello", "gigachat:GigaChat", max_retries=0, **given)
    assert not leaks(*shown_of_error(caught.value))


def test_berlin_shows_no_password_that_its_chat_repeats():
    """It went out with the login."""

    def answer(seen):
        if seen.path.endswith("/login"):
            return 200, {"data": {"token": "tok-for-an-hour"}}
        return 400, {"message": f"no: {KEY}"}

    with web(answer) as server, pytest.raises(G4FError, match="no: ") as caught:
        nb.ask("hello", "berlin:m", api_base=server.address, account="me", password=KEY, max_retries=0)
    assert not leaks(*shown_of_error(caught.value))


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
