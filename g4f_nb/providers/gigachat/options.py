"""A call's options made into its way to GigaChat: checked by name and form, and completed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from g4f_nb import parameters, settings
from g4f_nb.calls import TimeLimits
from g4f_nb.errors import InvalidParameterError
from g4f_nb.headers import checked_headers
from g4f_nb.notices import tell
from g4f_nb.providers.gigachat.account import (
    PERSONAL,
    chosen,
    chosen_count,
    chosen_switch,
    find_account,
    streams_of,
)
from g4f_nb.providers.gigachat.line import Line
from g4f_nb.providers.gigachat.trust import trusting
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.outgoing import least
from g4f_nb.secret import Secret
from g4f_nb.wire.proxies import proxy_fault

# What may be given with any request, whether it is a chat or not.
OPTIONS = (
    "api_key", "api_base", "auth_url", "scope", "proxy", "connector", "ca_bundle_file", "verify_ssl_certs",
    "headers", "timeout", "total_timeout", "max_retries", "max_streams",
)  # fmt: skip


def line_of(cls: Any, given: Mapping[str, Any]) -> Line:
    """Decide for one call where it goes and how; raises before anything is sent."""
    check_options(cls, given)
    account = find_account(
        cls,
        api_base=given.get("api_base"),
        auth_url=given.get("auth_url"),
        api_key=Secret.of(given.get("api_key")),
        scope=given.get("scope"),
    )
    now = settings.current()
    silence, retries = given.get("timeout", now.timeout), given.get("max_retries")
    return Line(
        account=account,
        provider=cls.__name__,
        limits=TimeLimits(
            connect=least(now.connect_timeout, silence), silence=silence, total=given.get("total_timeout")
        ),
        retries=now.max_retries if retries is None else retries,
        streams=most_streams(cls, given),
        proxy=Secret.of(given.get("proxy")),
        trust=_trust(cls, given),
        connector=given.get("connector"),
        headers=checked_headers(given.get("headers")),
    )


def most_streams(cls: Any, given: Mapping[str, Any]) -> int:
    """How many answers of this account may come at once."""
    told = chosen_count("max_streams", given.get("max_streams"), cls.max_streams)
    return told or streams_of(chosen("scope", given.get("scope"), cls.scope, PERSONAL))


def check_options(cls: Any, given: Mapping[str, Any]) -> None:
    """Refuse options by name and form, whatever their values are."""
    parameters.refuse_unknown(given, OPTIONS, provider=cls.__name__)
    wrong = what_is_wrong(given)
    way = None if wrong else Secret.of(given.get("proxy"))
    wrong = wrong or (proxy_fault(way) if way else None)
    if wrong:
        raise InvalidParameterError(wrong, provider=cls.__name__)


def _trust(cls: Any, given: Mapping[str, Any]) -> Any:
    if given.get("connector") is not None:
        # A connector has its own.
        return None
    if chosen_switch("verify_ssl_certs", given.get("verify_ssl_certs"), cls.verify_ssl_certs) is False:
        tell(
            f"WARNING: {cls.__name__} does not verify certificates (verify_ssl_certs is off), so anybody on "
            "the way can read the key and the messages: run GigaChat.install_ca() instead"
        )
        return False
    bundle = chosen("ca_bundle_file", given.get("ca_bundle_file"), cls.ca_bundle_file)
    return trusting(None if bundle is None else str(bundle))
