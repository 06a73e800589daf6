"""Tokens are renewed once and never mixed; an account's answers come one at a time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_server import web

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.providers import GigaChat
from g4f_nb.testing import serve_gigachat
from g4f_nb.testing.gigachat import new_key

ASKED = [{"role": "user", "content": "Привет, мир"}]
B2B = "GIGACHAT_API_B2B"


async def _ask(server, **given):
    options = {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key}
    return await GigaChat.create_async("", ASKED, **({"max_retries": 0} | options | given))


# ---- tokens ----------------------------------------------------------------------------------------


def test_ten_at_once_on_two_keys_make_two_token_calls(business):
    """And each chat carries the token of its own key."""
    one, two = business.keys

    async def go():
        await asyncio.gather(*(_ask(business, api_key=key, scope=B2B) for key in [one, two] * 5))

    asyncio.run(go())
    assert len(business.token_requests) == 2
    asked = {seen.headers["Authorization"] for seen in business.token_requests}
    assert asked == {f"Basic {one}", f"Basic {two}"}
    used = [seen.headers["Authorization"].removeprefix("Bearer ") for seen in business.chat_requests]
    keys = [business.tokens[token] for token in used]
    assert sorted(keys) == sorted([one, two] * 5)


def test_threads_and_loops_share_a_token(business):
    """Four threads with loops of their own, and the synchronous form: one token call."""
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(asyncio.run, _ask(business, scope=B2B)) for _ in range(4)]:
            future.result(timeout=20)
    options = {"api_base": business.api_base, "auth_url": business.auth_url, "api_key": business.key}
    assert str(nb.ask("x", GigaChat, scope=B2B, **options)) == "x"
    assert len(business.token_requests) == 1


def test_a_key_has_one_token_for_each_scope_and_each_host(where):
    """The same key elsewhere, or for another scope, is another account."""
    key = new_key()
    keys = {key: ["GIGACHAT_API_PERS", B2B]}
    with serve_gigachat(keys=keys) as one, serve_gigachat(keys=keys) as two:
        for _ in range(2):
            for server, scope in [(one, None), (one, B2B), (two, None)]:
                asyncio.run(_ask(server, scope=scope))
        assert [seen.body["scope"] for seen in one.token_requests] == ["GIGACHAT_API_PERS", B2B]
        assert len(two.token_requests) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_a_token_that_dies_mid_work_is_renewed_once(server, where, stream):
    """The chat is sent again with a fresh one, and the answer is whole."""
    chunks = GigaChat.create_completion("dies-once", ASKED, stream=stream, **where(server, max_retries=0))
    assert "".join(map(str, chunks)) == "Привет, мир"
    assert (len(server.token_requests), len(server.chat_requests)) == (2, 2)
    server.end_tokens()
    assert asyncio.run(_ask(server)) == "Привет, мир"
    assert (len(server.token_requests), len(server.chat_requests)) == (3, 4)


def test_many_who_are_refused_renew_together(business):
    """Eight with the same dead token: one token call more, no answer lost."""

    async def go():
        await _ask(business, scope=B2B)
        business.end_tokens()
        return await asyncio.gather(*(_ask(business, scope=B2B) for _ in range(8)))

    assert asyncio.run(go()) == ["Привет, мир"] * 8
    assert len(business.token_requests) == 2


def test_a_token_that_is_always_refused_ends_in_an_error(where):
    """One renewal, then the truth: two tokens, two chats, no circle."""
    with serve_gigachat(token_seconds=-1) as server, pytest.raises(errors.MissingAuthError, match="expired"):
        asyncio.run(_ask(server))
    assert (len(server.token_requests), len(server.chat_requests)) == (2, 2)


def test_a_token_is_renewed_a_minute_before_its_end(where):
    """One that lives for fifty seconds is not used a second time."""
    for seconds, calls in [(50, 2), (90, 1)]:
        with serve_gigachat(token_seconds=seconds) as server:
            asyncio.run(_ask(server))
            asyncio.run(_ask(server))
            assert len(server.token_requests) == calls


def test_the_older_form_of_tokens_is_read():
    """`tok` and `exp`, in milliseconds."""
    with serve_gigachat(legacy_tokens=True, token_seconds=90) as server:
        assert asyncio.run(_ask(server)) == asyncio.run(_ask(server)) == "Привет, мир"
        assert len(server.token_requests) == 1


HOUR, YEARS = time.time() + 3600, 4_102_444_800


@pytest.mark.parametrize(
    ("answer", "fetched"),
    [
        ({"access_token": "t", "expires_at": YEARS * 1000}, 1),
        ({"access_token": "t", "expires_at": int(HOUR * 1000)}, 1),
        ({"tok": "t", "exp": YEARS}, 1),
        ({"access_token": "t", "expires_at": 0}, 1),
        ({"access_token": "t"}, 1),
        ({"access_token": "t", "expires_at": None}, 1),
        # Over, or nearly: the next question needs another.
        ({"access_token": "t", "expires_at": 1000}, 2),
        ({"tok": "t", "exp": int(HOUR - 3590)}, 2),
        ({"access_token": "t", "expires_at": int((HOUR - 3590) * 1000)}, 2),
    ],
)
def test_every_way_to_say_when_a_token_ends(answer, fetched):
    """Milliseconds, seconds, and no end at all."""
    chat = {"choices": [{"message": {"content": "well"}, "finish_reason": "stop"}]}
    with web(lambda seen: (200, answer if seen.path == "/oauth" else chat)) as server:
        given = {"api_base": server.address, "auth_url": f"{server.address}/oauth", "api_key": "planted"}
        for _ in range(2):
            assert asyncio.run(GigaChat.create_async("", ASKED, **given)) == "well"
    assert [seen.path for seen in server.seen].count("/oauth") == fetched
    assert {seen.headers["authorization"] for seen in server.seen} == {"Basic planted", "Bearer t"}


@pytest.mark.clock
def test_the_whole_call_has_its_time_for_the_token_too(server, where):
    """`total_timeout` counts from the beginning."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        auth_url = f"http://127.0.0.1:{silent.getsockname()[1]}/oauth"
        begin = time.monotonic()
        with pytest.raises(errors.RequestTimeoutError, match=r"0\.3 s for the whole call.*total_timeout="):
            asyncio.run(_ask(server, auth_url=auth_url, total_timeout=0.3))
        assert time.monotonic() - begin < 5
        with pytest.raises(errors.RequestTimeoutError, match=r"silent for 0\.2 s"):
            list(GigaChat.create_completion("", ASKED, **where(server, auth_url=auth_url, timeout=0.2)))


