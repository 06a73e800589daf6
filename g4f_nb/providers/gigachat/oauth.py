"""GigaChat's tokens: half an hour of access for an authorization key, renewed before they end."""

from __future__ import annotations

import copy

import orjson

from g4f_nb.errors import G4FError, UnreadableResponseError
from g4f_nb.providers.gigachat.line import Line, as_meant, json_of
from g4f_nb.providers.sending.shortlived import Token, Tokens
from g4f_nb.secret import Secret
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.failures import excerpt
from g4f_nb.wire.fetching import fetch

_LONGEST_TOKEN = 1024 * 1024
# Unix time in milliseconds, as the service writes it; smaller numbers are seconds, as some of its hosts do.
_MILLISECONDS = 100_000_000_000
_SCOPE_CODES = {"1", "5", "7"}
_tokens = Tokens()


async def token_of(line: Line) -> Token:
    """The account's token, from wherever it is; a caller's connector is bound to the caller's loop."""
    here = line.connector is not None
    return await _tokens.get(line.account.token_key, lambda: _new_token(line), here=here)


def refused(line: Line, token: Token) -> None:
    """The API did not take this token, so nobody is given it again."""
    _tokens.forget(line.account.token_key, token)


async def _new_token(line: Line) -> Token:
    return await fetch(
        line.token_call,
        lambda body: _read_token(body, line),
        attempts=Attempts(line.retries),
        limit=_LONGEST_TOKEN,
        meant=lambda error: _explained(as_meant(error), line),
    )


def _read_token(body: bytes, line: Line) -> Token:
    """Both forms: `access_token` with `expires_at`, and `tok` with `exp`."""
    data = json_of(body, line, line.account.secret)
    value = ends = None
    if isinstance(data, dict):
        value = data.get("access_token") or data.get("tok")
        ends = data.get("expires_at", data.get("exp"))
    if not isinstance(value, str) or not (value.isprintable() and value.isascii()):
        shown = excerpt(body.decode(errors="replace"), secret=line.account.secret)
        raise UnreadableResponseError(
            f"{line.account.auth_url} gave no token but {shown!r}: check auth_url=", provider=line.provider
        )
    if isinstance(ends, bool) or not isinstance(ends, int | float) or ends <= 0:
        return Token(Secret(value))
    return Token(Secret(value), ends / 1000 if ends > _MILLISECONDS else float(ends))


def _explained(error: G4FError, line: Line) -> G4FError:
    """What the token's host refuses, with what it means."""
    try:
        said = orjson.loads(error.body or "")
    except orjson.JSONDecodeError:
        said = None
    words = said if isinstance(said, dict) else {}
    if error.status is None or error.status >= 500 or not words.get("message"):  # noqa: PLR2004
        return error
    way = "check api_key=: it is the authorization key that your project shows, not the client secret"
    if str(words.get("code")) in _SCOPE_CODES:
        way = (
            f"the scope is {line.account.scope!r}; set scope= (or GIGACHAT_SCOPE) to your project's: "
            "GIGACHAT_API_PERS, GIGACHAT_API_B2B or GIGACHAT_API_CORP"
        )
    elif error.status not in (400, 401, 403):
        return error
    told = copy.copy(error)
    told.code = None if words.get("code") is None else str(words["code"])
    told.args = (f"Error {error.status}: {words['message']} — {way}",)
    return told
