"""What tools say, values hold and files keep, without our keys: the call's, and all that are found here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any

from g4f_nb.addresses import mask_addresses
from g4f_nb.credentials import in_sight
from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.finding.known import everything
from g4f_nb.providers.models.model import ADDRESSES, SECRETS
from g4f_nb.secret import (
    MASK,
    Secret,
    mask_given,
    redact,
    secrets_in,
    secrets_of_address,
    secrets_of_headers,
)
from g4f_nb.spellings import LONG_ENOUGH

# Variables of a provider that is no row.
_OTHERS = ("BERLIN_PASSWORD", "BERLIN_TOKEN")
# A table may well have a column `pk_customer_id`: what is masked in a value looks drawn by lot.
_KEY_LIKE = re.compile(
    r"\b(?:sk|gsk|rk|pk|xai|hf|nvapi|pplx|csk|fw|sess|ghp|gho|github_pat)[-_][A-Za-z0-9_-]{16,}|\bAIza[\w-]{30,}"
)
# What stands for a key in what is kept: that is rendered as Markdown, where stars would be emphasis.
KEPT_MASK = "•••"
# Stars that were there before.
_THEIRS = "\ue000\ue001\ue000"
# What stands for a key where a server wants some and reads none: in texts these are words.
_NO_KEYS = frozenset({
    "anything", "api-key", "dummy-key", "fake-key", "llama.cpp", "lm-studio", "lm_studio", "lmstudio",
    "local-key", "localhost", "no-api-key", "no-key", "no-key-needed", "no-key-required", "not-needed",
    "not-required", "not_needed", "notneeded", "placeholder", "sk-no-key-required", "test-key",
    "your-api-key", "your_api_key",
})  # fmt: skip
# Characters; what is shorter may stand anywhere.
_FEW = 4
_DRAWN = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}")


# The keys that are found here, for as long as one prompt is put together.
_KNOWN: ContextVar[list[Secret] | None] = ContextVar("known keys", default=None)


@contextlib.contextmanager
def keys_found_once() -> Iterator[None]:
    """Within it, the keys that a call from here would find are looked for once, and not for each text."""
    before = _KNOWN.set(_found())
    try:
        yield
    finally:
        _KNOWN.reset(before)


def masked(text: str, calls: Iterable[Mapping[str, Any]]) -> str:
    """Mask the keys in these options of calls, and those of any service that a call from here would find."""
    return redact(text, *(secret for options in calls for secret in secrets_given(options)), *_found())


def mask_values(text: str, calls: Iterable[Mapping[str, Any]] = ()) -> str:
    """Mask in a user's own values the keys that a call from here would find, and what is surely a key.

    So is what lets somebody in at an address, and what these options of calls give as keys.
    """
    if not text:
        return text
    known = _KNOWN.get()
    given = [secret for options in calls for secret in secrets_given(options) if not _is_a_word(secret)]
    return _without(text, [*given, *(_found() if known is None else known)])


def masker(used: Iterable[Secret] = ()) -> Callable[[str], str]:
    """What takes keys out of texts that are about to be kept: these, those that are found here, sure ones.

    A short word that was given as a key to a server that wants none, like `none` or `ollama`, is no secret.
    """
    keys = _keys(used)

    def mask(text: str) -> str:
        made = _without(text.replace(MASK, _THEIRS), keys) if text else text
        return made.replace(MASK, KEPT_MASK).replace(_THEIRS, MASK)

    return mask


def mask_keys(text: str, used: Iterable[Secret] = ()) -> str:
    """Mask these keys, and those that are found here, and nothing else."""
    return mask_given(text, *_keys(used))


def known_keys(calls: Iterable[Mapping[str, Any]]) -> list[Secret]:
    """The keys in these options of calls and those that are found here, but for plain words."""
    return _keys(secret for options in calls for secret in secrets_given(options))


def mask_of_calls(calls: Iterable[Mapping[str, Any]]) -> Callable[[str], str]:
    """What masks, in texts that are shown, the keys in these options of calls and those found here."""
    return partial(_mask_each, known_keys(calls))


def _mask_each(keys: list[Secret], text: str) -> str:
    return mask_given(text, *keys) if keys and text else text


def _keys(used: Iterable[Secret]) -> list[Secret]:
    every = [part for secret in (*used, *_found()) for part in getattr(secret, "parts", (secret,))]
    return [secret for secret in dict.fromkeys(every) if not _is_a_word(secret)]


def _is_a_word(secret: Secret) -> bool:
    value = secret.reveal()
    return value.casefold() in _NO_KEYS or (
        len(value) < LONG_ENOUGH and (len(value) < _FEW or value.isalpha())
    )


def _without(text: str, keys: Iterable[Secret]) -> str:
    text = mask_addresses(mask_given(text, *keys))
    return _KEY_LIKE.sub(lambda found: MASK if _DRAWN.search(found[0]) else found[0], text)


def secrets_given(options: Mapping[str, Any]) -> Iterator[Secret]:
    """The keys in these options of a call: as such, in headers, in the body, in addresses."""
    for name in SECRETS:
        value = options.get(name)
        secret = Secret.of(value) if isinstance(value, str | Secret) else None
        if secret is not None:
            yield secret
    yield from secrets_in(options.get("extra_data"))
    headers = options.get("headers")
    if isinstance(headers, Mapping):
        yield from secrets_of_headers(headers)
    for name in (*ADDRESSES, "proxy"):
        value = options.get(name)
        if isinstance(value, Secret):
            yield from secrets_of_address(value.reveal())
        elif isinstance(value, str):
            yield from secrets_of_address(value)


def _found() -> list[Secret]:
    names = {name for known in everything() if known.row is not None for name in known.row.api_key_env}
    # A `.env` that cannot be read holds no key that could be known.
    with contextlib.suppress(InvalidParameterError):
        return in_sight((*sorted(names), *_OTHERS))
    return in_sight((*sorted(names), *_OTHERS), dotenv=False)
