"""Tokens: one errand for all who need it, whatever loop and thread they wait on."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from g4f_nb import loops
from g4f_nb.errors import MissingAuthError, RateLimitError
from g4f_nb.providers.sending.shortlived import Token, Tokens
from g4f_nb.secret import Secret


class Source:
    """Gives tokens and counts them."""

    def __init__(self, *, wait=0.02, ends=None, error=None):
        self.given = 0
        self.cancelled = 0
        self._wait, self._ends, self._error = wait, ends, error

    async def __call__(self):
        """Give one."""
        self.given += 1
        number = self.given
        try:
            await asyncio.sleep(self._wait)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._error is not None:
            raise self._error
        return Token(Secret(f"token-{number}"), self._ends)


def test_tasks_threads_and_loops_wait_for_one_errand():
    """Twelve on one loop, and four threads with loops of their own: one request for a token."""
    tokens, source = Tokens(), Source(wait=0.3)

    async def many():
        return await asyncio.gather(*(tokens.get("a", source) for _ in range(12)))

    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(asyncio.run, many()) for _ in range(4)]]
    assert source.given == 1
    assert len({token.secret for batch in found for token in batch}) == 1


def test_each_credential_has_its_own():
    """Tokens of two keys never mix, also when both are fetched at once."""
    tokens, one, two = Tokens(), Source(), Source()

    async def go():
        return await asyncio.gather(
            *(tokens.get(*each) for each in [("one", one), ("two", two)] * 5),
        )

    found = asyncio.run(go())
    assert (one.given, two.given) == (1, 1)
    assert found[0] is found[2] is found[8]
    assert found[1] is found[9] is not found[0]


def test_a_token_is_kept_until_a_minute_before_its_end():
    """One that would end on its way is not given."""

    async def go(ends):
        tokens, source = Tokens(), Source(wait=0, ends=ends)
        for _ in range(3):
            await tokens.get("a", source)
        return source.given

    now = time.time()
    assert asyncio.run(go(None)) == asyncio.run(go(now + 70)) == 1
    assert asyncio.run(go(now + 50)) == asyncio.run(go(now - 1)) == 3


@pytest.mark.clock
def test_what_was_refused_is_forgotten_and_what_is_newer_is_not():
    """Ten who were refused with the same old token renew it once."""
    tokens, source = Tokens(), Source()

    async def one():
        token = await tokens.get("a", source)
        await asyncio.sleep(0.05)
        tokens.forget("a", token)
        return await tokens.get("a", source)

    async def go():
        return await asyncio.gather(*(one() for _ in range(10)))

    assert {token.secret.reveal() for token in asyncio.run(go())} == {"token-2"}


def test_an_error_reaches_everybody_and_the_next_one_tries_again():
    """Each gets a copy of its own: their tracebacks are not joined."""
    tokens, source = Tokens(), Source(wait=0.3, error=RateLimitError("too many", retry_after=3))

    async def go():
        return await asyncio.gather(*(tokens.get("a", source) for _ in range(5)), return_exceptions=True)

    errors = asyncio.run(go())
    assert {type(error) for error in errors} == {RateLimitError}
    assert len(set(map(id, errors))) == 5
    assert {error.retry_after for error in errors} == {3}
    assert source.given == 1
    asyncio.run(go())
    assert source.given == 2


@pytest.mark.clock
def test_one_who_leaves_holds_up_nobody():
    """The errand goes on for the others, and ends when the last one has left."""
    tokens, source = Tokens(), Source(wait=0.3)

    async def go():
        waiting = [asyncio.create_task(tokens.get("a", source)) for _ in range(3)]
        await asyncio.sleep(0.1)
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
        return await asyncio.gather(*waiting[1:])

    assert len(asyncio.run(go())) == 2
    assert (source.given, source.cancelled) == (1, 0)

    async def all_leave():
        slow = Source(wait=30)
        waiting = [asyncio.create_task(tokens.get("b", slow)) for _ in range(3)]
        await asyncio.sleep(0.1)
        for task in waiting:
            task.cancel()
        begin = time.monotonic()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert time.monotonic() - begin < 3
        assert (slow.given, slow.cancelled) == (1, 1)
        quick = Source()
        assert (await tokens.get("b", quick)).secret == Secret("token-1")

    asyncio.run(all_leave())


@pytest.mark.clock
def test_a_failure_that_nobody_waits_for_is_no_complaint(caplog):
    """Called off, and failing at that very moment."""

    async def stubborn():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise RateLimitError("just now") from None

    async def go():
        waiting = asyncio.create_task(Tokens().get("a", stubborn))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(go())
    gc.collect()
    assert caplog.text == ""


@pytest.mark.clock
def test_a_loop_that_waits_for_another_thread_does_not_hold_up_the_errand():
    """A cell that blocks its loop in a synchronous call gets its token although that loop stands still."""
    tokens, source = Tokens(), Source(wait=0.2)
    door = []

    async def go():
        first = asyncio.create_task(tokens.get("a", source))
        await asyncio.sleep(0.05)
        # As a synchronous call on a loop that cannot be entered again: this thread waits for our own loop.
        thread = threading.Thread(target=lambda: door.append(loops.run(tokens.get("a", source))))
        thread.start()
        thread.join(5)
        return await first

    token = asyncio.run(go())
    assert door == [token]
    assert source.given == 1


@pytest.mark.clock
def test_here_means_this_loop():
    """An errand with a caller's connector runs where the connector lives, and is shared there."""
    tokens = Tokens()
    seen = []

    async def source():
        seen.append(asyncio.get_running_loop())
        await asyncio.sleep(0.01)
        return Token(Secret("t"))

    async def go():
        await asyncio.gather(*(tokens.get("a", source, here=True) for _ in range(4)))
        return asyncio.get_running_loop()

    assert [asyncio.run(go())] == seen


def test_a_token_shows_nothing():
    """Its repr is for tracebacks."""
    assert "planted" not in f"{Token(Secret('planted'), 1.0)!r}"
    with pytest.raises(MissingAuthError):
        asyncio.run(Tokens().get("a", Source(error=MissingAuthError("no"))))
