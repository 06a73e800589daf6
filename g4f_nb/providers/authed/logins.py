"""One login at a time for each account: who needs it meanwhile follows it, from any loop or thread.

What is kept between calls is a login that is not in its file: one that no answer has proven yet, or that
could not be saved. Everything else is read from the file at each call, so that deleting it logs out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from g4f_nb.chunks import AuthResult, Chunk
from g4f_nb.errors import MissingAuthError
from g4f_nb.loops.handover import closing
from g4f_nb.loops.ownloop import CLOSING
from g4f_nb.newest import Newest
from g4f_nb.providers.authed.authfile import fingerprint

# Seconds between two looks whether the loop that a login runs on is still there.
_LOOK = 0.5


class LoginStore(Protocol):
    """Where logins are kept: the provider class."""

    def read_cache_file(self, cache_file: Path) -> AuthResult | None:
        """The login that is kept there, if there is one."""

    def write_cache_file(self, cache_file: Path, auth_result: AuthResult | None = None) -> None:
        """Keep this login there; `None` forgets it."""


@dataclass(slots=True, eq=False)
class Login:
    """Credentials, and the fingerprint of what the file holds of them: they may be renewed in use."""

    result: AuthResult
    kept_as: str | None = None


class LoginAccount:
    """What is known of one account: a login that is not in its file, and the one that is under way."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.RLock()
        self._unsaved: Login | None = None
        # Fingerprints of what the server refused, for a file that cannot be deleted.
        self._refused: set[str] = set()
        self._flight: _Flight | None = None

    @property
    def in_use(self) -> bool:
        """Whether anything is known of it that its file does not say."""
        return self._flight is not None or self._unsaved is not None or bool(self._refused)

    def known(self, store: LoginStore) -> Login | None:
        """The login to begin with."""
        result = store.read_cache_file(self.file)
        kept_as = None if result is None else fingerprint(result)
        if result is None or kept_as in self._refused:
            return self._unsaved
        return Login(result, kept_as)

    def reject(self, login: Login, store: LoginStore) -> None:
        """Forget a login that the server refused; a newer one, of another task or kernel, stays."""
        with self._lock:
            if self._unsaved is login:
                self._unsaved = None
            if login.kept_as is None:
                return
            self._refused.add(login.kept_as)
            kept = store.read_cache_file(self.file)
            if kept is not None and fingerprint(kept) == login.kept_as:
                with contextlib.suppress(OSError):
                    store.write_cache_file(self.file, None)

    def keep(self, login: Login, store: LoginStore) -> None:
        """Write a login that the server has accepted, if the file does not hold it as it is now."""
        now = fingerprint(login.result)
        with self._lock:
            if now != login.kept_as:
                store.write_cache_file(self.file, login.result)
                login.kept_as = now
                self._refused.discard(now)
            if self._unsaved is login:
                self._unsaved = None

    async def log_in(
        self, store: LoginStore, start: Callable[[], Any], *, provider: str
    ) -> AsyncIterator[str | Chunk | Login]:
        """Give what a login shows, and in the end the login; it is done once for all who need it now."""
        while True:
            with self._lock:
                found = self.known(store)
                if found is None and (self._flight is None or self._flight.over):
                    self._flight = _Flight(self, provider, start)
                flight = self._flight
            if found is not None:
                yield found
                return
            if flight is not None:
                async with closing(steps := flight.follow()):
                    async for step in steps:
                        yield step
                if flight.login is not None:
                    yield flight.login
                    return
            # Whoever had begun it has gone, and so has the loop it ran on.

    def end(self, flight: _Flight) -> None:
        """Take in what a login gave, before anybody can ask for another."""
        with self._lock:
            if self._flight is flight:
                self._flight = None
            if flight.login is not None:
                self._unsaved = flight.login

    def disown(self) -> None:
        """Forget, in a forked child, the lock and the login that belong to the parent's threads."""
        self._lock = threading.RLock()
        self._flight = None


class _Flight:
    """A login under way, in a task of its own: it goes on while anybody waits for it."""

    def __init__(self, account: LoginAccount, provider: str, start: Callable[[], Any]) -> None:
        self.login: Login | None = None
        self._account = account
        self._provider = provider
        self._shown: list[str | Chunk] = []
        self._error: BaseException | None = None
        self.over = False
        self._lock = threading.Lock()
        self._followers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(start))

    async def follow(self) -> AsyncIterator[str | Chunk]:
        """What the login shows, from its beginning; ends with it, or raises its error."""
        event, seen = asyncio.Event(), 0
        loop = asyncio.get_running_loop()
        with self._lock:
            self._followers[event] = loop
        try:
            while True:
                event.clear()
                over, new = self.over, self._shown[seen:]
                for chunk in new:
                    yield chunk
                seen += len(new)
                if over:
                    break
                beat = loop.call_later(_LOOK, event.set)
                await event.wait()
                beat.cancel()
                if self._loop.is_closed():
                    self._end()
        finally:
            await self._leave(event)
        if self._error is not None:
            raise self._error

    async def _leave(self, event: asyncio.Event) -> None:
        with self._lock:
            self._followers.pop(event, None)
            unwanted = not self._followers and not self.over
        if not unwanted:
            return
        if asyncio.get_running_loop() is self._loop:
            self._task.cancel()
            # Its connection closes before the caller goes on.
            await asyncio.wait({self._task}, timeout=CLOSING)
        else:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _run(self, start: Callable[[], Any]) -> None:
        try:
            self.login = await self._log_in(start())
        except asyncio.CancelledError:
            # One that nobody asked for is the provider's own; tried again, it would come again.
            if not (self._task.cancelling() or self._loop.is_closed()):
                self._error = RuntimeError(f"the login of {self._provider} cancelled itself")
            raise
        except BaseException as error:  # noqa: BLE001  # for those who wait; raised here it would end the loop
            self._error = error
        finally:
            self._end()

    async def _log_in(self, source: Any) -> Login:
        result: AuthResult | None = None
        async with closing(source):
            async for step in _steps(source):
                if isinstance(step, AuthResult):
                    result = step
                elif step is not None:
                    self._shown.append(step)
                    self._wake()
        if result is None:
            raise MissingAuthError(
                f"the login of {self._provider} ended without credentials: on_auth_async returns an "
                "AuthResult, or yields one last",
                provider=self._provider,
            )
        return Login(result)

    def _end(self) -> None:
        self._account.end(self)
        self.over = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            followers = list(self._followers.items())
        for event, loop in followers:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)


async def _steps(source: Any) -> AsyncIterator[Any]:
    """A coroutine's one value, or all that an async generator gives."""
    if hasattr(source, "__aiter__"):
        async for step in source:
            yield step
    else:
        yield await source


_accounts: Newest[Path, LoginAccount] = Newest(256, in_use=lambda account: account.in_use)
_accounts_lock = threading.Lock()


def account_at(file: Path) -> LoginAccount:
    """The account whose login is in this file."""
    with _accounts_lock:
        return _accounts.setdefault(file, LoginAccount(file))


def _after_fork() -> None:
    global _accounts_lock  # noqa: PLW0603  # the parent may hold it
    _accounts_lock = threading.Lock()
    for account in _accounts.values():
        account.disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
