"""Models belong to one class each, and a payload becomes the error that its status means."""

from __future__ import annotations

import pytest

from g4f_nb import errors
from g4f_nb.chunks import ProviderInfo
from g4f_nb.errors import ModelNotSupportedError, ResponseError, UnreadableResponseError
from g4f_nb.providers import Demo, ProviderModelMixin, RaiseErrorMixin


class _Parent(ProviderModelMixin):
    default_model = "big"
    models = ["big-1", "small-1"]  # noqa: RUF012
    model_aliases = {"big": "big-1", "secret": "unlisted"}  # noqa: RUF012


class _Child(_Parent):
    pass


def test_the_examples():
    """8 and 9 of the first telling: an empty list; a name as given; the subclasses' memory untouched."""
    assert ProviderModelMixin.get_models() == []
    assert ProviderModelMixin.get_model(model="gpt-3.5-turbo") == "gpt-3.5-turbo"
    try:
        assert type("Sub", (ProviderModelMixin,), {}).last_model is None
        assert Demo.last_model != "gpt-3.5-turbo"
    finally:
        ProviderModelMixin.last_model = None


def test_what_is_given_away_is_a_copy():
    """No caller changes a class by changing a list."""
    _Parent.get_models().append("x")
    assert _Parent.get_models() == ["big-1", "small-1"]
    only = type("Only", (ProviderModelMixin,), {"default_model": "one"})
    only.get_models().append("x")
    assert only.get_models() == ["one"]


@pytest.mark.parametrize("name", ["models", "model_aliases", "image_models", "vision_models"])
def test_each_class_has_its_own(name):
    """What a child does to its lists changes no parent and no sister."""
    sister = type("Sister", (_Parent,), {})
    assert getattr(sister, name) == getattr(_Parent, name)
    getattr(sister, name).clear()
    getattr(sister, name).__init__(["x"] if name != "model_aliases" else {"x": "y"})
    assert "x" not in getattr(_Parent, name)
    assert "x" not in getattr(_Child, name)
    assert "x" not in getattr(ProviderModelMixin, name)


def test_the_last_model_is_remembered_on_the_called_class_alone():
    """The last writer wins, and a parent does not hear of it."""
    child = type("Child", (_Parent,), {})
    sister = type("Sister", (child,), {})
    assert sister.get_model("small-1") == "small-1"
    assert (sister.last_model, child.last_model, _Parent.last_model) == ("small-1", None, None)
    late = type("Late", (sister,), {})
    assert late.last_model is None


def test_names_are_resolved():
    """The default goes through the aliases; an alias's target is not checked; a listed name passes."""
    assert _Child.get_model("") == _Child.get_model("big") == "big-1"
    assert _Child.get_model("secret") == "unlisted"
    assert _Child.get_model("small-1") == "small-1"
    assert Demo.get_model("") == "demo"


def test_without_a_list_any_name_is_as_good():
    """A default alone restricts nothing."""
    free = type("Free", (ProviderModelMixin,), {"default_model": "one"})
    assert free.get_model("whatever") == "whatever"
    assert free.get_model("") == "one"


def test_without_a_default_it_is_the_first_of_the_list():
    """And without a list it is an error that says what to do."""
    listed = type("Listed", (ProviderModelMixin,), {"default_model": "", "models": ["a", "b"]})
    assert listed.get_model("") == "a"
    none = type("Nothing", (ProviderModelMixin,), {"default_model": ""})
    with pytest.raises(ModelNotSupportedError, match="Nothing has no default: pass model="):
        none.get_model("")
    assert none.get_models() == []


def test_a_typo_is_told_with_its_neighbours():
    """The nearest names, or the first few."""
    with pytest.raises(
        ModelNotSupportedError, match=r"_Child has no model 'smal-1'.*nearest are small-1"
    ) as caught:
        _Child.get_model("smal-1")
    assert (caught.value.provider, caught.value.model) == ("_Child", "smal-1")
    with pytest.raises(ModelNotSupportedError, match="big-1, small-1"):
        _Child.get_model("zzz")
    assert _Child.last_model != "zzz"


