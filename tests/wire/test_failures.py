"""What a server says went wrong becomes one error: the status decides its class, the payload its words."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb import errors
from g4f_nb.errors import G4FError
from g4f_nb.secret import Secret, redact_beginning
from g4f_nb.wire import failures
from g4f_nb.wire.complaints import Complaint, read_complaint
from g4f_nb.wire.failures import error_for, error_from_answer, excerpt, kind_of, retry_after

KEY = "planted/key+0123456789=="
STATUSES = {
    400: errors.BadRequestError,
    401: errors.MissingAuthError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    405: errors.ResponseError,
    408: errors.RequestTimeoutError,
    409: errors.ResponseError,
    413: errors.BadRequestError,
    418: errors.ResponseError,
    422: errors.BadRequestError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    502: errors.ServerError,
    503: errors.ServerError,
    504: errors.RequestTimeoutError,
    520: errors.ServerError,
    529: errors.ServerError,
    599: errors.ServerError,
}
WORDS = "no luck today"
DEEP = orjson.loads(b'{"a":' * 1000 + b"1" + b"}" * 1000)
# Payload, and what of it the message must hold.
PAYLOADS = [
    ({"error_message": WORDS}, WORDS),
    ({"error": WORDS}, WORDS),
    ({"error": {"message": WORDS, "type": "t_1", "code": "c_1"}}, f"{WORDS} (c_1)"),
    ({"error": {"message": WORDS, "type": "t_1", "code": None}}, f"{WORDS} (t_1)"),
    ({"error": {"message": WORDS, "code": ""}}, WORDS),
    ({"error": {"message": WORDS}}, WORDS),
    ({"error": {"message": None, "code": "some_code"}}, "some_code"),
    ({"error": {"code": "some_code"}}, "some_code"),
    ({"error": {"type": "some_type"}}, "some_type"),
    ({"error": {"message": {"en": WORDS}}}, WORDS),
    ({"error": {"detail": WORDS}}, WORDS),
    ({"error": {"message": "m", "failed_generation": WORDS}}, f"m\n{WORDS}"),
    ({"error": {"failed_generation": None, "param": WORDS}}, WORDS),
    ({"error": {}, "message": WORDS, "status": 400}, WORDS),
    ({"error": [WORDS]}, WORDS),
    ({"error": [{"message": WORDS}]}, WORDS),
    ({"error": True, "reason": WORDS}, WORDS),
    ({"error": 7}, "7"),
    ({"error": DEEP}, ""),
    ([{"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT"}}], WORDS),
    ([[{"error": WORDS}]], WORDS),
    ({"detail": WORDS}, WORDS),
    ({"detail": [{"loc": ["body"], "msg": WORDS}, {"msg": "more"}]}, f"{WORDS}; more"),
    ({"detail": [WORDS, None]}, WORDS),
    ({"detail": {"reason": WORDS}}, WORDS),
    ({"status": 400, "message": WORDS}, WORDS),
    ({"code": 400, "message": WORDS}, WORDS),
    ({"type": "about:blank", "title": "Oh", "status": 400, "detail": WORDS}, f"Oh: {WORDS}"),
    ({"title": WORDS, "status": 400}, WORDS),
    ({"unheard": WORDS}, WORDS),
    (WORDS, WORDS),
    (None, "null"),
    ([], "[]"),
]


def _answer(status: int, body: bytes, **more) -> G4FError:
    return error_from_answer(status, body, more.pop("headers", {}), **more)


def _has_a_way_out(error: G4FError) -> bool:
    head, dash, way_out = str(error).rpartition(" — ")
    return bool(head and dash and len(way_out) > 15)


@pytest.mark.parametrize(("payload", "words"), PAYLOADS, ids=range(len(PAYLOADS)))
def test_every_payload_under_every_status(payload, words):
    """The status alone decides the class; the words are shown, with the status before and a way out after."""
    body = (
        orjson.dumps(payload) if payload != PAYLOADS[18][0] else b'{"error":' + b"[" * 900 + b"]" * 900 + b"}"
    )
    for status, kind in STATUSES.items():
        error = _answer(status, body)
        assert type(error) is kind, status
        assert error.status == status
        assert str(error).startswith(f"Error {status}: ")
        assert words in str(error), status
        assert _has_a_way_out(error), status


@pytest.mark.parametrize("payload", [{}, {"error": None}, {"error": False}, {"error": ""}, {"error": []}])
def test_an_empty_error_is_none(payload):
    """`null`, `false`, `""` and `[]` say that nothing is wrong."""
    assert read_complaint(payload) is None
    assert read_complaint({"choices": [], **payload}) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"choices": [{"message": {"content": "x"}}], "error": None},
        {"data": [], "detail": "looks like one"},
        {"choices": [], "message": "x", "status": 400},
        {"message": "no status, no error"},
        {"status": "ok", "message": "fine"},
        {"status": 200, "message": "fine"},
        {"status": True, "message": "fine"},
        {"status": "²²²", "message": "fine"},
        {"status": "4" * 5000, "message": "fine"},
        {"title": "no status"},
        {"models": []},
        ["x"],
        "x",
        7,
        None,
    ],
)
def test_what_is_no_complaint(payload):
    """An answer, a listing or a word is not taken for an error."""
    assert read_complaint(payload) is None


@pytest.mark.parametrize("name", ["status", "code", "status_code"])
@pytest.mark.parametrize("where", ["inside", "beside"])
@pytest.mark.parametrize("number", [401, "401"])
@pytest.mark.parametrize("status", [None, 200])
def test_a_number_in_the_payload_stands_in_for_the_status(name, where, number, status):
    """Where HTTP says nothing, or says that all is well."""
    inside = {"message": "m", **({name: number} if where == "inside" else {})}
    beside = {name: number} if where == "beside" else {}
    error = error_for(read_complaint({"error": inside, **beside}), status=status)
    assert type(error) is errors.MissingAuthError
    assert error.status == 401


def test_the_status_wins_over_the_payload():
    """The original believed the payload, so that a login was never renewed."""
    error = error_for(read_complaint({"error": {"message": "m", "code": 500}}), status=401)
    assert (type(error), error.status, error.code) == (errors.MissingAuthError, 401, "500")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ConversationTooLongError", "This model's maximum context length is 4 tokens."),
        ("ConversationTooLongError", "context_length_exceeded"),
        ("ConversationTooLongError", "prompt is too long: 210000 tokens > 200000 maximum"),
        ("ContentFilterError", "triggered Azure OpenAI's content management policy"),
        ("ContentFilterError", "content_filter"),
        ("MissingAuthError", "API key not valid. Please pass a valid API key."),
        ("MissingAuthError", "invalid_api_key"),
        ("ModelNotFoundError", "The model `x` does not exist or you do not have access to it."),
        ("ModelNotFoundError", 'model "x" not found, try pulling it first'),
        ("ModelNotFoundError", "The model `x` has been decommissioned"),
        ("ModelNotFoundError", "x is not a valid model ID"),
    ],
)
@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_words_narrow_what_such_a_status_means(kind, words, status):
    """The services agree neither on a status nor on a code for these."""
    for payload in ({"error": words}, {"error": {"message": "no", "code": words}}, {"detail": words}):
        error = _answer(status, orjson.dumps(payload))
        assert type(error).__name__ == kind
        assert _has_a_way_out(error)
    assert type(_answer(500, orjson.dumps({"error": words}))) is errors.ServerError


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("rate_limit_exceeded", "RateLimitError"),
        ("RESOURCE_EXHAUSTED", "RateLimitError"),
        ("overloaded_error", "ServerError"),
        ("server_error", "ServerError"),
        ("invalid_api_key", "MissingAuthError"),
        ("authentication_error", "MissingAuthError"),
        ("permission_error", "PermissionDeniedError"),
        ("insufficient_quota", "PaymentRequiredError"),
        ("context_length_exceeded", "ConversationTooLongError"),
        ("model_not_found", "ModelNotFoundError"),
        ("timeout_error", "RequestTimeoutError"),
        ("something_else", "ResponseError"),
    ],
)
@pytest.mark.parametrize("name", ["code", "type"])
def test_a_word_stands_in_where_no_number_says_it(name, code, kind):
    """As in the middle of a stream, where the status was 200; a number wins, and `.status` stays unknown."""
    complaint = read_complaint({"error": {"message": WORDS, name: code}})
    error = error_for(complaint, status=200)
    assert (type(error).__name__, error.status, error.code) == (kind, None, code)
    assert WORDS in str(error)
    assert type(error_for(complaint, status=403)) is errors.PermissionDeniedError


def test_an_empty_purse_is_not_cured_by_waiting():
    """OpenAI sends it with the status of too many requests: the class is that one's, the way out is not."""
    payload = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    error = _answer(429, orjson.dumps(payload), headers={"Retry-After": "7"})
    assert type(error) is errors.RateLimitError
    assert "add credit" in str(error)
    assert "wait" not in str(error)


