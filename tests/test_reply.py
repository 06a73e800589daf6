"""`Reply` is the sum of a stream, of one round or of several."""

from __future__ import annotations

import threading

import pytest

from g4f_nb.chunks import (
    Alternative,
    AudioResponse,
    FinishReason,
    ImageResponse,
    ProviderInfo,
    Reasoning,
    Refusal,
    RequestLogin,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    ToolResult,
    Usage,
)
from g4f_nb.reply import Reply, Step

CALL = ToolCall("1", "add", '{"a": 1}')
RESULT = ToolResult("1", "add", "3")
SILENT = [
    Reasoning("thought"),
    ToolCalls((CALL,)),
    Usage(1, 2, 3),
    FinishReason("stop"),
    Sources((Source("https://a.invalid", "A"),)),
    AudioResponse(b"sound", "wav", "words"),
    Refusal("no"),
    ProviderInfo("Groq", "m", "https://a.invalid"),
    RequestLogin("Log in", "https://a.invalid"),
]


def test_a_reply_is_the_sum_of_its_chunks():
    """Each kind has its place, and content is verbatim."""
    reply = Reply(provider="P", model="m")
    for at, chunk in enumerate([ProviderInfo("Q", None, "u"), None, "  a\n", *SILENT, "b", Refusal("!")]):
        reply.add(chunk, at=at)
    assert str(reply) == reply.text == "  a\nb"
    assert len(reply) == 5
    assert (reply.reasoning, reply.refusal, reply.finish_reason) == ("thought", "no!", "stop")
    assert (reply.tool_calls, reply.usage, reply.audio.format) == ((CALL,), Usage(1, 2, 3), "wav")
    assert (reply.provider, reply.model, reply.url) == ("Groq", "m", "https://a.invalid")
    assert (reply.sources[0].title, reply.login.label) == ("A", "Log in")
    assert reply.ttft == 2
    reply.add(ImageResponse(("u",)))
    assert reply.images == ("u",)
    assert reply.text.endswith("![](u)")


def test_an_empty_reply_is_true():
    """`if reply` does not depend on its length."""
    assert Reply()
    assert (len(Reply()), Reply().text, Reply().ttft) == (0, "", None)


def test_a_reply_s_repr_is_short():
    """One line, cut, and saying so if the answer was."""
    reply = Reply(provider="P", model="m")
    reply.add("word " * 100)
    reply.partial = True
    assert len(repr(reply)) < 120
    assert repr(reply).endswith("…', provider='P', model='m', partial=True)")


def test_a_reply_shows_itself_through_the_view(monkeypatch):
    """Without one it is plain text."""
    reply = Reply()
    reply.add("hi")
    monkeypatch.setattr(Reply, "view", None)
    assert reply._repr_mimebundle_() == {"text/plain": "hi"}
    monkeypatch.setattr(Reply, "view", lambda one: {"text/html": f"<b>{one}</b>"})
    assert reply._repr_mimebundle_(include=None, exclude=None) == {"text/html": "<b>hi</b>"}


def test_one_thread_may_read_while_another_adds():
    """A panel reads the text that is still growing."""
    reply = Reply()

    def add():
        for _ in range(20_000):
            reply.add("x")

    writer = threading.Thread(target=add)
    writer.start()
    while writer.is_alive():
        assert set(reply.text) <= {"x"}
    writer.join()
    assert len(reply) == 20_000


def _two_rounds(**settings):
    reply = Reply()
    reply.messages = [{"role": "user", "content": "hi"}]
    for name, value in settings.items():
        setattr(reply, name, value)
    for chunk in ["Wait.", Reasoning("hm"), ToolCalls((CALL,)), Usage(1, 2, 3), RESULT]:
        reply.add(chunk)
    reply.end_round()
    for chunk in [Reasoning("aha"), "It is", " 3.", Usage(10, 20, 30), FinishReason("stop")]:
        reply.add(chunk)
    return reply


def test_rounds_add_up():
    """A blank line stands between texts and thoughts; usage is summed, the last round's own stays apart."""
    reply = _two_rounds()
    assert (reply.text, reply.last_text, reply.reasoning) == ("Wait.\n\nIt is 3.", "It is 3.", "hm\n\naha")
    assert (reply.usage, reply.last_usage) == (Usage(11, 22, 33), Usage(10, 20, 30))
    assert (reply.tool_calls, reply.tool_results) == ((CALL,), (RESULT,))
    reply.end_round()
    assert (reply.text, reply.last_text) == ("Wait.\n\nIt is 3.", "It is 3.")
    assert (reply.usage, reply.last_usage) == (Usage(11, 22, 33), Usage(10, 20, 30))
    assert reply.steps == (
        Step(text="Wait.", reasoning="hm", tool_calls=(CALL,), tool_results=(RESULT,), usage=Usage(1, 2, 3)),
        Step(text="It is 3.", reasoning="aha", usage=Usage(10, 20, 30), finish_reason="stop"),
    )


