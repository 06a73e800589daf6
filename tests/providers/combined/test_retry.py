"""`RetryProvider`: again where a failure may pass, with pauses, and never after content."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from players import CALLS, asked, says, sync, text

from g4f_nb.chunks import ProviderFailed
from g4f_nb.errors import InvalidParameterError, NoProviderAnsweredError, RateLimitError, ServerError
from g4f_nb.providers import FallbackProvider, RetryProvider
from g4f_nb.providers.combined import outcomes


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(outcomes, "_PAUSE", 0.01)


def _asked(server):
    return Counter(request.body["model"] for request in server.requests)


@pytest.mark.parametrize("call", CALLS)
def test_a_failure_that_passes(server, at, call):
    """The next round succeeds; in each round the order is the same."""
    assert text(call(RetryProvider([at("flaky-2"), at("error-500")]))) == "hello"
    order = [request.body["model"] for request in server.requests]
    assert order == ["flaky-2", "error-500", "flaky-2", "error-500", "flaky-2"]


def test_what_does_not_pass_is_not_tried_again(server, at):
    """A wrong key, no credit, a bad request, an empty answer: once each."""
    lasting = ["error-401", "error-402", "error-403", "error-422", "empty"]
    with pytest.raises(NoProviderAnsweredError):
        asked(RetryProvider([*map(at, lasting), at("error-503")], max_retries=2, failures=1000))
    assert _asked(server) == Counter(dict.fromkeys(lasting, 1) | {"error-503": 3})


@pytest.mark.parametrize("most", [0, 1, 3])
def test_so_many_times_and_no_more(server, at, most):
    """The wire does not try by itself as well."""
    with pytest.raises(NoProviderAnsweredError) as caught:
        sync(RetryProvider([at("error-503")], max_retries=most))
    assert _asked(server) == {"error-503": most + 1}
    assert len(caught.value.failures) == 1


@pytest.mark.clock
def test_a_server_s_own_pause_is_kept(server, at):
    """`Retry-After` where all ask for it, else more each time."""
    begun = time.monotonic()
    with pytest.raises(NoProviderAnsweredError) as caught:
        sync(RetryProvider([at("error-429")], max_retries=1))
    assert 0.25 <= time.monotonic() - begun < 5
    assert caught.value.retry_after == 0.25
    assert len(server.requests) == 2
    far = says(RateLimitError("full", retry_after=3600))
    with pytest.raises(NoProviderAnsweredError):
        sync(RetryProvider([far], max_retries=3))
    assert len(far.calls) == 1


def test_one_provider_alone(server, at):
    """By name as in the original, and by place."""
    models = [at("error-503"), at("upper")]
    by_name = RetryProvider(models, single_provider_retry=True, max_retries=2)
    by_place = RetryProvider(models, False, True, 2)  # noqa: FBT003  # as the original's are called
    for retried in (by_name, by_place):
        with pytest.raises(NoProviderAnsweredError):
            sync(retried)
    assert _asked(server) == {"error-503": 6}


def test_nothing_is_repeated_after_content():
    """Who has begun has answered."""
    half = says("half", ServerError("late"))
    with pytest.raises(ServerError, match="late"):
        sync(RetryProvider([half]))
    assert len(half.calls) == 1


def test_the_reasons_come_once(at):
    """However many rounds it took."""
    chunks = sync(RetryProvider([at("flaky-2")]))
    assert text(chunks) == "hello"
    assert len({chunk for chunk in chunks if isinstance(chunk, ProviderFailed)}) == 1


def test_a_combination_is_tried_again_as_a_whole(server, at):
    """Where one of its members' failures may pass."""
    inner = FallbackProvider([at("error-401"), at("flaky-1", max_retries=0)])
    assert text(sync(RetryProvider([inner]))) == "hello"
    assert _asked(server) == {"error-401": 2, "flaky-1": 2}
    with pytest.raises(NoProviderAnsweredError):
        sync(RetryProvider([FallbackProvider([at("error-401")])]))
    assert _asked(server)["error-401"] == 3


def test_a_number_that_cannot_be_meant():
    """Is refused where it is written."""
    for wrong in (-1, 1.5, True, None):
        with pytest.raises(InvalidParameterError, match="max_retries is"):
            RetryProvider(["Demo"], max_retries=wrong)
