"""`Berlin`: chat with a server of your own that speaks as `ai.berlin4h.top` did, which is gone for good."""

from __future__ import annotations

import ssl as tls
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, Any

import orjson

from g4f_nb import parameters, settings
from g4f_nb.calls import Call, Headers, Host, TimeLimits
from g4f_nb.chunks import Chunk
from g4f_nb.errors import BerlinError, G4FError, InvalidParameterError, MissingAuthError
from g4f_nb.loops.handover import closing
from g4f_nb.messages import check_messages, content_text
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.berlin.account import BerlinAccount, base_of, find_account, look_up_account
from g4f_nb.providers.berlin.reader import BerlinReader
from g4f_nb.providers.mixins import ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.outgoing import encoded, least, trust
from g4f_nb.providers.sending.requesting import batches
from g4f_nb.providers.sending.shortlived import Token, Tokens
from g4f_nb.providers.services.hosts import join
from g4f_nb.secret import Secret, Veiled, shown_address, together
from g4f_nb.typing import AsyncResult, Messages
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.complaints import as_text, read_complaint
from g4f_nb.wire.failures import excerpt
from g4f_nb.wire.fetching import fetch
from g4f_nb.wire.proxies import proxy_fault

if TYPE_CHECKING:
    import aiohttp

_UNAUTHORIZED = 401
_REFUSING = (400, 401, 403, 422)
# What the server is told of the answer it should make, where the call says nothing.
_OPTIONS = {"temperature": 0, "presence_penalty": 0, "frequency_penalty": 0, "max_tokens": 1888}
_LONGEST_LOGIN = 1024 * 1024
_tokens = Tokens()


class _Working:
    """`Berlin.working`: whether the class or the environment says where a server is."""

    def __get__(self, instance: object, owner: type[Berlin]) -> bool:
        return base_of(owner) is not None


class Berlin(AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin):
    """Chat with a server of your own of this kind; `BERLIN_API_BASE`, `_ACCOUNT` and `_PASSWORD` say which.

    Each of `api_base`, `account`, `password` and `token` can be given to a call, on a subclass, or by its
    variable. One login serves all calls; where the token has ended, one more is made.
    """

    url = "ai.berlin4h.top"
    label = "Berlin"
    working = _Working()
    needs_auth = True
    supports_gpt_35_turbo = True
    supports_message_history = True
    supports_system_message = True
    takes_secrets = True
    host_options = ("api_base", "account", "password", "token")
    default_model = "gpt-3.5-turbo"
    api_base: str = ""
    account: str | None = None
    password: str | None = None
    token: str | None = None
    ssl: tls.SSLContext | bool | None = None

    @classmethod
    async def create_async_generator(  # type: ignore[override]  # `proxy` comes third, as in the original
        cls,
        model: str,
        messages: Messages,
        proxy: str | None = None,
        *,
        stream: bool = True,
        api_base: str | None = None,
        account: str | None = None,
        password: str | None = None,
        token: str | None = None,
        temperature: float | None = None,
        presence_penalty: float | None = None,
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        timeout: float | None = 120,  # noqa: ASYNC109  # a limit on silence, as everywhere
        total_timeout: float | None = None,
        max_retries: int | None = None,
        connector: aiohttp.BaseConnector | None = None,
        ssl: tls.SSLContext | bool | None = None,
        **kwargs: Any,
    ) -> AsyncResult:
        """Stream one answer's text; it always comes in pieces, whatever `stream` says."""
        del stream
        given = Veiled(
            model=model, proxy=proxy, api_base=api_base, account=account, password=password, token=token,
            timeout=timeout, total_timeout=total_timeout, max_retries=max_retries, connector=connector,
            ssl=ssl,
        )  # fmt: skip
        del proxy, password, token
        cls.check_parameters(kwargs)
        call = cls._call(given)
        name = cls.get_model(model)
        options = {
            "temperature": temperature, "presence_penalty": presence_penalty,
            "frequency_penalty": frequency_penalty, "max_tokens": max_tokens,
        }  # fmt: skip
        body = {
            "prompt": _prompt(check_messages(messages)),
            "parentMessageId": str(uuid.uuid4()),
            "options": {
                "model": name,
                **{option: _OPTIONS[option] if value is None else value for option, value in options.items()},
            },
        }
        call = replace(call, body=encoded(body, cls.__name__), model=name)
        retries = settings.current().max_retries if max_retries is None else max_retries
        found = find_account(cls, **_login_of(given))
        answers = _answer(call, found, Attempts(retries, total=total_timeout), retries=retries)
        async with closing(answers):
            async for chunks in answers:
                for chunk in chunks:
                    yield chunk

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Refuse by name what nobody reads."""
        known = signature(cls.create_async_generator).parameters.keys() - {"kwargs"}
        parameters.refuse_unknown(names, known, provider=cls.__name__)

    @classmethod
    def look_up_host(  # type: ignore[override]  # a login in the place of a key
        cls,
        *,
        api_base: str | None = None,
        account: str | None = None,
        password: str | Secret | None = None,
        token: str | Secret | None = None,
    ) -> Host:
        """Where a call would go and whose login would go along; one that is missing is told in the result."""
        secret, brought = Secret.of(password), Secret.of(token)
        del password, token
        return look_up_account(cls, api_base=api_base, account=account, password=secret, token=brought).host()

    @classmethod
    def _call(cls, given: Mapping[str, Any]) -> Call:
        """How the call travels; raises before anything is sent."""
        wrong = what_is_wrong(given)
        way = None if wrong else Secret.of(given["proxy"])
        wrong = wrong or (proxy_fault(way) if way else None)
        if wrong:
            raise InvalidParameterError(wrong, provider=cls.__name__)
        silence = given["timeout"]
        return Call(
            "POST",
            "",
            Headers({"Accept": "*/*", "Content-Type": "application/json"}),
            limits=TimeLimits(
                connect=least(settings.current().connect_timeout, silence),
                silence=silence,
                total=given["total_timeout"],
            ),
            proxy=way,
            ssl=trust(cls, given["ssl"]),
            connector=given["connector"],
            provider=cls.__name__,
        )


def _login_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of a call's options says where it goes and who logs in."""
    return Veiled((name, given[name]) for name in Berlin.host_options)


