"""Tokens estimated and contexts looked up: near the truth, honest about it, and without a network."""

from __future__ import annotations

import base64
import json
import pickle
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

import g4f_nb as nb
from g4f_nb.costs import tokens
from g4f_nb.costs.picture_tokens import picture_tokens, size_of
from g4f_nb.costs.text_pieces import FEATURES, features_of
from g4f_nb.errors import InvalidParameterError

# Texts, and what the tokenizers of these models really make of them.
TEXTS = json.loads((Path(__file__).parent / "token_texts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_an_estimate_is_near_the_truth(name):
    """Within the margin that it tells, for each tokenizer that was measured."""
    for model, truth in TEXTS[name]["tokens"].items():
        found = nb.estimate_tokens(TEXTS[name]["text"], model)
        assert abs(found / truth - 1) <= found.margin, (model, int(found), truth)
    bases = [nb.estimate_tokens("x", model).basis for model in TEXTS[name]["tokens"]]
    assert bases == ["o200k", "cl100k", "llama3", "qwen"]


def test_it_says_that_it_is_an_estimate():
    """In its words, with its margin; it counts, compares, formats and travels as the number it is."""
    found = nb.estimate_tokens("Hello big wide world")
    assert repr(found) == str(found) == f"{found}" == "about 4 tokens (an estimate, ±13%)"
    assert (found, found + 1, f"{found:03d}", found > 3) == (4, 5, "004", True)
    assert (found.basis, found.margin) == ("o200k", 0.13)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301  # our own
    assert (again, again.basis, again.margin) == (found, found.basis, found.margin)


@pytest.mark.parametrize("model", ["claude-opus-5-5", "gemini-2.5-pro", "GigaChat-2", "something"])
def test_an_unknown_tokenizer_has_no_margin(model):
    """OpenAI's numbers are taken, and the answer says that nothing was measured."""
    found = nb.estimate_tokens("Hello big wide world", model)
    assert (found.basis, found.margin, "±" in repr(found)) == (None, None, False)


@pytest.mark.parametrize(
    ("model", "basis"),
    [
        ("openai:gpt-4o-mini", "o200k"), ("gpt-4.1", "o200k"), ("o3-mini", "o200k"),
        ("gpt-5.4-nano", "o200k"),
        ("openai/gpt-oss-120b", "o200k"), ("gpt-4-turbo", "cl100k"), ("gpt-3.5-turbo", "cl100k"),
        ("meta-llama/Llama-3.1-8B", "llama3"), ("mistral-large-latest", "tekken"), ("codestral", "tekken"),
        ("phi-4", None), ("llama-2-7b", None),
    ],
)  # fmt: skip
def test_which_tokenizer_a_model_has(model, basis):
    """Told from its name, whoever serves it."""
    assert nb.estimate_tokens("x", model).basis == basis


def test_a_dialogue():
    """Its texts, its calls and tools, and what the form adds to each message."""
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "Hello big wide world"},
    ]
    assert nb.estimate_tokens(messages) == 14
    assert nb.estimate_tokens(messages) == nb.estimate_tokens(messages, "gpt-4o-mini")
    function = {"name": "add", "arguments": '{"a": 1}'}
    called = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": function}]}
    assert nb.estimate_tokens([called]) > 15
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    assert nb.estimate_tokens(messages, tools=[tool]) > nb.estimate_tokens(messages) + 10
    assert nb.estimate_tokens("") == 0
    with pytest.raises(InvalidParameterError):
        nb.estimate_tokens([])


def _png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def test_pictures_count_by_their_size():
    """By the rules that each service publishes; an address is taken for a picture of 1024 by 1024."""

    def ask(url, model, **more):
        part = {"type": "image_url", "image_url": {"url": url, **more}}
        return nb.estimate_tokens([{"role": "user", "content": [part]}], model) - 6

    large = f"data:image/png;base64,{base64.b64encode(_png(2048, 4096)).decode()}"
    small = f"data:image/png;base64,{base64.b64encode(_png(200, 100)).decode()}"
    assert ask(large, "gpt-4o") == 85 + 170 * 6
    assert ask(large, "gpt-4o", detail="low") == 85
    assert ask(small, "gpt-4o") == 85 + 170
    assert ask(small, "gpt-4o-mini") == 2833 + 5667
    assert ask(small, "claude-sonnet-5") == 27
    assert ask(small, "gemini-2.5-flash") == 258
    assert ask("https://a.example/x.png", "gemini-2.5-flash") == 258 * 4
    assert ask("data:image/png;base64,*", "gpt-4o") == 85 + 170 * 4
    assert picture_tokens("gpt-4.1-mini", (1024, 1024)) == 1659
    assert picture_tokens("claude", (4000, 4000)) == 1600


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (_png(3, 5), (3, 5)),
        (b"GIF89a" + struct.pack("<HH", 3, 5), (3, 5)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 5, 3), (3, 5)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x02\0\0\x04\0\0", (3, 5)),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 3, 5), (3, 5)),
        (b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 2 | 4 << 14), (3, 5)),
        (b"\x89PNG\r\n\x1a\n", None), (b"\xff\xd8zz", None), (b"", None), (b"RIFF\0\0\0\0WEBPnope", None),
    ],
)  # fmt: skip
def test_the_size_of_a_picture(data, size):
    """From the first bytes of the usual kinds; what is cut off or no picture has none."""
    assert size_of(data) == size


