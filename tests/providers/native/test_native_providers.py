"""The native providers against servers of their dialects: behaviours, keys, limits, tools, models."""

from __future__ import annotations

import asyncio
import base64
import functools
import pickle
import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest
from thorough import some

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.chunks import FinishReason, ProviderInfo, Reasoning, SendBack, ToolCalls, Usage
from g4f_nb.providers import Anthropic, Gemini, OpenAIResponses, OpenaiTemplate
from g4f_nb.providers.registry import resolve
from g4f_nb.reply import Reply
from g4f_nb.testing import AnthropicServer, GeminiServer, ResponsesServer, describe, running, serve

TEXT = "Hello big wide world, how are you?"
ASKED = [{"role": "user", "content": TEXT}]
KEY = "planted-key-4711"
PACKAGE = Path(nb.__file__).resolve().parent
TOOL = {
    "type": "function",
    "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}},
}


@dataclass(frozen=True)
class Case:
    """A provider, its server, and what is its own."""

    provider: type
    server: type
    header: str
    variable: str
    kept: str

    def __str__(self):
        return self.provider.__name__


CASES = [
    Case(Anthropic, AnthropicServer, "x-api-key", "ANTHROPIC_API_KEY", "thinking_blocks"),
    Case(Gemini, GeminiServer, "x-goog-api-key", "GEMINI_API_KEY", "thought_signatures"),
    Case(OpenAIResponses, ResponsesServer, "Authorization", "OPENAI_API_KEY", "reasoning_items"),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(scope="module")
def shared():
    """One server of each dialect for the tests that leave no trace in it."""
    with (
        running(AnthropicServer()) as one,
        running(GeminiServer()) as two,
        running(ResponsesServer()) as three,
    ):
        yield {AnthropicServer: one, GeminiServer: two, ResponsesServer: three}


def _ask(case, server, model="echo", messages=ASKED, *, stream=True, **given) -> Reply:
    """The sum of one answer; a call that fails shall fail at once, unless a test says otherwise."""
    reply = Reply()
    given = {"max_retries": 0, "timeout": 5, "api_key": KEY, "api_base": server.api_base} | given
    for chunk in case.provider.create_completion(model, messages, stream=stream, **given):
        reply.add(chunk)
    return reply


# ---- every behaviour of the servers ----------------------------------------------------------------

# What is otherwise here: tags in the text are text, for thoughts have a place of their own; the rest are
# forms of the chat dialect alone.
OTHERWISE = {"think", "refuse", "speak", "paint", "vary", "choice-error"}
SILENT = {"stall", "stall-after-headers", "silent"}
FASTER = {"tiny-20000": "tiny-500"}


def _outcome(provider, server, model, *, stream) -> tuple:
    """What comes of asking: text and reason, or the error's class and whether anything had arrived."""
    reply = Reply()
    wait = 0.3 if model in SILENT else 10
    about = {"max_retries": 0, "timeout": wait, "api_key": KEY, "api_base": server.api_base}
    try:
        for chunk in provider.create_completion(model, ASKED, stream=stream, **about):
            reply.add(chunk)
    except errors.G4FError as error:
        failure = error
    else:
        return reply.text, reply.finish_reason, bool(reply.reasoning)
    assert (failure.provider, failure.model) == (provider.__name__, model)
    assert KEY not in f"{failure!r} {failure} {failure.body} {vars(failure)}"
    assert KEY.encode() not in pickle.dumps(failure)
    return type(failure).__name__, bool(failure.partial)


@functools.cache
def _of_the_chat_dialect(model, stream):
    """What comes of asking a server of the chat dialect, and how often it was asked."""
    with serve() as chat:
        return _outcome(OpenaiTemplate, chat, model, stream=stream), len(chat.requests)


@pytest.mark.parametrize(
    ("case", "model", "stream"),
    [
        (case, model, stream)
        for other, case in enumerate(CASES)
        for number, model in enumerate([*describe(), "no-such-model"])
        for stream in some([True, False], of=2, but=number + other)
    ],
    ids=str,
)
def test_every_behaviour_is_that_of_the_chat_dialect(case, model, stream):
    """The same text or the same error, however it travels; and no second try where none was asked for."""
    model = FASTER.get(model, model)
    expected, times = _of_the_chat_dialect(model, stream)
    with running(case.server()) as server:
        found = _outcome(case.provider, server, model, stream=stream)
        assert len(server.requests) == times
    if model == "error-200" or (model == "error-midstream" and stream):
        # The error's name says the status here, where none comes with it.
        assert (found[0], expected[0]) == ("ServerError", expected[0])
    elif model == "bad-json":
        assert found[0] == expected[0]
    elif model not in OTHERWISE:
        assert found == expected


@every_case
def test_kinds_in_order(shared, case):
    """Who, thoughts, text, why it ended, what it cost."""
    server = shared[case.server]
    for stream in (True, False):
        chunks = list(
            case.provider.create_completion(
                "reason", ASKED, stream=stream, api_base=server.api_base, api_key=KEY
            )
        )
        kinds = list(dict.fromkeys(map(type, chunks)))
        assert kinds == [ProviderInfo, Reasoning, str, FinishReason, Usage]
        assert chunks[0] == ProviderInfo(str(case), "reason", server.api_base)


@every_case
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("model", "calls"), [("tools", 1), ("two-tools", 2)])
def test_a_round_trip_with_tools_and_thoughts(shared, case, stream, model, calls):
    """Calls come whole and once; what the service wants back goes back, and the answer follows."""
    server = shared[case.server]
    options = {"api_base": server.api_base, "api_key": KEY, "tools": [TOOL], "reasoning_effort": "low"}
    if case.provider is Anthropic:
        options["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    asked = [{"role": "user", "content": "add 42"}]
    chunks = list(case.provider.create_completion(model, asked, stream=stream, **options))
    (called,) = [chunk for chunk in chunks if isinstance(chunk, ToolCalls)]
    (kept,) = [chunk for chunk in chunks if isinstance(chunk, SendBack)]
    assert list(kept.fields) == [case.kept]
    assert [(call.name, call.arguments) for call in called.calls] == [("add", '{"a":42}')] * calls
    assert FinishReason("tool_calls") in chunks
    said = {"role": "assistant", "content": "", "tool_calls": called.get_list(), **kept.fields}
    results = [{"role": "tool", "tool_call_id": call.id, "content": "42"} for call in called.calls]
    answer = "".join(
        map(str, case.provider.create_completion(model, [*asked, said, *results], stream=stream, **options))
    )
    assert answer == "The tool said: " + "; ".join(["42"] * calls)
    if case.provider is not Gemini:
        # Without them it is refused: the servers are as strict as the services.
        bare = {name: value for name, value in said.items() if name != case.kept}
        with pytest.raises(errors.BadRequestError):
            list(case.provider.create_completion(model, [*asked, bare, *results], **options))


# ---- keys and addresses ----------------------------------------------------------------------------


@every_case
def test_the_key_travels_in_its_header_and_nowhere_else(case, monkeypatch):
    """It is found in its variable, goes to the service's host only, and is in no address."""
    monkeypatch.setenv(case.variable, KEY)
    found = resolve(str(case))
    assert found.key == f"the environment variable {case.variable}"
    assert KEY not in f"{found!r}"
    with running(case.server(api_key=KEY)) as server:
        with pytest.raises(errors.MissingAuthError):
            _ask(case, server, api_key=None)
        assert case.header not in server.requests[-1].headers
        assert _ask(case, server).text == TEXT
        assert _ask(
            case, server, headers={case.header: f"{'Bearer ' * (case.header == 'Authorization')}{KEY}"}
        ).text
        seen = server.requests[-1]
        assert seen.headers[case.header].removeprefix("Bearer ") == KEY
        assert KEY not in seen.path
        assert "Authorization" in seen.headers or case.header != "Authorization"


@every_case
def test_a_missing_key_is_told_before_anything_is_sent(case):
    """With the name of its variable."""
    with pytest.raises(errors.MissingAuthError, match=case.variable):
        list(case.provider.create_completion("m", ASKED))


@pytest.mark.parametrize(
    ("case", "variable", "tail"),
    [(CASES[0], "ANTHROPIC_BASE_URL", "/v1"), (CASES[1], "GOOGLE_GEMINI_BASE_URL", "/v1beta")],
    ids=["Anthropic", "Gemini"],
)
def test_the_services_own_variables_move_the_base(case, variable, tail, monkeypatch):
    """As for their official clients: without the version, which is added."""
    with running(case.server(api_key=KEY)) as server:
        monkeypatch.setenv(variable, server.origin)
        monkeypatch.setenv(case.variable, KEY)
        assert resolve(str(case)).host == server.origin + tail
        assert nb.ask(TEXT, f"{case}:echo").text == TEXT


@every_case
def test_a_class_of_the_user_s_own(case):
    """A subclass with an address and a key of its own; the parent's key does not go there."""
    with running(case.server(api_key="mine-123456")) as server:
        mine = type("Mine", (case.provider,), {"api_base": server.api_base, "api_key": "mine-123456"})
        assert "".join(map(str, mine.create_completion("echo", ASKED))) == TEXT
        with pytest.raises(errors.MissingAuthError):
            list(type("Bare", (mine,), {"api_base": server.api_base}).create_completion("echo", ASKED))


@every_case
def test_no_key_in_the_locals_of_our_frames(case):
    """A traceback that prints locals shows none, whatever went wrong."""
    with running(case.server()) as server:
        for given in (
            {"model": "error-500", "extra_data": {"metadata": {"secret": KEY}}}, {"extra_data": 5},
            {"model": "leak"}, {"model": "error-500"}, {"temprature": 1}, {"timeout": "soon"}, {"proxy": f"http://u:{KEY}@"},
            {"headers": {"X": "a\nb"}}, {"messages": [{"role": "robot"}]}, {"media": [object()]},
        ):  # fmt: skip
            with pytest.raises((errors.G4FError, TypeError)) as caught:
                _ask(case, server, **given)
            frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
            ours = [frame for frame in frames if PACKAGE in Path(frame.f_code.co_filename).resolve().parents]
            assert ours, given
            for frame in ours:
                assert KEY not in repr(frame.f_locals), frame.f_code


# ---- keywords --------------------------------------------------------------------------------------


@every_case
def test_an_unknown_keyword_is_refused_by_name(shared, case):
    """Nothing is sent, and the nearest is named."""
    before = len(shared[case.server].requests)
    with pytest.raises(errors.UnknownParameterError, match="temperature"):
        _ask(case, shared[case.server], temprature=1)
    assert len(shared[case.server].requests) == before


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (CASES[0], "seed"),
        (CASES[0], "n"),
        (CASES[1], "parallel_tool_calls"),
        (CASES[2], "stop"),
        (CASES[2], "seed"),
    ],
    ids=str,
)
def test_what_a_service_cannot_do_is_no_parameter(shared, case, name):
    """It is neither taken in silence nor shown, and no name that only looks like it is told."""
    assert name not in case.provider.get_parameters()
    with pytest.raises(errors.UnknownParameterError, match=f"'{name}': .* has nothing like it"):
        _ask(case, shared[case.server], **{name: 1})


