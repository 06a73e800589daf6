"""JSON that is not what a chat answer looks like: missing, null, of another type, too much, too many."""

from __future__ import annotations

import orjson

from g4f_nb import errors

from .cases import (
    ALL,
    DONE,
    HALF,
    HELLO,
    JSON,
    STREAM,
    Text,
    case,
    completion,
    event,
    fails,
    frame,
    sized,
)  # fmt: skip
from .server import KEEP

_UNREADABLE = errors.UnreadableResponseError
_BROKEN = errors.StreamInterruptedError
_none = fails(_UNREADABLE, "sent no chat answer", "OpenAI-compatible")


def _whole(name, promise, value, outcome=_none, kind=JSON):
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    return case(f"json-{name}", promise, sized(body, kind), KEEP, outcome=outcome)


def _choice(**choice):
    return {"choices": [{"index": 0, "message": {"content": "hello"}, "finish_reason": "stop"} | choice]}


def _stream(name, promise, *frames, outcome=HELLO, kind=STREAM):
    body = b"".join(part if isinstance(part, bytes) else frame(part) for part in frames)
    return case(f"stream-{name}", promise, sized(body, kind), KEEP, outcome=outcome)


NO_ANSWERS = [
    _whole("object-empty", "{} is no answer, and no empty text.", {}),
    _whole("list-empty", "[] is no answer.", []),
    _whole("null", "null is no answer.", None),
    _whole("number", "A number is no answer.", 42),
    _whole("text", "A text is no answer.", "hello"),
    _whole("truth", "true is no answer.", b"true"),
    _whole("nested-lists", "Lists in lists are no answer.", [[[]]]),
    _whole("choices-none", "An answer without choices is none.", {"choices": []}),
    _whole("choices-null", "An answer whose choices are null is none.", {"choices": None}),
    _whole("choices-object", "Choices that are an object are none.", {"choices": {"message": {}}}),
    _whole("choices-text", "Choices that are a text are none.", {"choices": "hello"}),
    _whole("choice-null", "A choice that is null is none.", {"choices": [None]}),
    _whole("choice-text", "A choice that is a text is none.", {"choices": ["hello"]}),
    _whole("choice-list", "A choice that is a list is none.", {"choices": [[]]}),
    _whole("message-text", "A message that is a text is none.", _choice(message="hello")),
    _whole("message-list", "A message that is a list is none.", _choice(message=["hello"])),
    _whole("content-number", "A content that is a number is none.", _choice(message={"content": 42})),
    _whole("broken", "JSON that breaks off is no answer.", completion()[:-8]),
    _whole("comma", "A comma too many is no JSON.", completion()[:-1] + b",}"),
    _whole("garbage-behind", "Garbage behind JSON is no JSON.", completion() + b"<!-- -->"),
    _whole("single-quotes", "Python's own writing of a dict is no JSON.", str(_choice()).encode()),
    _whole("white-space", "White space is no answer.", b" \n\t "),
    _whole("another-api", "An answer of another API is none.", {"id": "1", "object": "list", "data": []}),
    _whole("greeting", "A server that only greets is none.", {"status": "ok", "version": "1.0"}),
]