async def _answer(
    call: Call, account: BerlinAccount, attempts: Attempts, *, retries: int
) -> AsyncGenerator[list[str | Chunk], None]:
    """The answer, with one new login if the token is refused before any of it has come."""
    limit, renewed, begun = settings.current().max_event_bytes, False, False
    token = Token(account.token) if account.token is not None else await _login(call, account, retries)
    while True:
        headers = Headers(call.headers | {"token": token.secret.reveal()})
        url = join(account.base, "/api/chat/completions")
        # What the same server has been told before it may repeat here.
        secret = together((token.secret, account.password))
        pieces = batches(
            replace(call, url=url, headers=headers, secret=secret),
            attempts,
            reader_for=lambda _, secret=secret: BerlinReader(  # type: ignore[misc]  # bound here
                provider=call.provider or "",
                model=call.model or "",
                url=shown_address(account.base),
                secret=secret,
                limit=limit,
            ),
            limit=limit,
        )
        try:
            async with closing(pieces):
                async for chunks in pieces:
                    begun = True
                    yield chunks
        except MissingAuthError as error:
            failure: G4FError = error
        else:
            return
        if begun or renewed or not account.can_log_in or failure.status != _UNAUTHORIZED:
            raise failure.alone()
        renewed = True
        _tokens.forget(_key_of(account), token)
        token = await _login(call, account, retries)


def _key_of(account: BerlinAccount) -> tuple[object, ...]:
    return account.base, account.account, account.password


async def _login(call: Call, account: BerlinAccount, retries: int) -> Token:
    """The account's token, of an earlier login or of a new one."""
    here = call.connector is not None
    return await _tokens.get(_key_of(account), lambda: _new_token(call, account, retries), here=here)


async def _new_token(call: Call, account: BerlinAccount, retries: int) -> Token:
    password = account.password or Secret("")
    said = Veiled(account=account.account, password=password.reveal())
    login = replace(
        call,
        url=join(account.base, "/api/login"),
        body=encoded(said, call.provider or ""),
        secret=password,
        limits=replace(call.limits, total=None),
        model=None,
    )
    said.clear()

    def meant(failure: G4FError) -> G4FError:
        if failure.status not in _REFUSING:
            return failure
        return _refused(account, failure.body or str(failure), failure.status, secret=password)

    return await fetch(
        lambda: login,
        lambda body: _read_token(body, login, account),
        attempts=Attempts(retries),
        limit=_LONGEST_LOGIN,
        meant=meant,
    )


def _read_token(body: bytes, login: Call, account: BerlinAccount) -> Token:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    inner = data.get("data") if isinstance(data, dict) else None
    token = inner.get("token") if isinstance(inner, dict) else None
    if isinstance(token, str) and token.isprintable() and token.isascii() and token:
        return Token(Secret(token))
    complaint = read_complaint(data)
    status = complaint.status if complaint else None
    told = isinstance(data, dict) and (complaint is not None or "message" in data or "msg" in data)
    if told and (status is None or status in _REFUSING):
        raise _refused(account, body.decode(errors="replace"), status, secret=login.secret)
    shown = excerpt(body.decode(errors="replace"), secret=login.secret)
    raise BerlinError(
        f"{shown_address(account.base)} gave no token but {shown!r}: check api_base=",
        provider=login.provider,
    )


def _refused(
    account: BerlinAccount, body: str, status: int | None, *, secret: Secret | None
) -> MissingAuthError:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    words = body
    if isinstance(said, dict):
        words = as_text(said.get("message") or said.get("msg") or said)
    return MissingAuthError(
        f"{shown_address(account.base)} refused the login of {account.account!r} "
        f"({excerpt(words, secret=secret)}): check account= and password=",
        provider="Berlin",
        status=status,
    )


def _prompt(messages: Sequence[Mapping[str, Any]]) -> str:
    """The dialogue as the one text that such a server takes."""
    lines = [(str(message["role"]), content_text(message.get("content"))) for message in messages]
    return "\n".join(f"{role.capitalize()}: {text}" for role, text in lines if text)
