"""Addresses in a text: what in them lets in whoever finds it is masked; the rest stays to be read."""

from __future__ import annotations

import re

MASK = "***"
# `scheme://user:password@host`: the rest of an address says where something is, and stays. What follows a
# port is no password.
_PASSWORD = re.compile(r"(://[^\s/?#@:'\"<>\[]{0,256}:)(?!\d+[/?#])[^\s'\"<>]{1,256}@")
# What stands alone before a web server is a token; before others, as in `ssh://git@…`, it is a name.
_TOKEN = re.compile(r"(?i)(\bhttps?://)(?!git@)[^\s/?#@:'\"<>\[\]()*]{1,256}@")
_QUERY = re.compile(r"(?<=://)[^\s?'\"<>`]{1,2000}\?[^\s'\"<>`]+")
_PAIR = re.compile(r"(?<=[?&;])([\w.%-]{1,60})=([^\s&;#'\"<>()\[\]\\`]+)")
_PARTS_OF_A_NAME = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")
# By the last word of a parameter's name: what is one however short, and what may be a word if it is short.
_SECRET = frozenset({"password", "passwd", "passphrase", "pwd", "secret", "token"})
_LIKELY = frozenset({"key", "auth", "authorization", "credential", "credentials", "signature", "sig"})
_LONG = 8


def mask_addresses(text: str) -> str:
    """Mask passwords, a lone token before the host, and what the query names a secret."""
    if "://" not in text:
        return text
    if "@" in text:
        text = _TOKEN.sub(rf"\1{MASK}@", _PASSWORD.sub(rf"\1{MASK}@", text))
    if "?" in text and "=" in text:
        text = _QUERY.sub(lambda found: _PAIR.sub(_masked, found[0]), text)
    return text


def _masked(pair: re.Match[str]) -> str:
    name, value = pair[1], pair[2]
    last = _PARTS_OF_A_NAME.split(name.rstrip("._-"))[-1].lower()
    telling = last.endswith(tuple(_SECRET)) or (
        (last in _LIKELY or last.endswith("apikey")) and len(value) >= _LONG
    )
    return f"{name}={MASK}" if telling else pair[0]