ERRORS = [
    _whole(
        "error-object",
        "An error with status 200 is that error.",
        {"error": {"message": "no luck", "type": "x"}},
        fails(errors.ResponseError, "no luck"),
    ),
    _whole(
        "error-text", "An error may be a text.", {"error": "no luck"}, fails(errors.ResponseError, "no luck")
    ),
    _whole(
        "error-list",
        "An error may be a list.",
        {"error": [{"message": "no luck"}]},
        fails(errors.ResponseError, "no luck"),
    ),
    _whole(
        "error-true",
        "An error may be true.",
        {"error": True, "reason": "no luck"},
        fails(errors.ResponseError, "no luck"),
    ),
    _whole("error-empty-object", "An error that says nothing is no answer either.", {"error": {}}),
    _whole("error-null", "error: null is no error.", _choice() | {"error": None}, HELLO),
    _whole("error-false", "error: false is no error.", _choice() | {"error": False}, HELLO),
    _whole("error-empty", "An empty error is none.", _choice() | {"error": ""}, HELLO),
    _whole(
        "error-with-status",
        "A status inside decides the class.",
        {"error": {"message": "slow down", "code": 429}},
        fails(errors.RateLimitError, "slow down", status=429),
    ),
    _whole(
        "error-with-status-as-text",
        "Also as a text.",
        {"error": {"message": "who are you", "code": "401"}},
        fails(errors.MissingAuthError, "who are you", status=401),
    ),
    _whole(
        "error-in-a-list",
        "An error may lie in a list.",
        [{"error": {"code": 400, "message": "API key not valid"}}],
        fails(errors.MissingAuthError, "API key not valid"),
    ),
    _whole(
        "error-message",
        "error_message is an error.",
        {"error_message": "no luck"},
        fails(errors.ResponseError, "no luck"),
    ),
    _whole(
        "error-detail", "detail is an error.", {"detail": "no luck"}, fails(errors.ResponseError, "no luck")
    ),
    _whole(
        "error-details",
        "detail may be a list.",
        {"detail": [{"loc": ["body", "x"], "msg": "field required"}]},
        fails(errors.ResponseError, "field required"),
    ),
    _whole(
        "error-problem",
        "problem+json is an error.",
        {"title": "Forbidden", "detail": "no luck", "status": 403},
        fails(errors.PermissionDeniedError, "Forbidden: no luck"),
        "application/problem+json",
    ),
    _whole(
        "error-beside-choices",
        "An error beside choices is an error.",
        _choice() | {"error": {"message": "no luck"}},
        fails(errors.ResponseError, "no luck"),
    ),
    _whole(
        "error-in-the-choice",
        "An error in the choice is an error.",
        _choice(error={"message": "no luck", "code": 502}, finish_reason="error"),
        fails(errors.ServerError, "no luck", partial="hello"),
    ),
    _whole(
        "error-deep",
        "An error of any depth is shown, and cut.",
        {"error": {"message": {"a": {"b": "x" * 9000}}}},
        fails(errors.ResponseError, "…"),
    ),
    _stream(
        "error-first",
        "An error as the first event is that error.",
        {"error": {"message": "no luck", "code": 401}},
        DONE,
        outcome=fails(errors.MissingAuthError, "no luck"),
    ),
    _stream(
        "error-in-the-middle",
        "An error in the middle keeps the text.",
        HALF,
        {"error": {"message": "no luck"}},
        DONE,
        outcome=fails(errors.ResponseError, "no luck", partial="hel"),
    ),
    _stream(
        "error-event",
        "An event of type error is an error.",
        HALF,
        b'event: error\ndata: {"error": {"message": "no luck"}}\n\n',
        outcome=fails(errors.ResponseError, "no luck", partial="hel"),
    ),
    _stream(
        "error-as-json",
        "A JSON error under an event stream's name is that error.",
        b'{"error": {"message": "no luck", "code": 402}}',
        outcome=fails(errors.PaymentRequiredError, "no luck"),
    ),
    _stream(
        "error-as-pretty-json",
        "Also over several lines.",
        b'{\n  "error": {\n    "message": "no luck"\n  }\n}\n',
        outcome=fails(errors.ResponseError, "no luck"),
    ),
    _stream(
        "error-in-the-choice",
        "finish_reason error is an error.",
        HALF,
        {"choices": [{"delta": {}, "finish_reason": "error", "error": {"message": "no luck"}}]},
        DONE,
        outcome=fails(errors.ResponseError, "no luck", partial="hel"),
    ),
    _stream(
        "error-after-the-finish",
        "After the reason to finish and before [DONE] an error is told: the answer may be wrong.",
        HALF,
        event(finish_reason="stop"),
        {"error": {"message": "no luck"}},
        outcome=Text("hel"),
    ),
    _stream("error-after-done", "After [DONE] nothing is read.", ALL, {"error": {"message": "no luck"}}),
    _stream(
        "error-null",
        "error: null in a stream is no error.",
        {"error": None, "choices": [{"delta": {"content": "hel"}}]},
        event("lo"),
        event(finish_reason="stop"),
        DONE,
    ),
]

