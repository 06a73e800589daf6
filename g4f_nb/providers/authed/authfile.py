"""Where a provider keeps a login, and what such a file holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from g4f_nb import private_files, settings
from g4f_nb.chunks import AuthResult
from g4f_nb.errors import InvalidParameterError
from g4f_nb.secret import Secret


class AuthFileMixin:
    """A file of its own for each login, in the user's private config folder."""

    @classmethod
    def get_cache_file(cls, account: str | Secret | None = None) -> Path:
        """The path of the login file, which need not exist.

        It is named after the class, or after `parent` where several classes share a login, and after a
        fingerprint of the account: two accounts never meet in one file.
        """
        who = Secret.of(account)
        del account
        name = getattr(cls, "parent", None) or cls.__name__
        ending = f"_{who.fingerprint()}" if who else ""
        return settings.config_folder() / f"auth_{name}{ending}.json"


def read_login(file: Path) -> AuthResult | None:
    """The login in this file; one that is missing, unreadable or damaged is none."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return AuthResult(**values) if isinstance(values, dict) else None
    except (OSError, ValueError, RecursionError):
        return None


def save_login(file: Path, login: AuthResult) -> None:
    """Put a login into this file, whole or not at all; an error names the field that cannot be saved."""
    text = _as_text(login)
    if text is None:
        raise InvalidParameterError(
            f"the login's field {_odd_field(login)!r} is no JSON and cannot be saved: keep text, numbers, "
            "lists and dicts in an AuthResult"
        )
    private_files.write(file, text)


def delete_login(file: Path) -> None:
    """Forget what this file holds."""
    file.unlink(missing_ok=True)


def fingerprint(login: AuthResult) -> str:
    """What tells one login from another without showing either."""
    text = _as_text(login, default=repr, sort_keys=True)
    return f"object {id(login)}" if text is None else hashlib.sha256(text.reveal().encode()).hexdigest()


def _as_text(login: AuthResult, **how: Any) -> Secret | None:
    # The error is dropped here: the encoder's frames hold the values.
    try:
        return Secret(json.dumps(login.get_dict(), **how))
    except Exception:  # noqa: BLE001  # an object of the provider's may raise anything
        return None


def _odd_field(login: AuthResult) -> str:
    return next((name for name in login.get_dict() if _as_text(_only(login, name)) is None), "?")


def _only(login: AuthResult, name: str) -> AuthResult:
    return AuthResult(**{name: login.get_dict()[name]})
