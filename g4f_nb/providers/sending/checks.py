"""What is wrong with a call's parameters, told by name and type before anything is sent."""

from __future__ import annotations

import math
import ssl as tls
from collections.abc import Callable, Collection, Mapping
from numbers import Integral, Real
from os import PathLike
from typing import Any

from g4f_nb.errors import shorten
from g4f_nb.providers.sending.fields import IMAGE_FORMS
from g4f_nb.secret import Secret


def _number(value: Any) -> float:
    """A number as a float; not a number for anything else, and for one of hundreds of digits."""
    try:
        return float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return math.nan


def _is_time(value: Any) -> bool:
    return _number(value) > 0


def _is_count(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 0


def _is_whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral)


def _is_number(value: Any) -> bool:
    return _number(value) >= 0


def _is_finite(value: Any) -> bool:
    return math.isfinite(_number(value))


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | PathLike)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_secret(value: Any) -> bool:
    return isinstance(value, str | Secret)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_form(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and value in IMAGE_FORMS)


def _is_list(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)


def _are_texts(value: Any) -> bool:
    return isinstance(value, str) or (_is_list(value) and all(isinstance(part, str) for part in value))


def _is_trust(value: Any) -> bool:
    return isinstance(value, bool | tls.SSLContext)


def _is_connector(value: Any) -> bool:
    import aiohttp

    return isinstance(value, aiohttp.BaseConnector)


_SECONDS = "a number of seconds above 0"
# JSON has no such number: it would go out as null, and the service would take its own.
_FINITE = (_is_finite, "a finite number")
_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "model": (_is_text, "a text"),
    "proxy": (_is_secret, "an address like http://host:3128"),
    "timeout": (_is_time, _SECONDS),
    "total_timeout": (_is_time, _SECONDS),
    "temperature": _FINITE,
    "top_p": _FINITE,
    "frequency_penalty": _FINITE,
    "presence_penalty": _FINITE,
    "max_retries": (_is_count, "a whole number, 0 or more"),
    "api_key": (_is_secret, "a text"),
    "headers": (_is_mapping, "a dict of texts"),
    "api_endpoint": (_is_text, "an address like http://localhost:8000/v1/chat/completions"),
    "api_base": (_is_text, "an address like http://localhost:8000/v1"),
    # Some servers take -1: as many as there is room for.
    "max_tokens": (_is_whole, "a whole number"),
    "stop": (_are_texts, "a text or a list of texts"),
    "tools": (_is_list, "a list of dicts"),
    "impersonate": (_is_text, "a text"),
    "extra_parameters": (_is_list, "a list of names"),
    "extra_data": (_is_mapping, "a dict"),
    "response_format": (_is_form, 'a dict, or "url" or "b64_json" for images'),
    "auth_url": (_is_text, "an address like https://host:9443/api/v2/oauth"),
    "scope": (_is_text, "a text like GIGACHAT_API_PERS"),
    "ca_bundle_file": (_is_path, "the name of a file"),
    "verify_ssl_certs": (_is_switch, "True or False"),
    "update_interval": (_is_number, "a number of seconds, 0 or more"),
    "max_streams": (_is_count, "a whole number, 1 or more"),
    "account": (_is_text, "a text"),
    "password": (_is_secret, "a text"),
    "token": (_is_secret, "a text"),
    "connector": (_is_connector, "an aiohttp connector"),
    "ssl": (_is_trust, "an ssl.SSLContext, True or False"),
}


def what_is_wrong(given: Mapping[str, Any]) -> str | None:
    """What is given in a form that it cannot have, by name and type: its value may be a key."""
    for name, value in given.items():
        if value is not None and name in _KINDS and not _KINDS[name][0](value):
            # A password may be a number.
            plain = isinstance(value, int | float) and _KINDS[name][0] is not _is_secret
            shown = shorten(repr(value), 40) if plain else f"of type {type(value).__name__}"
            return f"{name}= is {_KINDS[name][1]}, not {shown}"
    return None
