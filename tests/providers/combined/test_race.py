"""`RaceProvider`: all at once, the first content wins, and nothing of the others is left."""

from __future__ import annotations

import asyncio
import time

import pytest
from players import CALLS, HELLO, says, streamed, sync, text

import g4f_nb as nb
from g4f_nb.chunks import FinishReason, ProviderFailed, ProviderInfo, Reasoning, RequestLogin, Usage
from g4f_nb.errors import NoProviderAnsweredError, ServerError
from g4f_nb.providers import AbstractProvider, RaceProvider


@pytest.mark.parametrize("call", CALLS)
def test_the_first_to_say_something_answers(server, at, call):
    """The others are cancelled, their connections closed."""
    race = RaceProvider([at("silent"), at("slow-20"), at("stall-after-headers")])
    assert text(call(race)) == "ok"
    assert len(server.requests) == 3
    assert server.wait_for(lambda seen: seen.aborted == 2, timeout=3)


def test_what_counts_is_content():
    """Saying who one is, or how much was used, wins nothing; a thought does."""
    talker = says(ProviderInfo("Talker"), Usage(1, 1, 2), FinishReason("stop"), 0.3, "late", name="Talker")
    thinker = says(0.05, Reasoning("hm"), "early", name="Thinker")
    chunks = streamed(RaceProvider([talker, thinker]))
    assert text(chunks) == "early"
    assert chunks[0] == ProviderFailed("Talker", None, None, "which was slower")
    assert (talker.ended, thinker.ended) == (1, 1)


def test_at_the_same_moment_the_order_decides():
    """So that the same race has the same end."""
    racers = [says(str(number), name=f"R{number}") for number in range(4)]
    for _ in range(5):
        assert text(sync(RaceProvider(racers))) == "0"


def test_a_failure_does_not_win(at):
    """However soon it comes; the reply names it, and who was slower."""
    reply = nb.ask("hello", RaceProvider([at("error-401"), at("slow-100"), at("silent")]))
    assert reply.text == "ok"
    assert [(one.model, one.error) for one in reply.failed] == [
        ("error-401", "MissingAuthError"),
        ("silent", None),
    ]


def test_when_all_fail_each_reason_is_told(at):
    """As in a fallback."""
    with pytest.raises(NoProviderAnsweredError) as caught:
        sync(RaceProvider([at("error-401"), at("empty"), "groq"]), max_retries=0)
    assert {one.error for one in caught.value.failures} == {"MissingAuthError", "ResponseError"}
    assert len(caught.value.failures) == 3


@pytest.mark.clock
def test_the_winner_s_stream_is_whole_and_timely(at):
    """Nothing is lost at the change from race to answer, and no chunk waits for the end."""
    words = "word " * 40
    race = RaceProvider([at("drip-10"), at("silent")])
    begun, first, told = time.monotonic(), None, []
    for chunk in race.create_completion("", [{"role": "user", "content": words}]):
        if isinstance(chunk, str) and first is None:
            first = time.monotonic()
        told.append(chunk)
    assert text(told).split() == words.split()
    assert first - begun < time.monotonic() - first


def test_a_late_failure_of_the_winner_is_its_own():
    """The others are gone by then."""
    with pytest.raises(ServerError, match="late"):
        sync(RaceProvider([says("half", 0.05, ServerError("late")), says(30.0, "slow")]))


def test_leaving_early_ends_all_of_them(server, at):
    """Before the race is decided, and after."""

    async def go():
        racing = asyncio.create_task(nb.ask_async("hi", RaceProvider([at("silent"), at("silent")])))
        assert await asyncio.to_thread(server.wait_for, lambda seen: len(seen.requests) == 2, timeout=5)
        racing.cancel()
        await asyncio.wait({racing})

    asyncio.run(go())
    assert server.wait_for(lambda seen: seen.aborted == 2, timeout=3)
    chunks = RaceProvider([at("drip-50"), at("silent")]).create_completion("", HELLO * 20)
    assert any(isinstance(next(chunks), str) for _ in range(5))
    chunks.close()
    assert server.wait_for(lambda seen: seen.aborted == 4, timeout=3)


def test_no_task_is_left():
    """Of winner or loser, on the caller's own loop."""

    async def go():
        race = RaceProvider([says(0.01, "a"), says(30.0), says(ServerError("no"))])
        told = [chunk async for chunk in race.create_async_generator("", HELLO)]
        return text(told), len(asyncio.all_tasks())

    assert asyncio.run(go()) == ("a", 1)


def test_a_login_is_shown_while_the_others_run():
    """And does not win."""
    login = RequestLogin("Service", "https://a.invalid")
    chunks = sync(RaceProvider([says(login, 30.0, "in"), says(0.2, "other")]))
    assert chunks[0] is login
    assert text(chunks) == "other"


@pytest.mark.clock
def test_a_synchronous_loser_stops_at_its_next_chunk():
    """Blocking code cannot be stopped earlier, and holds nobody up."""
    seen = []

    class Slow(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            try:
                for _ in range(100):
                    time.sleep(0.05)
                    yield ""
            finally:
                seen.append("ended")

    begun = time.monotonic()
    assert text(sync(RaceProvider([Slow, says(0.1, "quick")]))) == "quick"
    assert time.monotonic() - begun < 2
    end = time.monotonic() + 3
    while not seen and time.monotonic() < end:
        time.sleep(0.01)
    assert seen == ["ended"]
