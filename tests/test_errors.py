"""The tree of errors: as drawn, whole, and able to travel between processes."""

from __future__ import annotations

import builtins
import copy
import inspect
import pickle
import re
from pathlib import Path

import pytest

from g4f_nb import errors
from g4f_nb.errors import BODY_LIMIT, G4FError, shorten
from g4f_nb.wire.failures import _BY_WORDS, kind_of

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, G4FError) and kind.__module__ == errors.__name__
]
_ABOUT = {
    "provider": "Groq",
    "model": "m",
    "status": 429,
    "code": "slow_down",
    "retry_after": 1.5,
    "body": "{}",
    "partial": "so far",
}


def _drawn() -> dict[str, tuple[str, str]]:
    """Name to (parent, note), read from the drawing."""
    found, above = {}, {}
    for line in errors.__doc__.splitlines():
        match = re.match(r"    ([│ ]*(?:[├└]── )?)([A-Z]\w+Error)\s*(.*)", line)
        if match:
            depth = len(match[1]) // 4
            above[depth] = match[2]
            found[match[2]] = (above[depth - 1] if depth else "", match[3])
    return found


def test_the_tree_in_the_docstring_is_the_tree():
    """Every class is drawn beneath its parent, and no other is."""
    drawn = _drawn()
    assert set(drawn) == {kind.__name__ for kind in KINDS}
    for kind in KINDS:
        parent, note = drawn[kind.__name__]
        assert kind.__bases__[0].__name__ == (parent or "Exception")
        also = re.search(r"also an? (\w+)", note)
        if also:
            other = getattr(errors, also[1], None) or getattr(builtins, also[1])
            assert issubclass(kind, other)
        else:
            assert len(kind.__bases__) == 1


@pytest.mark.parametrize(
    "name",
    [
        "MissingAuthError",
        "PaymentRequiredError",
        "ResponseError",
        "ModelNotSupportedError",
        "RateLimitError",
        "MissingRequirementsError",
        "ProviderNotFoundError",
        "ProviderNotWorkingError",
    ],
)
def test_the_names_of_the_original_are_kept(name):
    """Old `except` clauses find their classes."""
    assert issubclass(getattr(errors, name), G4FError)


def test_what_is_made_from_an_answer_is_a_response_error():
    """All but the two that the original kept apart: a missing key and a time-out."""
    from_answers = {kind.__name__ for kind in KINDS if issubclass(kind, errors.ResponseError)}
    assert {"BadRequestError", "ModelNotFoundError", "RateLimitError", "ServerError"} < from_answers
    assert not {"MissingAuthError", "RequestTimeoutError"} & from_answers


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_travels_whole(kind):
    """Pickled and copied, an error keeps its class, its text and every attribute."""
    error = kind("it broke: mend it", **_ABOUT)
    error.add_note("and a note")
    pickled = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(2, 6)]  # noqa: S301
    for other in (*pickled, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is kind
        assert str(other) == "it broke: mend it"
        assert {name: getattr(other, name) for name in _ABOUT} == _ABOUT
        assert other.__notes__ == ["and a note"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_unknown_is_none(kind):
    """The attributes are there also where nobody set them, and every class says what it means."""
    error = kind("text")
    assert dict.fromkeys(_ABOUT) == {name: getattr(error, name) for name in _ABOUT}
    assert str(kind()) == ""
    assert kind.__doc__


PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text(encoding="utf-8")


def _entries():
    return dict(re.findall(r"^### (\w+)\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind is not G4FError], ids=lambda kind: kind.__name__
)
def test_the_page_tells_of_every_error(kind):
    """Its cause, in the words of the class; what it also is; the statuses that make it; and the way out."""
    cause, mark, way_out = _entries()[kind.__name__].replace("\n", " ").partition("**Way out:** ")
    assert mark
    assert len(way_out.split()) > 1
    words = kind.__doc__.partition(";")[0].rstrip(".")
    assert cause.startswith(words), (cause, words)
    for other in kind.__bases__:
        if other not in (G4FError, errors.ResponseError) and not issubclass(kind.__bases__[0], other):
            assert f"`{other.__name__}`" in cause, other
    for status in re.findall(r"\b[45]\d\d\b", cause):
        assert kind in {kind_of(int(status)), *(narrow for _, narrow in _BY_WORDS)}, status


def test_the_page_tells_of_no_other():
    """And of every status that has a class of its own, under that class."""
    assert set(_entries()) == {kind.__name__ for kind in KINDS} - {"G4FError"}
    for status in (400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 504):
        assert str(status) in _entries()[kind_of(status).__name__], status
    for name in _ABOUT:
        assert f"`.{name}`" in PAGE


def test_a_body_is_cut_at_500_characters():
    """A page of a megabyte does not travel in an exception; the cut can be seen."""
    error = G4FError("x", body="b" * 501)
    assert len(error.body) == BODY_LIMIT == 500
    assert error.body.endswith("b…")
    assert G4FError("x", body="b" * 500).body == "b" * 500


def test_shorten():
    """Never longer than the limit, unchanged if it fits."""
    assert [shorten("abcd", limit) for limit in (5, 4, 3)] == ["abcd", "abcd", "ab…"]