@every_case
def test_another_name_for_the_same_is_told(shared, case):
    """`max_completion_tokens` of newer chat models is `max_tokens` here."""
    with pytest.raises(errors.UnknownParameterError, match="did you mean 'max_tokens'"):
        _ask(case, shared[case.server], max_completion_tokens=9)


@every_case
def test_the_parameters_are_shown(case):
    """With their types; keys masked."""
    assert case.provider.params.startswith(f"{case} supports: (\n    model: str")
    filled = case.provider.get_parameters(as_json=True)
    assert (filled["provider"], filled["model"], filled["stream"]) == (
        str(case), case.provider.default_model, True,
    )  # fmt: skip


@every_case
def test_media_go_into_the_last_message(case):
    """A picture's bytes are a part of it, in the service's own form."""
    pixel = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
    with running(case.server()) as server:
        assert _ask(case, server, media=[pixel]).text == TEXT
        assert base64.b64encode(pixel).decode() in repr(server.requests[-1].body)


@every_case
def test_extra_data_has_the_last_word(case):
    """It goes into the body as it is."""
    name = {"Anthropic": "metadata", "Gemini": "labels", "OpenAIResponses": "metadata"}[str(case)]
    with running(case.server()) as server:
        _ask(case, server, extra_data={name: {"a": "b"}})
        assert server.requests[-1].body[name] == {"a": "b"}


