"""Who fails again and again is left alone for a while; a wrong key is no such failure."""

from __future__ import annotations

import asyncio
import time

import pytest
from players import HELLO, says, streamed, sync, text

import g4f_nb as nb
from g4f_nb.chunks import ProviderFailed
from g4f_nb.errors import (
    BadRequestError,
    CertificateError,
    ConnectionFailedError,
    MissingAuthError,
    NoProviderAnsweredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from g4f_nb.providers import FallbackProvider, RaceProvider
from g4f_nb.providers.combined.breakers import may_pass, standing_of
from g4f_nb.testing import serve


def test_after_three_failures_it_is_left_alone(server, at):
    """Without a request; the reply says for how long, and why."""
    combined = FallbackProvider([at("error-503"), at("upper")], cool_down=60)
    for _ in range(3):
        sync(combined)
    reply = nb.ask("hello", combined)
    assert [seen.body["model"] for seen in server.requests] == ["error-503", "upper"] * 3 + ["upper"]
    assert reply.failed[0].error == "ServerError"
    assert reply.failed[0].reason == "which is left alone for 60 s after 3 failures in a row"


@pytest.mark.clock
def test_when_the_time_is_over_one_call_tries():
    """If it fails, the time begins anew; if it succeeds, all is forgotten."""
    shaky = says(ServerError("no"), name="Shaky")
    combined = FallbackProvider([shaky, says("b")], failures=2, cool_down=0.2)
    for _ in range(3):
        sync(combined)
    assert len(shaky.calls) == 2
    time.sleep(0.25)
    for _ in range(2):
        sync(combined)
    assert len(shaky.calls) == 3
    time.sleep(0.25)
    mended = says("mended", name="Shaky")
    combined = FallbackProvider([mended, says("b")], failures=2, cool_down=0.2)
    for _ in range(3):
        assert text(sync(combined)) == "mended"
    assert standing_of("Shaky", None, None).worse.in_a_row == 0


@pytest.mark.clock
def test_only_one_call_tries_at_a_time():
    """A hundred rows do not fall upon a server that has just come back."""
    shaky = says(ServerError("no"), name="Shaky")
    sync(FallbackProvider([shaky, says("b")], failures=1, cool_down=0.1))
    time.sleep(0.15)
    slow = says(0.2, "slow", name="Shaky")
    combined = FallbackProvider([slow, says("b")], failures=1, cool_down=0.1)

    async def one():
        return text([chunk async for chunk in combined.create_async_generator("", HELLO)])

    async def go():
        return await asyncio.gather(*(one() for _ in range(10)))

    assert sorted(asyncio.run(go())) == ["b"] * 9 + ["slow"]
    assert len(slow.calls) == 1


def test_a_server_s_own_pause_is_kept():
    """`Retry-After` leaves it alone after one failure, for just so long."""
    limited = says(RateLimitError("full", retry_after=0.3), name="Limited")
    combined = FallbackProvider([limited, says("b")])
    begun = time.monotonic()
    while len(limited.calls) < 2:
        sync(combined)
        time.sleep(0.01)
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize(
    "error",
    [
        MissingAuthError("no key"),
        PermissionDeniedError("no"),
        BadRequestError("bad"),
        CertificateError("who"),
        RateLimitError("spent", code="insufficient_quota"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_says_nothing_about_the_next_call_is_not_counted(error):
    """A wrong key is not mended by waiting; it may be mended at any moment."""
    fails = says(error, name="Fails")
    combined = FallbackProvider([fails, says("b")], failures=1)
    for _ in range(3):
        sync(combined)
    assert len(fails.calls) == 3
    assert not may_pass(error)


@pytest.mark.parametrize(
    "error",
    [ConnectionFailedError("x"), RequestTimeoutError("x"), ServerError("x"), RateLimitError("x"), OSError()],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_counted(error):
    """Nobody there, too slow, broken, too many."""
    assert may_pass(error)
    fails = says(error, name="Fails")
    combined = FallbackProvider([fails, says("b")], failures=2)
    for _ in range(4):
        sync(combined)
    assert len(fails.calls) == 2


def test_if_all_would_be_left_alone_all_are_asked():
    """Nobody is told to wait for a server that was just started."""
    fails = says(ServerError("no"))
    combined = FallbackProvider([fails], failures=1)
    for _ in range(3):
        with pytest.raises(NoProviderAnsweredError, match="no"):
            sync(combined)
    assert len(fails.calls) == 3


def test_a_success_between_begins_the_count_anew():
    """In a row means in a row."""
    combined = FallbackProvider([says("a", name="P")], failures=2)
    failing = FallbackProvider([says(ServerError("no"), name="P"), says("b")], failures=2)
    for _ in range(3):
        sync(failing)
        sync(combined)
    assert standing_of("P", None, None).worse.in_a_row == 0


def test_a_stream_that_breaks_later_counts_and_a_cancelled_one_does_not():
    """What was ended from here says nothing."""
    broken = FallbackProvider([says("half", ServerError("late"), name="P")])
    for _ in range(2):
        with pytest.raises(ServerError):
            sync(broken)
    assert standing_of("P", None, None).worse.in_a_row == 2
    chunks = FallbackProvider([says("half", 30.0, name="P")]).create_completion("", HELLO)
    assert "half" in [next(chunks), next(chunks)]
    chunks.close()
    assert standing_of("P", None, None).worse.in_a_row == 2


def test_a_breaker_belongs_to_one_host(server, at):
    """The same class at another address is another provider."""
    with serve() as other:
        there = nb.Model("OpenaiTemplate:upper", api_base=other.api_base)
        sync(FallbackProvider([at("error-503"), there], failures=1))
        sync(FallbackProvider([at("error-503"), there], failures=1))
        away = nb.Model("OpenaiTemplate:error-503", api_base=other.api_base)
        with pytest.raises(NoProviderAnsweredError):
            sync(FallbackProvider([away], failures=1), max_retries=0)
        assert [len(one.requests) for one in (server, other)] == [1, 3]


def test_a_host_where_nobody_is_leaves_all_its_models_alone(server, at):
    """What one model of it says, an overload or a limit, is that model's alone."""
    gone = {"api_base": "http://127.0.0.1:1/v1", "max_retries": 0}
    for _ in range(3):
        sync(FallbackProvider([at("a", **gone), at("upper")]))
        sync(FallbackProvider([at("error-503"), at("upper")]))
    chunks = sync(FallbackProvider([at("b", **gone), at("error-503"), at("echo")]))
    told = [(one.model, "left alone" in one.reason) for one in chunks if isinstance(one, ProviderFailed)]
    assert told == [("b", True), ("error-503", True)]
    assert text(chunks) == "hello"


def test_a_race_leaves_them_out_too():
    """They would only cost."""
    fails = says(ServerError("no"), name="Fails")
    race = RaceProvider([fails, says(0.05, "b")], failures=2)
    for _ in range(4):
        assert text(streamed(race)) == "b"
    assert len(fails.calls) == 2


def test_the_failures_can_be_forgotten():
    """After a server was started anew."""
    fails = says(ServerError("no"), name="Fails")
    combined = FallbackProvider([fails, says("b")], failures=1)
    sync(combined)
    nb.FallbackProvider.forget_failures()
    sync(combined)
    assert len(fails.calls) == 2
