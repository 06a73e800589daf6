"""Keys planted in every place that they can come from; whatever shows one of them has gone wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from g4f_nb import credentials
from g4f_nb.providers import Groq, OpenaiTemplate
from g4f_nb.secret import Secret

# Not shaped like any service's key: only knowing it masks it. The characters are written in many ways.
KEY = "planted/Key+0123456789abcdef=="
PART = KEY[:12]
# As an address, JSON, HTML and base64 write its beginning.
SPELLINGS = (
    PART,
    quote(PART, safe=""),
    PART.replace("/", "\\/"),
    PART.replace("+", "&#43;"),
    "dXNlcjpwbGFudGVk",
    # In base64, wherever it begins.
    "cGxhbnRlZC9L",
    "BsYW50ZWQvS2",
    "bGFudGVkL0tl",
)
HELLO = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True, slots=True)
class Planted:
    """A provider, and the keywords of a call, that make it carry the planted key."""

    cls: type
    given: dict[str, Any] = field(default_factory=dict)
    # Whether the key goes as the bearer of the request.
    bearer: bool = True


def _call(base, places):
    return Planted(OpenaiTemplate, {"api_key": KEY, "api_base": base})


def _class(base, places):
    return Planted(type("Mine", (OpenaiTemplate,), {"api_base": base, "api_key": KEY}))


def _grandchild(base, places):
    parent = type("Pair", (OpenaiTemplate,), {"api_base": base, "api_key": KEY})
    return Planted(type("Below", (type("Between", (parent,), {}),), {}))


def _child_of_a_row(base, places):
    places.environment("GROQ_BASE_URL", base)
    return Planted(type("MyGroq", (Groq,), {"api_key": KEY}))


def _row(base, places):
    places.environment("GROQ_BASE_URL", base)
    return Planted(Groq)


def _environment(base, places):
    places.environment("GROQ_API_KEY", KEY)
    return _row(base, places)


def _dotenv(base, places):
    places.dotenv(f"GROQ_API_KEY={KEY}\n")
    return _row(base, places)


def _keyring(base, places):
    places.keyring("GROQ_API_KEY", KEY)
    return _row(base, places)


def _colab(base, places):
    places.colab(GROQ_API_KEY=KEY)
    return _row(base, places)


def _kaggle(base, places):
    places.kaggle(GROQ_API_KEY=KEY)
    return _row(base, places)


def _typed(base, places):
    credentials.keep_typed("GROQ_API_KEY", Secret(KEY), frozenset({credentials.origin(base)}))
    return _row(base, places)


def _header(base, places):
    return Planted(OpenaiTemplate, {"api_base": base, "headers": {"Authorization": f"Bearer {KEY}"}})


def _other_header(base, places):
    given = {"api_base": base, "api_key": "k", "headers": {"X-Team-Token": KEY}}
    return Planted(OpenaiTemplate, given, bearer=False)


def _untelling_header(base, places):
    return Planted(OpenaiTemplate, {"api_base": base, "headers": {"X-Auth": KEY}}, bearer=False)


def _body(base, places):
    return Planted(
        OpenaiTemplate, {"api_base": base, "extra_data": {"auth": {"client_secret": KEY}}}, bearer=False
    )


def _query(base, places):
    return Planted(OpenaiTemplate, {"api_base": f"{base}?key={quote(KEY, safe='')}"}, bearer=False)


def _raw_query(base, places):
    return Planted(OpenaiTemplate, {"api_base": f"{base}?team={KEY}"}, bearer=False)


def _proxy(base, places):
    proxy = f"http://user:{quote(KEY, safe='')}@{urlsplit(base).netloc}"
    return Planted(OpenaiTemplate, {"api_base": base, "proxy": proxy}, bearer=False)


SOURCES = {
    "api_key=": _call,
    "a class": _class,
    "a class far above": _grandchild,
    "a child of a row": _child_of_a_row,
    "the environment": _environment,
    ".env": _dotenv,
    "the keyring": _keyring,
    "Colab": _colab,
    "Kaggle": _kaggle,
    "%g4f key": _typed,
    "the header": _header,
    "another header": _other_header,
    "a header of any name": _untelling_header,
    "the body": _body,
    "the query": _query,
    "the query as it is": _raw_query,
    "the proxy": _proxy,
}