def test_anthropic_a_limit_that_is_too_large_is_mended_at_once():
    """The service says what it allows, and that is asked for; the caller's own limit stays."""
    words = "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens"

    class Strict(AnthropicServer):
        def read(self, request, body):
            if body["max_tokens"] > 4096:
                from g4f_nb.testing.faults import Fault

                raise Fault(400, words)
            return super().read(request, body)

    with running(Strict()) as server:
        assert _ask(CASES[0], server).text == TEXT
        assert [seen.body["max_tokens"] for seen in server.requests] == [8192, 4096]
        with pytest.raises(errors.BadRequestError, match="4096"):
            _ask(CASES[0], server, max_tokens=9000)


def test_anthropic_s_version_can_be_chosen():
    """By a header, whatever its case, or on a class."""
    with running(AnthropicServer()) as server:
        _ask(CASES[0], server)
        _ask(CASES[0], server, headers={"Anthropic-Version": "2026-10-21"})
        newer = type("Newer", (Anthropic,), {"api_base": server.api_base, "api_version": "2027-01-01"})
        list(newer.create_completion("echo", ASKED))
        versions = [seen.headers.getall("anthropic-version") for seen in server.requests]
    assert versions == [["2023-06-01"], ["2026-10-21"], ["2027-01-01"]]


def test_responses_the_summary_is_left_out_where_it_is_refused():
    """Not every account may ask for it; the call goes on without."""

    class Unverified(ResponsesServer):
        def read(self, request, body):
            if "summary" in (body.get("reasoning") or {}):
                from g4f_nb.testing.faults import Fault

                raise Fault(400, "Your organization must be verified to generate reasoning summaries.")
            return super().read(request, body)

    with running(Unverified()) as server:
        assert _ask(CASES[2], server, reasoning_effort="low").text == TEXT
        assert server.requests[-1].body["reasoning"] == {"effort": "low"}