def test_every_class_that_an_answer_may_become_has_a_way_out():
    """The table of the ways out is whole."""
    made = {kind_of(None), *map(kind_of, range(400, 600)), *(kind for _, kind in failures._BY_WORDS)}
    assert made == set(failures._WAYS_OUT)


def test_a_model_unknown_to_the_server_is_caught_either_way():
    """One `except` for a model that is not in the list and one that the server does not know."""
    error = _answer(404, b'{"error":{"message":"The model does not exist","code":"model_not_found"}}')
    assert isinstance(error, errors.ModelNotSupportedError)
    assert isinstance(error, errors.ResponseError)
    assert error.code == "model_not_found"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><title>502 Bad Gateway</title><script>alert(1)</script><h1>nginx &amp; co</h1>",
        b"\n <html><body><h1>502 Bad Gateway</h1> nginx &amp; co</body></html>",
        b"502 Bad Gateway: nginx & co",
    ],
)
def test_a_page_becomes_its_words(body):
    """No markup, no scripts, no character references."""
    error = _answer(502, body)
    assert "502 Bad Gateway" in str(error)
    assert "nginx & co" in str(error)
    assert "<" not in str(error)
    assert "alert(1)" not in str(error)
    assert error.body == body.decode()


@pytest.mark.parametrize("body", [b"", b" \n", b"<html></html>"])
def test_an_empty_body_is_told(body):
    """There is always something to read."""
    assert str(_answer(500, body)).startswith("Error 500: no explanation — ")


