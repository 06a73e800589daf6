"""A prompt or a list becomes messages; what is none is told by its place."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd
import pytest

from g4f_nb.errors import InvalidParameterError
from g4f_nb.messages import as_messages, check_messages, content_text, last_user_text

USER = {"role": "user", "content": "hi"}


def test_a_text_becomes_one_user_message():
    """Verbatim, the system prompt in front."""
    assert as_messages(" hi\n") == [{"role": "user", "content": " hi\n"}]
    assert as_messages("hi", "be brief") == [{"role": "system", "content": "be brief"}, USER]


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_is_refused(prompt):
    """Before it costs anything."""
    with pytest.raises(InvalidParameterError, match=r"prompt is empty.*pass a text"):
        as_messages(prompt)


@pytest.mark.parametrize("system", [pd.DataFrame({"a": [1]}), pd.NA, 5], ids=["table", "NA", "number"])
def test_a_system_prompt_is_a_text(system):
    """Anything else is told, also what has no truth of its own."""
    with pytest.raises(InvalidParameterError, match=r"system is an? \w+: it must be a text"):
        as_messages("hi", system)


def test_a_given_list_is_copied():
    """Neither the list nor its messages are changed, whatever is done to the copy."""
    given = [dict(USER)]
    made = as_messages(given, "be brief")
    made[1]["content"] = "changed"
    assert given == [USER]


def test_any_sequence_of_mappings_will_do():
    """A tuple, read-only mappings, content as parts, content that is None."""
    parts = {"role": "user", "content": [{"type": "text", "text": "a"}]}
    given = (MappingProxyType(USER), parts, {"role": "assistant", "content": None, "tool_calls": []})
    made = check_messages(given)
    assert made == [USER, parts, {"role": "assistant", "content": None, "tool_calls": []}]
    assert all(type(message) is dict for message in made)


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ("hi", "messages are a str"),
        (b"hi", "messages are a bytes"),
        (USER, "messages are a dict"),
        (None, "messages are a NoneType"),
        (7, "messages are an int"),
        ({1, 2}, "messages are a set"),
        ([], "there are no messages"),
        ((), "there are no messages"),
        ([USER, "hi"], "message 1 has no role"),
        ([USER, {"content": "hi"}], "message 1 has no role"),
        ([{"role": None}], "message 0 has no role"),
        ([{"role": 1}], "message 0 has no role"),
        ([None], "message 0 has no role"),
    ],
)
def test_what_is_no_list_of_messages_is_told_with_the_way_out(messages, complaint):
    """The error names the part and shows what to pass; it is a ValueError, too."""
    with pytest.raises(InvalidParameterError, match=complaint) as caught:
        check_messages(messages)
    assert '[{"role": "user", "content": "…"}]' in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_the_last_user_text():
    """The last one counts, its text parts are joined, and none is no error."""
    parts = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, "b"]}
    assert last_user_text([USER, parts, {"role": "assistant", "content": "x"}]) == "ab"
    assert last_user_text([{"role": "system", "content": "x"}]) == ""
    assert content_text(None) == content_text(7) == content_text([{"text": None}]) == ""