LENIENCES = [
    _whole(
        "finish-reason-missing",
        "Why it ended need not be told.",
        {"choices": [{"message": {"content": "hello"}}]},
        Text(finish=None),
    ),
    _whole(
        "finish-reason-object",
        "A reason of another type is a reason.",
        _choice(finish_reason={"type": "stop"}),
        Text(finish='{"type":"stop"}'),
    ),
    _whole("usage-null", "usage: null is none.", _choice() | {"usage": None}, HELLO),
    _whole("usage-wrong", "A usage of another type is none.", _choice() | {"usage": "much"}, HELLO),
    _whole(
        "usage-odd",
        "Odd numbers in a usage cost nothing.",
        _choice() | {"usage": {"prompt_tokens": "7", "completion_tokens": -1, "total_tokens": None}},
        HELLO,
    ),
    _whole("index-null", "An index that is null is 0.", _choice(index=None), HELLO),
    _whole(
        "index-missing",
        "An index that is missing is 0.",
        {"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]},
        HELLO,
    ),
    _whole(
        "choices-of-two",
        "The choice of index 0 is the answer.",
        {
            "choices": [
                {"index": 1, "message": {"content": "other"}, "finish_reason": "stop"},
                *_choice()["choices"],
            ]
        },
        HELLO,
    ),
    _whole(
        "content-null",
        "No content, and a reason to finish, is an empty answer.",
        _choice(message={"content": None}),
        Text(""),
    ),
    _whole(
        "content-empty", "An empty content is an empty answer.", _choice(message={"content": ""}), Text("")
    ),
    _whole(
        "content-of-parts",
        "Content may be a list of parts.",
        _choice(message={"content": [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]}),
        HELLO,
    ),
    _whole(
        "content-of-odd-parts",
        "Parts of other kinds cost nothing.",
        _choice(message={"content": ["hel", None, {"type": "x"}, {"text": "lo"}, {"text": None}]}),
        HELLO,
    ),
    _whole(
        "delta-for-message",
        "A whole answer may call its message delta.",
        {"choices": [{"delta": {"content": "hello"}, "finish_reason": "stop"}]},
        HELLO,
    ),
    _whole(
        "keys-twice",
        "Of a key that stands twice the last one counts.",
        b'{"choices":[],' + completion()[1:],
        HELLO,
    ),
    _whole("in-a-list", "An answer may lie in a list.", [_choice()], HELLO),
    _whole(
        "pretty", "JSON over many lines is JSON.", orjson.dumps(_choice(), option=orjson.OPT_INDENT_2), HELLO
    ),
    _whole("as-text", "JSON called text is JSON.", completion(), HELLO, "text/plain"),
    _whole("as-binary", "JSON called anything is JSON.", completion(), HELLO, "application/octet-stream"),
    _whole(
        "with-parameters",
        "Parameters of the content type mean nothing.",
        completion(),
        HELLO,
        "Application/JSON ; charset=UTF-8; x=y",
    ),
    _whole("vendor", "Any kind of +json is JSON.", completion(), HELLO, "application/vnd.api+json"),
    _whole("as-html", "JSON called HTML is JSON.", completion(), HELLO, "text/html"),
    _whole(
        "tool-calls",
        "Calls of tools are read.",
        _choice(
            message={
                "content": None,
                "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"x":1}'}}],
            },
            finish_reason="tool_calls",
        ),
        Text("", "tool_calls", calls=(("f", '{"x":1}'),)),
    ),
    _whole(
        "tool-calls-null",
        "tool_calls: null are none.",
        _choice(message={"content": "hello", "tool_calls": None, "function_call": None}),
        HELLO,
    ),
    _whole(
        "tool-arguments-object",
        "Arguments that are an object are written as JSON.",
        _choice(message={"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"x": 1}}}]}),
        Text("", calls=(("f", '{"x":1}'),)),
    ),
    _whole(
        "reasoning",
        "Reasoning is kept apart.",
        _choice(message={"content": "hello", "reasoning_content": "hm"}),
        Text(reasoning="hm"),
    ),
    _whole(
        "think-tags",
        "Reasoning in tags is kept apart.",
        _choice(message={"content": "<think>hm</think>hello"}),
        Text(reasoning="hm"),
    ),
    _stream(
        "done-missing",
        "A reason to finish is an end without [DONE].",
        event("hel"),
        event("lo"),
        event(finish_reason="stop"),
    ),
    _stream(
        "finish-missing",
        "[DONE] is an end without a reason to finish.",
        event("hel"),
        event("lo"),
        DONE,
        outcome=Text(finish=None),
    ),
    _stream(
        "both-missing",
        "Without either the answer is not whole.",
        event("hel"),
        event("lo"),
        outcome=fails(_BROKEN, "ended in the middle", partial="hello"),
    ),
    _stream(
        "done-in-pieces",
        "[DONE] may have spaces around it.",
        event("hel"),
        event("lo"),
        event(finish_reason="stop"),
        b"data:  [DONE] \n\n",
    ),
    _stream("done-without-space", "data: needs no space behind it.", ALL.replace(b"data: ", b"data:")),
    _stream("line-ends", "Lines may end with CR LF.", ALL.replace(b"\n", b"\r\n")),
    _stream("line-ends-cr", "Lines may end with CR.", ALL.replace(b"\n", b"\r")),
    _stream(
        "last-line-end-missing",
        "The last line needs no end.",
        event("hel"),
        event("lo"),
        event(finish_reason="stop").rstrip(),
    ),
    _stream(
        "many-lines",
        "One event may have several lines of data.",
        b'data: {"choices":\ndata: [{"delta":\ndata: {"content": "hello"}}]}\n\n',
        event(finish_reason="stop"),
        DONE,
    ),
    _stream(
        "other-fields",
        "Other fields of events mean nothing.",
        b"id: 1\nretry: 5\nevent: message\n" + event("hel"),
        b"foo: bar\n" + event("lo"),
        event(finish_reason="stop"),
        DONE,
    ),
    _stream(
        "comments",
        "Comments anywhere mean nothing.",
        b": hi\n\n",
        event("hel"),
        b":\n:x\n" + event("lo"),
        b": y\n\n",
        event(finish_reason="stop"),
        DONE,
    ),
    _stream(
        "empty-events",
        "Events without data mean nothing.",
        b"data:\n\n",
        event("hel"),
        b"data: \n\n\n\n",
        event("lo"),
        event(finish_reason="stop"),
        DONE,
    ),
    _stream(
        "choices-none",
        "Events without choices mean nothing.",
        {"choices": []},
        event("hel"),
        {"id": "x"},
        event("lo"),
        {"choices": None},
        event(finish_reason="stop"),
        DONE,
    ),
    _stream(
        "delta-null",
        "delta: null means nothing.",
        {"choices": [{"delta": None}]},
        event("hel"),
        event("lo"),
        {"choices": [{"delta": None, "finish_reason": "stop"}]},
        DONE,
    ),
    _stream(
        "delta-missing",
        "An event without a delta means nothing.",
        {"choices": [{"index": 0}]},
        event("hel"),
        event("lo"),
        {"choices": [{"finish_reason": "stop"}]},
        DONE,
    ),
    _stream(
        "nulls-everywhere",
        "null means nothing, wherever it stands.",
        {
            "choices": [
                {
                    "delta": {
                        "role": None,
                        "content": None,
                        "tool_calls": None,
                        "refusal": None,
                        "reasoning": None,
                        "audio": None,
                    },
                    "finish_reason": None,
                    "logprobs": None,
                }
            ],
            "usage": None,
            "error": None,
        },
        ALL,
    ),
    _stream(
        "delta-list",
        "A delta that is a list is no answer.",
        HALF,
        {"choices": [{"delta": ["lo"]}]},
        outcome=fails(_UNREADABLE, "sent no chat answer", partial="hel"),
    ),
    _stream(
        "content-number",
        "A content that is a number is no answer.",
        HALF,
        {"choices": [{"delta": {"content": 42}}]},
        outcome=fails(_UNREADABLE, partial="hel"),
    ),
    _stream("frame-text", "An event that is a text means nothing.", frame("ping"), ALL),
    _stream(
        "frame-broken",
        "An event that is half an object is an error, and the text is kept.",
        HALF,
        b'data: {"choices": [{"delta"\n\n',
        ALL,
        outcome=fails(_UNREADABLE, "sent no chat answer", partial="hel"),
    ),
    _stream(
        "choices-mixed",
        "Other choices among it are not the answer.",
        event("hel"),
        event("X", index=1),
        {"choices": [{"index": 1, "delta": {"content": "Y"}}, {"index": 0, "delta": {"content": "lo"}}]},
        event(index=1, finish_reason="length"),
        event(finish_reason="stop"),
        DONE,
    ),
    _stream("as-json", "An event stream called JSON is read.", ALL, kind=JSON),
    _stream("as-text", "An event stream called text is read.", ALL, kind="text/plain"),
    _stream(
        "as-ndjson",
        "JSON line by line is read.",
        b"".join(line[6:] + b"\n" for line in ALL.split(b"\n\n") if line and b"DONE" not in line),
        kind="application/x-ndjson",
    ),
    _stream(
        "usage-last",
        "Usage may come after the reason to finish.",
        event("hello"),
        event(finish_reason="stop"),
        {"choices": [], "usage": {"prompt_tokens": 1}},
        DONE,
    ),
    _stream(
        "finish-with-text",
        "The reason to finish may come with the last text.",
        event("hel"),
        {"choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]},
        DONE,
    ),
    _stream(
        "text-after-finish",
        "Text after the reason to finish is text.",
        event("hel"),
        event(finish_reason="stop"),
        event("lo"),
        DONE,
    ),
    _stream(
        "finish-twice",
        "The reason to finish may be told twice.",
        *[event("hello"), event(finish_reason="stop"), event(finish_reason="stop"), DONE],
    ),
    _stream(
        "finish-empty",
        "An empty reason to finish is none.",
        event("hel", finish_reason=""),
        event("lo"),
        event(finish_reason="stop"),
        DONE,
    ),
    _stream(
        "tool-calls-in-pieces",
        "A call of a tool comes in pieces and is given once.",
        *[
            event(delta={"tool_calls": [{"index": 0, **part}]})
            for part in (
                {"id": "1", "function": {"name": "f", "arguments": ""}},
                {"function": {"arguments": '{"x"'}},
                {"function": {"arguments": ":1}"}},
            )
        ],
        event(finish_reason="tool_calls"),
        DONE,
        outcome=Text("", "tool_calls", calls=(("f", '{"x":1}'),)),
    ),
    _stream(
        "tool-calls-interleaved",
        "Calls of several tools may come interleaved.",
        *[
            event(
                delta={
                    "tool_calls": [
                        {"index": at, "id": str(at), "function": {"name": name, "arguments": part}}
                    ]
                }
            )
            for at, name, part in ((0, "f", "{"), (1, "g", "["), (0, None, "}"), (1, None, "]"))
        ],
        event(finish_reason="tool_calls"),
        DONE,
        outcome=Text("", "tool_calls", calls=(("f", "{}"), ("g", "[]"))),
    ),
    _stream(
        "message-in-a-stream",
        "A whole message as the one event is an answer.",
        frame(completion()),
        DONE,
    ),
    _stream(
        "text-twice",
        "Events that are the same are all text.",
        event("ha"),
        event("ha"),
        event(finish_reason="stop"),
        DONE,
        outcome=Text("haha"),
    ),
    _stream(
        "think-cut-anywhere",
        "Tags of reasoning may be cut anywhere.",
        *[event(char) for char in "<think>hm</think>hello"],
        event(finish_reason="stop"),
        DONE,
        outcome=Text(reasoning="hm"),
    ),
]

CASES = [*NO_ANSWERS, *ERRORS, *LENIENCES]
