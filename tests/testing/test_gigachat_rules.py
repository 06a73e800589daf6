"""What the GigaChat test server refuses: the service's own statuses, codes and words."""

from __future__ import annotations

import base64
import uuid

import pytest

from g4f_nb.testing.gigachat import new_key
from g4f_nb.testing.gigachat_rules import NotTaken, check_chat, check_token_request, parse

KEY = new_key()
FINE = {"RqUID": str(uuid.uuid4()), "Authorization": f"Basic {KEY}"}
USER = {"role": "user", "content": "x"}
CALL = {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": {}}}
RESULT = {"role": "function", "name": "f", "content": "{}"}


def _function(schema, name="f"):
    return {"messages": [USER], "functions": [{"name": name, "parameters": schema}]}


@pytest.mark.parametrize(
    ("headers", "form", "status", "code"),
    [
        ({"RqUID": ""}, {}, 400, 2),
        ({"RqUID": str(uuid.uuid1())}, {}, 400, 2),
        ({"Authorization": ""}, {}, 400, 4),
        ({"Authorization": "Basic !"}, {}, 400, 4),
        ({"Authorization": f"Digest {KEY}"}, {}, 400, 4),
        ({"Authorization": f"Basic {base64.b64encode(b'no colon').decode()}"}, {}, 400, 4),
        ({}, {"scope": ""}, 400, 5),
        ({}, {"scope": "x"}, 400, 1),
        ({"Authorization": f"Basic {new_key()}"}, {}, 401, 6),
        ({}, {"scope": "GIGACHAT_API_CORP"}, 400, 7),
    ],
)
def test_token_requests(headers, form, status, code):
    """Each with its code; one that is in order gives key and scope, as Basic and as Bearer."""
    keys = {KEY: ("GIGACHAT_API_PERS",)}
    usual = {"scope": "GIGACHAT_API_PERS"}
    with pytest.raises(NotTaken) as caught:
        check_token_request(FINE | headers, usual | form, keys)
    assert (caught.value.status, caught.value.payload["code"]) == (status, code)
    for kind in ("Basic", "Bearer"):
        headers = FINE | {"Authorization": f"{kind} {KEY}"}
        assert check_token_request(headers, usual, keys) == (KEY, "GIGACHAT_API_PERS")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "messages is empty"),
        ({"messages": [{"role": "alien", "content": "x"}]}, 422, "role"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, 422, "must be a string"),
        ({"messages": [USER, {"role": "system", "content": "x"}]}, 422, "must be the first"),
        ({"messages": [{"role": "user", "content": "x" * 100_001}]}, 413, "too large"),
        ({"messages": [USER, RESULT]}, 422, "must follow a function_call"),
        ({"messages": [USER, CALL, RESULT | {"content": "x"}]}, 422, "invalid json"),
        ({"messages": [USER, CALL, RESULT | {"content": "[]"}]}, 422, "invalid json"),
        ({"messages": [USER, CALL, RESULT | {"name": ""}]}, 422, "without name"),
        ({"messages": [USER, CALL | {"function_call": {"arguments": "{}"}}]}, 422, "must be an object"),
        ({"messages": [USER], "temperature": 0}, 422, "greater than 0"),
        ({"messages": [USER], "temperature": True}, 422, "greater than 0"),
        ({"messages": [USER], "top_p": 2}, 422, "in range"),
        ({"messages": [USER], "response_format": {"type": "json_object"}}, 422, "response_format"),
        ({"messages": [USER], "functions": ["f"]}, 422, "name is empty"),
        ({"messages": [USER], "function_call": "required"}, 422, "function_call"),
        (_function(None), 422, "no[t]? a plain schema"),
        (_function({"$ref": "#"}), 422, "plain schema"),
        (_function({"type": "object"}), 422, r"Field 'properties.properties' is missing"),
        (
            _function({"type": "object", "properties": {"data": {"type": "object"}}}),
            422,
            r"Field 'properties\.data\.properties' is missing",
        ),
        (_function({"type": "array", "items": {"type": "object"}}), 422, "missing"),
        (_function({"type": "integer", "enum": [1]}), 422, "must hold strings"),
    ],
)
def test_chat_requests(body, status, words):
    """What users of other services stumble over is refused, as there."""
    with pytest.raises(NotTaken, match=words) as caught:
        check_chat(body)
    assert (caught.value.status, caught.value.payload["status"]) == (status, status)


def test_what_is_in_order_passes():
    """A whole round with a function, and everything optional."""
    check_chat(
        _function({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}})
        | {
            "messages": [{"role": "system", "content": "s"}, USER, CALL, RESULT],
            "temperature": 0.1,
            "top_p": 0,
            "function_call": {"name": "f"},
            "response_format": {"type": "json_schema", "schema": {}},
        }
    )


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff"])
def test_a_body_is_a_json_object(raw):
    """Status 400, in the service's words."""
    with pytest.raises(NotTaken, match="invalid JSON syntax") as caught:
        parse(raw)
    assert caught.value.status == 400