@pytest.mark.clock
def test_a_page_of_megabytes_is_no_work():
    """A hostile page does not hold the caller up."""
    begin = time.process_time()
    _answer(500, b"<html>" + b"<script>" * 500_000)
    assert time.process_time() - begin < 2


NOW = datetime.now(UTC)
AHEAD = NOW + timedelta(seconds=10_000)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": " 3 "}, 3),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "99999999999999999999"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"Retry-After": "Mon, 01 Jan 99999999999999 00:00:00 GMT"}, None),
        ({"Retry-After": "Mon, 99 Foo 2024 00:00:00 GMT"}, None),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"retry-after-ms": "many", "Retry-After": "1"}, 1),
        ({"retry-after-ms": "nan"}, None),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0),
        ({"Retry-After": email.utils.format_datetime(AHEAD, usegmt=True)}, 10_000),
        ({"Retry-After": AHEAD.strftime("%A, %d-%b-%y %H:%M:%S GMT")}, 10_000),
        ({"Retry-After": AHEAD.strftime("%a %b %d %H:%M:%S %Y")}, 10_000),
    ],
)
def test_the_advice_to_wait(headers, seconds, monkeypatch):
    """Seconds, milliseconds, all three dates of HTTP, wherever the clock stands; nonsense is no advice."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        # The dates were made when the tests were collected, which may be minutes ago.
        assert retry_after(headers) == (None if seconds is None else pytest.approx(seconds, abs=3600))
        assert (retry_after(headers) or 0) <= (seconds or 0)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_advice_is_in_the_error_and_in_its_words():
    """`.retry_after`, and how long in the way out."""
    error = _answer(429, b'{"error":"slow down"}', headers={"Retry-After": "7"})
    assert error.retry_after == 7
    assert "wait 7 s and try again" in str(error)


def test_who_was_asked_is_named():
    """Provider and model, in the text and as attributes."""
    error = _answer(500, b"{}", provider="Groq", model="llama")
    assert str(error).endswith("[Groq, llama]")
    assert (error.provider, error.model) == ("Groq", "llama")
    assert str(_answer(418, b"{}", provider="Groq")).endswith("[Groq]")


def test_without_any_status_the_words_come_first():
    """As in the original: the text itself, then the way out."""
    error = error_for(Complaint("it went wrong."))
    assert type(error) is errors.ResponseError
    assert str(error).startswith("it went wrong — ")
    assert error.status is None


def test_long_complaints_are_cut():
    """500 characters of the complaint and of the body."""
    error = _answer(400, orjson.dumps({"error": "w" * 5000}))
    assert len(str(error)) < 650
    assert len(error.body) == 500
    assert "w…" in str(error)


@pytest.mark.parametrize("form", ["{}", '{{"error":"{}"}}', "<html><body>{}</body></html>", '{{"e":"{}"}}'])
def test_a_repeated_key_is_masked_wherever_the_cut_falls(form):
    """Nowhere in the error is the key, nor a part of it."""
    for offset in range(0, 260, 3):
        body = form.format("x" * offset + f" {KEY} " + "y" * 300).encode()
        error = _answer(401, body, secret=Secret(KEY), provider="P")
        assert KEY[:8] not in f"{error} {error.body} {error.__dict__}", offset


def test_a_key_for_a_code_is_masked():
    """Also in the attribute."""
    error = _answer(401, orjson.dumps({"error": {"code": f"bad {KEY}"}}), secret=Secret(KEY))
    assert error.code == "bad ***"


def test_excerpt_is_one_line():
    """Line ends and runs of spaces do not spread over a notebook."""
    assert excerpt("a\n\n  b\tc") == "a b c"
    assert excerpt("word " * 100, 20) == "word word word word…"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-700, 700) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "message",
                    "code",
                    "status",
                    "type",
                    "detail",
                    "title",
                    "msg",
                    "error_message",
                    "choices",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_json, st.sampled_from([None, *STATUSES]))
def test_no_payload_breaks_the_reader(payload, status):
    """Whatever JSON a server sends, the outcome is an error of ours or none."""
    complaint = read_complaint(payload)
    if complaint is not None:
        error = error_for(complaint, status=status)
        assert isinstance(error, G4FError)
        assert _has_a_way_out(error) or not complaint.message


@pytest.mark.clock
@pytest.mark.parametrize(
    "body",
    [
        b"x" * 4_000_000,
        b"<html>" + b"<p>word word</p>" * 260_000,
        b'{"error": {"message": "' + b"word " * 800_000 + b'"}}',
        b'{"error": {"message": "' + b"sk-planted0123456789 " * 200_000 + b'"}}',
    ],
)
def test_a_complaint_of_megabytes_is_read_in_no_time(body):
    """What will be cut off is not looked through; what is shown holds no key, also where it was cut."""
    secret = Secret("planted/Key+0123456789abcdef==")
    begin = time.process_time()
    error = error_from_answer(500, body, {}, secret=secret)
    took = time.process_time() - begin
    assert len(str(error)) < 700
    assert "planted" not in f"{error} {error.body}"
    assert took < (1 if b"sk-" not in body else 5)


def test_a_key_at_the_cut_is_masked():
    """Wherever a long text is cut, no part of a key is left."""
    secret = Secret("planted/Key+0123456789abcdef==")
    for size in range(31_960, 32_001, 5):
        text = "x" * size + secret.reveal() + "y" * 9_000
        assert "planted" not in redact_beginning(text, secret)
    everywhere = (secret.reveal() + " ") * 9_000
    assert set(redact_beginning(everywhere, secret)) == {"*", " "}