# ---- limits ----------------------------------------------------------------------------------------


@every_case
def test_a_failure_that_may_pass_is_tried_again(case):
    """Before the first content only."""
    with running(case.server()) as server:
        assert _ask(case, server, "flaky-1", max_retries=1).text == TEXT
        assert len(server.requests) == 2
        with pytest.raises(errors.ServerError) as caught:
            _ask(case, server, "error-midstream", max_retries=3)
        assert len(server.requests) == 3
        assert caught.value.partial


@pytest.mark.clock
@every_case
def test_a_healthy_slow_stream_lives(shared, case):
    """The limit is on silence, not on the whole."""
    assert _ask(case, shared[case.server], "drip-40", timeout=1).text == TEXT
    with pytest.raises(errors.RequestTimeoutError, match="total_timeout"):
        _ask(case, shared[case.server], "drip-200", timeout=1, total_timeout=0.5)


@every_case
def test_leaving_early_cuts_the_connection(case):
    """An iterator that is closed, and a task that is cancelled."""
    with running(case.server()) as server:
        options = {"api_base": server.api_base, "api_key": KEY}
        chunks = case.provider.create_completion("drip-50", ASKED, **options)
        next(chunks)
        chunks.close()
        assert server.wait_for(lambda one: one.aborted == 1)

        async def cancelled():
            async def read():
                async for _ in case.provider.create_async_generator("drip-50", ASKED, **options):
                    begun.set()

            begun = asyncio.Event()
            task = asyncio.create_task(read())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(cancelled())
        assert server.wait_for(lambda one: one.aborted == 2)


@every_case
def test_inside_a_running_loop(shared, case):
    """The synchronous form works in a cell, too."""

    async def cell():
        return _ask(case, shared[case.server]).text

    assert asyncio.run(cell()) == TEXT


# ---- models ----------------------------------------------------------------------------------------


@every_case
def test_models_are_listed_over_all_pages(case, monkeypatch):
    """Each page once, what is not for chat left out; kept for some minutes."""
    monkeypatch.setattr(
        case.provider, "page_size", {Anthropic: "limit=20", Gemini: "pageSize=20"}.get(case.provider, "")
    )
    with running(case.server()) as server:
        options = {"api_key": KEY, "api_base": server.api_base}
        assert case.provider.get_models(**options) == sorted(describe())
        asked = len(server.requests)
        assert asked == (1 if case.provider is OpenAIResponses else -(-len(describe()) // 20))
        case.provider.get_models(**options)
        assert len(server.requests) == asked
        assert asyncio.run(case.provider.get_models_async(**options, refresh=True)) == sorted(describe())


@every_case
def test_a_table_of_models(case):
    """With what the service says of each, or else what is known of it."""
    with running(case.server(models=["gpt-4o-mini", "some-model"])) as server:
        frame = nb.list_models(nb.Model(str(case), api_base=server.api_base, api_key=KEY))
    assert list(frame["model"]) == ["gpt-4o-mini", "some-model"]
    assert list(frame["context"].fillna(0)) == (
        [128_000, 0] if case.provider is OpenAIResponses else [777, 777]
    )


@every_case
def test_without_a_model_the_default_is_asked(case):
    """The row's; nothing is listed for it."""
    with running(case.server(models=[case.provider.default_model])) as server:
        assert _ask(case, server, model="").text == TEXT
        assert len(server.requests) == 1


def test_gemini_s_model_is_part_of_the_address():
    """Quoted, with `models/` in front where it has no folder."""
    from g4f_nb.calls import Host

    host = Host(base="http://h/v1beta", chat_url="http://h/v1beta/{model}:{method}?k=1")
    assert Gemini.chat_url(host, "gemini x", stream=True) == (
        "http://h/v1beta/models/gemini%20x:streamGenerateContent?k=1&alt=sse"
    )
    assert Gemini.chat_url(host, "tunedModels/a", stream=False) == (
        "http://h/v1beta/tunedModels/a:generateContent?k=1"
    )
    assert Gemini.models_url(Host(base="http://h/v1beta?k=1"), "pageToken=x") == (
        "http://h/v1beta/models?k=1&pageSize=1000&pageToken=x"
    )


# ---- in the house ----------------------------------------------------------------------------------


@every_case
def test_asked_by_name(shared, case):
    """`nb.ask` knows them like any other provider, and whoever answers is in the reply."""
    server = shared[case.server]
    reply = nb.ask(
        TEXT, f"{case.provider.row.name}:reason", api_base=server.api_base, api_key=KEY, system="be"
    )
    assert (reply.text, reply.provider, reply.model) == (TEXT, str(case), "reason")
    assert reply.reasoning
    assert reply.usage.input_tokens == 8