# ---- turns -----------------------------------------------------------------------------------------


def test_a_person_s_answers_come_one_at_a_time(server):
    """Twelve at once, on two threads, streamed and whole: never two together, none refused."""

    async def go():
        options = {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key}
        return await asyncio.gather(*(nb.ask_async("x", GigaChat, **options) for _ in range(6)))

    with ThreadPoolExecutor(2) as pool:
        replies = [future.result(timeout=30) for future in [pool.submit(asyncio.run, go()) for _ in range(2)]]
    assert [str(reply) for batch in replies for reply in batch] == ["x"] * 12
    assert server.most_at_once == 1


@pytest.mark.clock
def test_a_comparison_of_a_person_s_account_is_not_refused(server, where):
    """Its rows are asked one after the other, so that each is timed by itself."""
    model = nb.Model("gigachat:drip-30", **where(server))
    begin = time.monotonic()
    frame = nb.compare(["a b c", "d e f", "g h i"], models=[model], repeats=2)
    took = time.monotonic() - begin
    assert list(frame["status"]) == ["ok"] * 6
    assert server.most_at_once == 1
    # Of six together the last one would have waited for all the others.
    assert frame["latency_s"].max() < 0.7 * took
    assert GigaChat.most_at_once({}) == 1
    assert GigaChat.most_at_once({"scope": B2B}) == 10
    assert GigaChat.most_at_once({"scope": B2B, "max_streams": 3}) == 3


def test_a_business_has_ten(business):
    """More go at once, and `max_streams` or its variable says how many."""

    async def go(**given):
        business.most_at_once = 0
        await asyncio.gather(*(_ask(business, scope=B2B, stream=False, **given) for _ in range(12)))
        return business.most_at_once

    assert 2 < asyncio.run(go()) <= 10
    assert asyncio.run(go(max_streams=2)) == 2


def test_the_variable_says_how_many(business, monkeypatch):
    """As any other option of the class."""
    monkeypatch.setenv("GIGACHAT_MAX_STREAMS", "1")

    async def go():
        await asyncio.gather(*(_ask(business, scope=B2B, stream=False) for _ in range(4)))

    asyncio.run(go())
    assert business.most_at_once == 1
    monkeypatch.setenv("GIGACHAT_MAX_STREAMS", "many")
    with pytest.raises(errors.InvalidParameterError, match="GIGACHAT_MAX_STREAMS"):
        asyncio.run(go())


def test_two_accounts_do_not_wait_for_each_other(where):
    """A lane is a key's."""
    keys = {new_key(): ["GIGACHAT_API_PERS"], new_key(): ["GIGACHAT_API_PERS"]}
    with serve_gigachat(keys=keys) as server:
        one, two = keys
        first = GigaChat.create_completion("stall", ASKED, **where(server, api_key=one))
        next(first)
        assert asyncio.run(_ask(server, api_key=two)) == "Привет, мир"
        first.close()
        assert server.wait_for(lambda seen: seen.aborted == 1)


@pytest.mark.clock
def test_an_answer_that_nobody_reads_holds_up_others_only_for_a_while(server, where):
    """In one task the second would wait for ever for the first: the error says what is in the way."""

    async def go():
        first = GigaChat.create_async_generator("stall", ASKED, **where(server))
        await anext(first)
        with pytest.raises(errors.RequestTimeoutError, match=r"earlier answer is still open.*max_streams="):
            await anext(GigaChat.create_async_generator("", ASKED, **where(server, timeout=0.3)))
        with pytest.raises(errors.RequestTimeoutError, match=r"0.2 s for the whole call"):
            await _ask(server, total_timeout=0.2)
        await first.aclose()
        assert await server.until(lambda seen: seen.aborted == 1)
        return await _ask(server)

    assert asyncio.run(go()) == "Привет, мир"


@pytest.mark.clock
def test_stopping_frees_the_turn_and_the_connection(server, where):
    """Closing the iterator early; the next one begins at once."""
    stream = GigaChat.create_completion(
        "drip-50", [{"role": "user", "content": "слово " * 200}], **where(server)
    )
    next(stream)
    begin = time.monotonic()
    stream.close()
    assert server.wait_for(lambda seen: seen.aborted == 1)
    assert asyncio.run(_ask(server)) == "Привет, мир"
    assert time.monotonic() - begin < 5


def test_a_failure_frees_the_turn(server, where):
    """An error of any kind leaves no lane behind."""
    for model in ("error-500", "no-such-model", "cut", "error-midstream"):
        with pytest.raises(errors.G4FError):
            list(GigaChat.create_completion(model, ASKED, **where(server, max_retries=0)))
    assert asyncio.run(_ask(server)) == "Привет, мир"


def test_nothing_is_left_behind(server, where):
    """No task on the caller's loop, no thread but our own loop's."""
    before = threading.active_count()

    async def go():
        await _ask(server)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(go())
    assert threading.active_count() <= before + 1