def test_the_messages_are_the_whole_dialogue():
    """What was sent, calls, results and the answer: a list that can be sent on as it is."""
    reply = _two_rounds()
    reply.end_round()
    assert reply.messages == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Wait.", "tool_calls": [CALL.as_json()]},
        {"role": "tool", "tool_call_id": "1", "name": "add", "content": "3"},
        {"role": "assistant", "content": "It is 3."},
    ]


def test_reasoning_goes_back_only_where_it_is_wanted():
    """With tools, every message of such a provider has it, an empty one too; without tools none has."""
    wanted = _two_rounds(returns_reasoning=True)
    wanted.end_round()
    assert [m.get("reasoning_content") for m in wanted.messages] == [None, "hm", None, "aha"]
    plain = Reply()
    plain.returns_reasoning = True
    plain.add(Reasoning("hm"))
    plain.add("hi")
    plain.end_round()
    assert plain.messages == [{"role": "assistant", "content": "hi"}]


def test_what_a_provider_wants_back_is_in_its_message():
    """Signatures and the like are in the message of their own round and in no other."""
    reply = Reply()
    for text in ("a", "b"):
        reply.add(text)
        if text == "a":
            reply.add(SendBack({"thinking_blocks": [1]}))
            reply.add(SendBack({"more": 2}))
        reply.end_round()
    assert reply.messages == [
        {"role": "assistant", "content": "a", "thinking_blocks": [1], "more": 2},
        {"role": "assistant", "content": "b"},
    ]


def test_a_retracted_round_is_no_part_of_the_answer():
    """Its text stays in the steps and in the dialogue."""
    reply = Reply()
    reply.add("kept")
    reply.end_round()
    reply.add("wrong")
    reply.end_round(retract=True)
    reply.add("right")
    reply.end_round()
    assert (reply.text, reply.last_text) == ("kept\n\nright", "right")
    assert [(step.text, step.retracted) for step in reply.steps] == [
        ("kept", False),
        ("wrong", True),
        ("right", False),
    ]
    assert [message["content"] for message in reply.messages] == ["kept", "wrong", "right"]


def test_a_round_without_usage_makes_the_sum_unknown():
    """Half of the tokens is not the number of tokens."""
    reply = Reply()
    for usage in (None, Usage(1, 2, 3)):
        reply.add("x")
        reply.add(usage)
        reply.end_round()
    assert (reply.usage, reply.last_usage) == (Usage(), Usage(1, 2, 3))
    silent = Reply()
    silent.add("x")
    assert silent.usage is None
    silent.end_round()
    assert (silent.usage, silent.last_usage) == (None, None)


@pytest.mark.parametrize(("first", "between"), [("a", "\n\n"), ("a\n", "\n"), ("a\n\n", ""), ("", "")])
def test_the_blank_line_is_written_once(first, between):
    """Where a text ends with one, or there is none, nothing is added; an empty piece begins no round."""
    reply = Reply()
    reply.add(first)
    reply.end_round()
    reply.add("")
    assert reply.text == first
    reply.add("b")
    assert reply.text == first + between + "b"
    assert reply.last_text == "b"


def test_alternatives_are_kept_apart():
    """Each is a reply of its own, in the order of the index; the answer's text holds nothing of them."""
    reply = Reply(provider="P", model="m")
    for chunk in (Alternative(2, "x"), "a", Alternative(1, "b"), Alternative(1, FinishReason("length"))):
        reply.add(chunk)
    reply.partial = True
    assert (reply.text, [other.text for other in reply.alternatives]) == ("a", ["b", "x"])
    assert [other.finish_reason for other in reply.alternatives] == ["length", None]
    assert [other.partial for other in reply.alternatives] == [False, True]
    assert (reply.alternatives[0].provider, reply.alternatives[0].model) == ("P", "m")


def test_a_login_is_waited_for_until_something_is_said():
    """Whatever kind of answer comes ends the wait; who answers does not, and the time does not run."""
    for said in ("x", Reasoning("x"), ToolCalls((CALL,)), Refusal("x"), ImageResponse(("u",))):
        reply = Reply()
        assert not reply.waits_for_login
        reply.add(RequestLogin("Log in", "https://a.invalid"), at=1)
        reply.add(ProviderInfo("P"), at=2)
        assert reply.waits_for_login
        assert reply.ttft is None
        reply.add(said, at=3)
        assert not reply.waits_for_login
        assert reply.login.label == "Log in"
        assert reply.ttft == 3


def test_rich_sets_a_reply_out():
    """Its whole text, and what is known beside it; what is not known takes no room."""
    from io import StringIO

    from rich.console import Console

    reply = Reply(provider="P", model="m")
    reply.add("word " * 30)
    reply.add(Usage(3, 4))
    console = Console(file=StringIO(), width=60)
    console.print(reply)
    shown = console.file.getvalue()
    assert "".join(shown.split()).startswith("Reply('" + "word" * 30)
    assert "provider='P'" in shown
    assert "output_tokens=4" in shown
    assert "cached" not in shown.partition("usage")[0]