@examples(100)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_an_estimate(one, two):
    """Never negative, never more than a few tokens a byte, and about the sum of its parts."""
    together = nb.estimate_tokens(one + two)
    assert 0 <= together <= 4 * len((one + two).encode("utf-8", "surrogatepass")) + 1
    assert len(features_of(one)) == len(FEATURES)


@pytest.mark.clock
def test_a_long_text_takes_no_long_time():
    """A million characters in about a second."""
    start = time.perf_counter()
    assert 200_000 < nb.estimate_tokens("The quick brown fox. " * 50_000) < 400_000
    assert time.perf_counter() - start < 15


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("gpt-4o-mini", 128_000), ("anthropic:claude-haiku-4-5", 200_000), ("claude-sonnet-5-5", 1_000_000),
        ("gemini:gemini-flash-latest", (1_000_000, 1_048_576)), ("groq:llama-3.3-70b-versatile", 131_072),
        ("ollama:llama3.2", None), ("nobody-knows-this", None), ("openai:o3-mini", 200_000),
    ],
)  # fmt: skip
def test_context_sizes(model, size):
    """From the catalog, the table of prices or our own; unknown is None, as is a local server's."""
    found = nb.context_size(model)
    assert found in (size if isinstance(size, tuple) else (size,))


def test_context_sizes_without_the_extra(monkeypatch):
    """Our own dated table knows the commonest models."""
    monkeypatch.setattr(tokens, "known_context", lambda _model, _url: None)
    known = {"gpt-4": 8192, "gpt-4.1-mini": 1_047_576, "gpt-5-mini": 400_000, "gpt-6-luna": 1_050_000,
             "claude-opus-4-5": 200_000, "claude-opus-4-6": 1_000_000, "gemini-2.5-pro": 1_048_576,
             "o4-mini": 200_000, "llama-3.1-8b": 131_072, "phi-4": None}  # fmt: skip
    assert {name: nb.context_size(name) for name in known} == known
    with pytest.raises(InvalidParameterError, match="openai:gpt-4o-mini"):
        nb.context_size("")


def test_estimating_loads_nothing_heavy():
    """Neither the table of prices nor a tokenizer, nor anything of the network."""
    code = (
        "import sys, g4f_nb as nb; nb.estimate_tokens('hello', 'gpt-4o'); "
        "print(sorted({'genai_prices', 'tiktoken', 'aiohttp', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_short_question_loads_no_table():
    """Before it is sent nobody looks up how much the model takes; of a long one somebody does."""
    code = (
        "import sys, g4f_nb as nb\n"
        "talk = nb.Conversation(model='openai:gpt-4o-mini', api_key='k', keep=False)\n"
        "talk.begin('Why is the sky blue? ' * 40, max_tokens=500)\n"
        "from g4f_nb.prompting.context import context_of, text_piece\n"
        "assert context_of([text_piece('prompt', '', 'hello')], model='openai:gpt-4o').warning is None\n"
        "print('genai_prices' in sys.modules)\n"
        "talk.begin('Why is the sky blue? ' * 4000)\n"
        "print('genai_prices' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_context_that_the_catalog_knows_is_heeded():
    """What the catalog says comes before what any model takes."""
    from g4f_nb.costs.tokens import surely_takes

    assert surely_takes("openai:gpt-4o", 4_000)
    assert not surely_takes("openai:gpt-4o", 4_001)
    assert surely_takes("groq:openai/gpt-oss-120b", 100_000)
    assert not surely_takes("groq:openai/gpt-oss-120b", 200_000)