def test_the_truth_about_the_model_is_in_the_stream():
    """`last_model` is one name for all calls at once; `ProviderInfo` belongs to its answer."""
    chunks = list(Demo.create_completion("demo-fast", [{"role": "user", "content": "hi"}]))
    assert chunks[0] == ProviderInfo("Demo", "demo-fast")


# ---- raise_error -----------------------------------------------------------------------------------

raise_error = RaiseErrorMixin.raise_error


def test_the_examples_of_raise_error():
    """10 and 11 of the first telling."""
    with pytest.raises(ResponseError, match=r"^Something went wrong"):
        raise_error({"error_message": "Something went wrong"})
    with pytest.raises(errors.MissingAuthError, match=r"^Error 401: Unauthorized") as caught:
        raise_error({"error": "Unauthorized"}, status=401)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("data", "status", "kind", "words"),
    [
        ({"error_message": "m"}, 401, "MissingAuthError", "Error 401: m"),
        ({"error": "m"}, 402, "PaymentRequiredError", "Error 402: m"),
        ({"error": "m"}, 429, "RateLimitError", "Error 429: m"),
        ({"error": "m"}, 500, "ServerError", "Error 500: m"),
        ({"error": "m"}, None, "ResponseError", "m"),
        ({"error": "m"}, 200, "ResponseError", "m"),
        ({"error": True}, None, "ResponseError", '{"error":true}'),
        ({"error": {"code": 401, "message": "m"}}, None, "MissingAuthError", "Error 401: m"),
        ({"error": {"code": 500, "message": "m"}}, 401, "MissingAuthError", "Error 401: m (500)"),
        ({"error": {"message": "m", "failed_generation": "f"}}, 400, "BadRequestError", "Error 400: m\nf"),
        ({"error": {"code": "c"}}, None, "ResponseError", "c"),
        ({"error": [{"message": "m"}]}, None, "ResponseError", "m"),
        ({"error": {"x": 1}}, None, "ResponseError", '{"x":1}'),
        ([{"error": {"code": 429, "message": "m"}}], None, "RateLimitError", "Error 429: m"),
        ({"detail": "m"}, 422, "BadRequestError", "Error 422: m"),
        ({"status": 404, "message": "No such model"}, None, "ModelNotFoundError", "Error 404: No such model"),
        ({"title": "t", "status": 503, "detail": "d"}, None, "ServerError", "Error 503: t: d"),
    ],
)
def test_a_payload_raises(data, status, kind, words):
    """The status decides the class, the payload stands in for it where there is none."""
    with pytest.raises(getattr(errors, kind)) as caught:
        raise_error(data, status)
    assert type(caught.value).__name__ == kind
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("data", [{}, {"error": False}, {"error": None}, {"choices": []}, "text", None, 7])
def test_what_is_no_answer_is_told(data):
    """A whole answer without choices is none, and the text begins as in the original."""
    with pytest.raises(UnreadableResponseError, match=r"^Invalid response: .*api_base="):
        raise_error(data)


@pytest.mark.parametrize(
    "data",
    [{"choices": [{}]}, {"data": []}, {"models": []}, [], ["a"], {"choices": [{}], "error": None}],
)
def test_what_is_an_answer_passes(data):
    """Lists and listings too: their reader judges them."""
    assert raise_error(data) is None


def test_keys_and_length():
    """Whatever looks like a key is masked, and all is cut."""
    with pytest.raises(errors.MissingAuthError) as caught:
        raise_error({"error": "bad key sk-abcdef123456 " + "x" * 5000}, 401)
    assert "sk-abcdef" not in str(caught.value)
    assert len(str(caught.value)) < 700
    with pytest.raises(UnreadableResponseError) as caught:
        raise_error({"odd": "sk-abcdef123456" + "x" * 5000})
    assert "sk-abcdef" not in str(caught.value)
    assert len(str(caught.value)) < 700
