"""The key is on the wire to its host, and nowhere else: however a call fails, whatever shows it."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import OrderedDict
from functools import partial
from types import SimpleNamespace

import pytest
from echoes import ECHOES
from frames import our_frames
from looking import leaks, shown_of_error, shown_of_value
from planting import HELLO, KEY, SOURCES
from thorough import THOROUGH
from thorough import some as some_of

import g4f_nb as nb
from g4f_nb import settings
from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers import AbstractProvider, AsyncGeneratorProvider, AsyncProvider, OpenaiTemplate
from g4f_nb.providers.registry import resolve

# Listings take none of these.
OF_CHATS = ("the header", "another header", "a header of any name", "the body")
# What every way of asking makes of an error; each form there is is tried on every way of calling below.
TOLD = ["401", "midstream", "page", "detail", "quoted", "base64", "cut"]
FORMS = ("401", "midstream", "page")
MAIN = ["api_key=", *(["the environment", "a class", ".env", "the header"] if THOROUGH else [])]


def _calls(cls, model, given, messages=HELLO):
    """Every way of making a call on a class."""

    async def stream():
        return [one async for one in cls.create_async_generator(model, messages, stream=True, **given)]

    async def in_a_cell():
        return list(cls.create_completion(model, messages, **given))

    return {
        "sync": lambda: list(cls.create_completion(model, messages, **given)),
        "in a cell": lambda: asyncio.run(in_a_cell(), debug=True),
        "sync, whole": lambda: list(cls.create_completion(model, messages, stream=False, **given)),
        "async": lambda: asyncio.run(stream(), debug=True),
        "whole": lambda: asyncio.run(cls.create_async(model, messages, **given)),
    }


FAILURES = {
    "leak": {},
    "error-500": {},
    "error-429": {},
    "bad-json": {},
    "html": {},
    "error-midstream": {},
    "cut": {},
    "reset": {},
    "silent": {"timeout": 0.05},
    "stall": {"timeout": 0.05},
    "stall-total": {"total_timeout": 0.05},
    "refused": {},
    "tls": {},
    "no host": {},
    "typo": {"temprature": 1},
    "no json": {"extra_data": {"x": object()}},
    "wrong type": {"tools": 5},
    "bad messages": {},
    **{f"echo {form}": {} for form in ECHOES},
}


def _pairs(all_of_them, some, sources=SOURCES):
    """Every combination for the sources that differ most, some of them for the others.

    Where not all is tried, a third of them for each of those, another one each time.
    """
    return [
        (source, one)
        for number, source in enumerate(sources)
        for one in (all_of_them if source in MAIN else some_of(some, of=3, but=number))
    ]


@pytest.mark.parametrize(
    ("source", "failure"),
    _pairs(
        FAILURES, ["leak", "refused", "tls", "silent", "no json", "echo 401", "echo midstream", "echo page"]
    ),
)
def test_no_failure_shows_the_key(source, failure, home, tls_server, echoing, places, logged, capfd):
    """Not in the error or those beneath it, nor in any frame, a pickle, a log or the output."""
    base = {
        "refused": "http://127.0.0.1:1/v1",
        "tls": tls_server.api_base,
        "no host": "http://nobody.invalid/v1",
    }.get(failure, home.api_base)
    if failure.startswith("echo "):
        base = f"{echoing}/{failure[5:]}"
    if source == "the proxy" and failure in ("tls", "no host"):
        pytest.skip("the proxy is the server")
    planted = SOURCES[source](base, places)
    model = failure.removesuffix("-total") if failure in (*_MODELS, "stall-total") else "echo"
    given = {"max_retries": 0, "timeout": 5} | planted.given | FAILURES[failure]
    if "extra_data" in planted.given and "extra_data" in FAILURES[failure]:
        given["extra_data"] = planted.given["extra_data"] | FAILURES[failure]["extra_data"]
    messages = [{"content": "x"}] if failure == "bad messages" else HELLO
    ways = list(_calls(planted.cls, model, given, messages).items())
    for name, call in ways if source in MAIN else ways[:2]:
        with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is, it shall not show the key
            call()
        assert not leaks(*shown_of_error(caught.value)), (name, type(caught.value))
    assert not leaks("\n".join(logged), *capfd.readouterr())


_MODELS = (
    "leak", "error-500", "error-429", "bad-json", "html", "error-midstream", "cut", "reset", "silent", "stall"
)  # fmt: skip


@pytest.mark.parametrize(
    ("source", "where"),
    _pairs(
        ["refused", "missing", "tls", *(f"echo {form}" for form in ECHOES)],
        ["refused", "echo 401", "echo page-200"],
        [source for source in SOURCES if source not in OF_CHATS],
    ),
)
def test_no_listing_shows_the_key(source, where, home, tls_server, echoing, places, logged, capfd):
    """`get_models` fails as quietly, in a script and in a cell."""
    if source == "the proxy" and where == "tls":
        pytest.skip("the proxy is the server")
    base = {
        "refused": "http://127.0.0.1:1/v1",
        "tls": tls_server.api_base,
        "missing": f"{home.api_base}/x",
    }.get(where) or f"{echoing}/{where[5:]}"
    planted = SOURCES[source](base, places)
    # The pause before another try shows nothing, and would be most of the time of these tests.
    places.environment("G4F_NB_MAX_RETRIES", "0")

    async def in_a_cell():
        return planted.cls.get_models(**planted.given)

    for call in (
        lambda: planted.cls.get_models(**planted.given),
        lambda: asyncio.run(in_a_cell(), debug=True),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011  # as above
            call()
        assert not leaks(*shown_of_error(caught.value))
    assert not leaks("\n".join(logged), *capfd.readouterr())


@pytest.mark.parametrize(("source", "form"), _pairs([*TOLD, "fine"], [*FORMS, "fine"]))
def test_no_question_shows_the_key(source, form, home, echoing, places, logged, capfd):
    """`ask`, a comparison, a panel, `nb.use`, an `nb.Model`: neither what they give nor what they raise."""
    base = home.api_base if form == "fine" else f"{echoing}/{form}"
    planted = SOURCES[source](base, places)
    places.patch.setattr(planted.cls, "default_model", "echo")
    # Here, too, the pause before another try shows nothing.
    places.environment("G4F_NB_MAX_RETRIES", "0")
    given = {"max_retries": 0, "timeout": 5} | planted.given
    model = nb.Model(planted.cls, **given)
    texts = [*shown_of_value(model), *shown_of_value(resolve(model))]
    for call in (
        lambda: nb.ask("hello", "echo", provider=planted.cls, **given),
        lambda: nb.ask("hello", model),
        lambda: asyncio.run(nb.ask_async("hello", "echo", provider=planted.cls, **given), debug=True),
    ):
        if form == "fine":
            texts += shown_of_value(call())
            continue
        with pytest.raises(nb.G4FError) as caught:
            call()
        texts += shown_of_error(caught.value)
    del given["max_retries"]
    frame = nb.compare(["hello", "again"], [model, planted.cls], progress=False, retries=0, **given)
    texts += [
        frame.to_csv(),
        frame.to_json(date_format="iso"),
        frame.to_html(),
        repr(frame.attrs),
        repr(frame.to_dict()),
    ]
    with nb.use(planted.cls, **given) as using:
        using_now = nb.providers.models.model.used()
        texts += shown_of_value(nb.use()) + shown_of_value(using) + shown_of_value(using_now)
        texts += _panel(nb.ChatPanel())
    texts += _panel(nb.ChatPanel(planted.cls, **given))
    assert not leaks(*texts, "\n".join(logged), *capfd.readouterr())


def _panel(panel):
    """A question in a panel; its state, what it has sent, and its error."""
    sent = []
    panel.send = lambda content, buffers=None: sent.append(content)
    panel.ask("hello")
    assert panel.wait(10)
    texts = [repr(panel.get_state()), repr(sent), repr(vars(panel)), repr(panel), repr(panel.value)]
    if panel.error is not None:
        texts += shown_of_error(panel.error)
    panel.close()
    return texts


@pytest.mark.parametrize("source", SOURCES)
def test_the_right_host_gets_it(source, home, places, logged, capfd):
    """And a call that succeeds shows it to nobody else."""
    planted = SOURCES[source](home.api_base, places)
    if source == "the proxy":
        pytest.skip("the test server is no proxy")
    for name, call in _calls(planted.cls, "echo", planted.given).items():
        chunks = call()
        request = home.requests[-1]
        if not source.startswith("the query"):
            assert leaks(f"{dict(request.headers)} {request.body}"), name
        if planted.bearer:
            assert request.headers["Authorization"] == f"Bearer {KEY}", name
        assert not leaks(*(text for chunk in chunks for text in shown_of_value(chunk)))
    assert not leaks("\n".join(logged), *capfd.readouterr())
    if planted.bearer:
        # What a server of our own has seen is listed without the keys in its headers.
        assert not leaks(repr(home.requests[-1]))


def test_a_password_in_an_address_is_refused_and_not_shown(places, logged, capfd):
    """In the call, on the class, in the variable of a row; for a chat, a listing and a look."""
    address = f"http://user:{KEY}@127.0.0.1:1/v1"
    places.environment("GROQ_BASE_URL", address)
    cases = [
        (OpenaiTemplate, {"api_base": address}),
        (OpenaiTemplate, {"api_endpoint": f"{address}/chat/completions"}),
        (type("Mine", (OpenaiTemplate,), {"api_base": address}), {}),
        (nb.providers.Groq, {}),
    ]
    for cls, given in cases:
        looks = [partial(resolve, cls, **given), partial(nb.ask, "x", cls, **given)]
        for call in (*_calls(cls, "m", given).values(), *looks):
            with pytest.raises(nb.G4FError) as caught:
                call()
            assert not leaks(*shown_of_error(caught.value))
    assert not leaks("\n".join(logged), *capfd.readouterr())


def test_a_class_with_a_key_and_no_address(places):
    """The error is about the address; the class's dictionary is in no frame."""
    cls = type("Mine", (OpenaiTemplate,), {"api_key": KEY})
    for call in (*_calls(cls, "echo", {}).values(), cls.get_models, lambda: resolve(cls)):
        with pytest.raises(Exception, match="has no address") as caught:
            call()
        assert not leaks(*shown_of_error(caught.value))


@pytest.mark.parametrize(
    "headers", [{"X-Team-Token": f"{KEY}\n"}, {"Authorization": [KEY]}, {"X-Auth": KEY.encode()}]
)
def test_a_header_that_is_no_line_of_text(headers, home):
    """The error names it and no frame shows what it holds."""
    given = {"api_base": home.api_base, "headers": headers}
    calls = [*_calls(OpenaiTemplate, "echo", given).values(), partial(nb.ask, "x", OpenaiTemplate, **given)]
    calls += [partial(nb.ask, "x", f"{name}:m", api_key="k", **given) for name in ("anthropic", "gigachat")]
    for call in calls:
        with pytest.raises(InvalidParameterError, match="is no text of one line") as caught:
            call()
        assert not leaks(*shown_of_error(caught.value))


@pytest.mark.parametrize(
    "key", [KEY.encode(), [KEY], (KEY,), {"key": KEY}, 5], ids=lambda key: type(key).__name__
)
def test_a_key_that_is_no_text(key, home):
    """The error is one of ours, says what is wanted, and no frame of ours shows the key."""
    given = {"api_base": home.api_base, "api_key": key}
    mine = type("Mine", (OpenaiTemplate,), given)
    calls = [
        *_calls(OpenaiTemplate, "echo", given).values(),
        partial(OpenaiTemplate.get_models, key, home.api_base),
        *_calls(mine, "echo", {}).values(),
        mine.get_models,
        *(
            partial(call, f"{name}:m", **given)
            for name in ("OpenaiTemplate", "anthropic", "gigachat")
            for call in (partial(nb.ask, "x"), resolve, nb.use)
        ),
        partial(nb.ask, "x", nb.Model("OpenaiTemplate:m", **given)),
        partial(nb.compare, ["x"], ["OpenaiTemplate:m"], progress=False, **given),
        partial(nb.ask, "x", "berlin:m", api_base=home.api_base, account="me", password=key),
        partial(nb.ask, "x", mine),
        partial(nb.use, mine),
        partial(nb.ChatPanel, "OpenaiTemplate:m", **given),
    ]
    for call in calls:
        with pytest.raises(InvalidParameterError, match="is a text, not") as caught:
            call()
        assert not leaks(*shown_of_error(caught.value))


@pytest.mark.parametrize("given", [KEY, [KEY]])
def test_a_key_in_the_place_of_its_variable_s_name(given):
    """`nb.register` refuses it, and no frame shows it."""
    with pytest.raises(InvalidParameterError, match="names the variable") as caught:
        nb.register("mybox", api_base="http://127.0.0.1:1/v1", api_key_env=given)
    assert not leaks(*shown_of_error(caught.value))


def test_a_user_s_own_provider_that_fails():
    """Our frames around it show no keyword; what its own show is its author's business."""

    class Plain(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            raise ValueError(model)

    class Single(AsyncProvider):
        @staticmethod
        async def create_async(model, messages, **kwargs):
            raise ValueError(model)

    class Streaming(AsyncGeneratorProvider):
        @staticmethod
        async def create_async_generator(model, messages, stream=True):
            yield model

    calls = [
        lambda: asyncio.run(Plain.create_async("m", HELLO, api_key=KEY)),
        lambda: list(Single.create_completion("m", HELLO, api_key=KEY)),
        lambda: list(Streaming.create_completion("m", HELLO, api_key=KEY)),
        lambda: asyncio.run(Streaming.create_async("m", HELLO, api_key=KEY)),
        *(lambda cls=cls: nb.ask("x", cls, api_key=KEY) for cls in (Plain, Single, Streaming)),
    ]
    for call in calls:
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        assert not leaks(*shown_of_error(caught.value))


def test_no_thread_and_no_setting_holds_it(home, places):
    """After the call nothing that is listed or shown has it."""
    planted = SOURCES["api_key="](home.api_base, places)
    list(planted.cls.create_completion("echo", HELLO, **planted.given))
    texts = [
        repr(threading.enumerate()),
        repr(settings.current()),
        repr(vars(planted.cls)),
        planted.cls.params,
    ]
    texts += [repr(planted.cls.get_parameters(as_json=True)), repr(planted.cls.get_dict())]
    mine = type("Mine", (OpenaiTemplate,), {"api_base": home.api_base, "api_key": KEY})
    texts += [mine.params, repr(mine.get_parameters(as_json=True)), repr(mine.get_dict())]
    assert not leaks(*texts)


@pytest.mark.parametrize(
    "given",
    [
        {"params": {"api_key": [KEY]}}, {"params": {"headers": [{"Authorization": KEY}]}},
        {"params": {"extra_data": [{"token": KEY}]}, "repeats": "x"},
        {"limits": {"openai": {"api_key": KEY}}}, {"limits": {"api_key": KEY}},
        {"limits": [{"api_key": KEY}]},
    ],
)  # fmt: skip
def test_no_frame_of_a_refused_comparison_shows_a_key(given):
    """However wrong the place is that it was written in."""
    with pytest.raises(nb.G4FError) as caught:
        nb.compare("hi", ["openai:m"], **given)
    frames = [f"{frame.name}: {frame.locals}" for frame in our_frames(caught.value)]
    assert frames
    assert KEY not in "\n".join(frames)


# What a parameter is called that names models or providers, here and there by another name.
_NAMING = {"model", "models", "provider", "providers", "fallback", "race", "value"}
_ALSO = {
    "Model": {"name"},
    "register": {"name"},
    "list_providers": {"names"},
    "list_providers_async": {"names"},
}
# What else a door may have to be given.
_BESIDE = {
    "prompt": "{text}", "into": "n", "prompts": "x", "text_or_messages": "x", "criteria": "short",
    "data": {"text": [1]}, "column": "text", "schema": "n int", "turn": None, "name": "doors",
}  # fmt: skip
_WRONG = {"model": "openai:gpt-4o", "api_key": KEY}


def _doors():
    """Everything public with such a parameter, by its signature; and attributes that are set to a model."""
    result = nb.compare("x", ["Demo:demo", "Demo"], progress=False)
    # Answers that are alike are no judge's business.
    result["answer"], result["text"] = ["one", "two"], "x"
    talk = nb.Conversation("doors", model="Demo")
    talk.ask("x")
    picker, chat, columns = nb.ModelPicker(), nb.ChatPanel("Demo"), nb.ComparePanel(["Demo"])
    holders = (nb, talk, result.llm, result["text"].llm, columns)
    for holder in holders:
        public = nb.__all__ if holder is nb else _methods(type(holder))
        for name in public:
            door = getattr(holder, name)
            if callable(door):
                yield from _entrances(f"{type(holder).__name__}.{name}", door)
    yield "talk.model =", lambda wrong: setattr(talk, "model", wrong)
    yield "picker.value =", lambda wrong: setattr(picker, "value", wrong)
    yield "panel.model =", lambda wrong: setattr(chat, "model", wrong)


def _methods(kind):
    """Those of its own and of what it is made of in this package, by name."""
    ours = [each for each in kind.__mro__ if each.__module__.startswith("g4f_nb")]
    return sorted(
        {
            name
            for each in ours
            for name, one in vars(each).items()
            if name[0] != "_" and inspect.isfunction(one)
        }
    )


def _entrances(where, door):
    name = where.partition(".")[2]
    if name in _NO_DOORS:
        return
    combines = isinstance(door, type) and issubclass(door, AbstractProvider)
    parameters = inspect.signature(door.__new__ if combines else door).parameters
    for each in sorted((_NAMING | _ALSO.get(name, set())) & parameters.keys()):
        # What a signature begins with has no default where it must be given.
        needed = {
            one: _BESIDE[one]
            for one, said in parameters.items()
            if one in _BESIDE and (said.default is said.empty or one in ("prompt", "into")) and one != each
        }
        if name == "map":
            needed["into"] = "n"
        if parameters[each].kind is inspect.Parameter.VAR_POSITIONAL:
            yield f"{where}({each})", lambda wrong, door=door: door(wrong)
        else:
            yield (
                f"{where}({each}=)",
                lambda wrong, door=door, each=each, needed=needed: door(**needed, **{each: wrong}),
            )


def _through(door, wrong):
    made = door(wrong)
    if inspect.iscoroutine(made):
        made = asyncio.run(made)
    pytest.fail(f"it was taken: {type(made).__name__}")


# A value that says who has answered, and those that are asked with what these give.
_NO_DOORS = {"G4FError", "Reply", "again", "options_for"}


def _holds_itself():
    made = [dict(_WRONG)]
    made.append(made)
    return made


_FORMS = {
    "a dict": lambda: dict(_WRONG),
    "an OrderedDict": lambda: OrderedDict(_WRONG),
    "an object": lambda: SimpleNamespace(**_WRONG),
    "in a list": lambda: [_WRONG, "Demo"],
    "deep in it": lambda: [([_WRONG],), "Demo"],
    "in a tuple": lambda: ("Demo", {"a": [_WRONG]}),
    "in itself": _holds_itself,
}


def test_no_frame_shows_the_key_of_what_is_no_model(capfd):
    """Wherever it is given, in whatever: it is refused by its kind."""
    doors = dict(_doors())
    assert len(doors) > 40
    for where, door in doors.items():
        for form, make in _FORMS.items():
            with pytest.raises(nb.G4FError) as caught:
                _through(door, make())
            frames = [f"{frame.name}: {frame.locals}" for frame in our_frames(caught.value)]
            assert frames, (where, form)
            assert KEY not in "\n".join([*frames, str(caught.value)]), (where, form)
            if form == "a dict":
                assert "dict" in str(caught.value), (where, form)
    assert KEY not in "".join(capfd.readouterr())


def test_no_message_shows_a_wrong_value_that_may_hold_a_key():
    """A number or a text is shown as it is, anything else by its kind."""
    talk = nb.Conversation("talk", model="Demo")
    result = nb.compare("x", "Demo", progress=False)
    of_all = ("budget", "repeats", "cache", "zip", "engine", "seed", "retries", "concurrency", "prices")
    doors = {
        **{name: lambda wrong, name=name: nb.compare("x", "Demo", **{name: wrong}) for name in of_all},
        **{
            name: lambda wrong, name=name: nb.ask("x", "Demo", **{name: wrong})
            for name in ("cache", "approve", "tool_limits", "system")
        },
        "price": lambda wrong: nb.Model("Demo", price=wrong),
        "label": lambda wrong: nb.Model("Demo", label=wrong),
        "limit": lambda wrong: nb.Conversation("x", limit=wrong),
        "name": nb.Conversation,
        "keep": lambda wrong: nb.Conversation("x", keep=wrong),
        "observe": talk.observe,
        "mcp_tools": nb.mcp_tools,
        "criteria": lambda wrong: result.llm.grade("Demo", [wrong]),
        "patience": lambda wrong: nb.RaceProvider(["Demo"], patience=wrong),
    }
    for name, door in doors.items():
        for wrong in (dict(_WRONG), [dict(_WRONG)], SimpleNamespace(**_WRONG)):
            with pytest.raises(nb.G4FError) as caught:
                door(wrong)
            assert KEY not in str(caught.value), name
            # Whatever was half made by then can be shown.
            assert our_frames(caught.value), name


_KEYS_AS_TEXTS = [
    "sk-hunter2secretAb12Cd34Ef56Gh78",
    "http://u:hunter2secret@127.0.0.1:9/v1",
    "https://h/v1?api_key=hunter2secret",
    "http://u:hunter2secret@127.0.0.1:9/v1:llama3",
    f"http://u:hunter2secret{'x' * 80}@h/v1",
]


@pytest.mark.parametrize("wrong", _KEYS_AS_TEXTS)
def test_no_message_repeats_a_key_or_a_password_in_a_wrong_place(wrong):
    """In the place of a model, of a name or of a number: it is masked, however long it is."""
    doors = {
        "ask": lambda: nb.ask("x", wrong),
        "use": lambda: nb.use(wrong),
        "KeyPrompt": lambda: nb.KeyPrompt(wrong),
        "register": lambda: nb.register(f"{wrong}/", api_base="http://127.0.0.1"),
        "compare": lambda: nb.compare("x", (wrong,), progress=False),
        "limit": lambda: nb.Conversation("x", limit=wrong),
        "keep": lambda: nb.Conversation("x", keep=wrong),
        "cache": lambda: nb.ask("x", "Demo", cache=wrong),
        "rpm": lambda: nb.Limits(rpm=wrong),
        "price": lambda: nb.Model("Demo", price=wrong),
        "a list": lambda: nb.compare("x", "Demo", temperature=[wrong]),
    }
    for name, door in doors.items():
        with pytest.raises(nb.G4FError) as caught:
            pytest.fail(f"{name}: {type(door())}")
        assert "hunter2" not in str(caught.value), name


@pytest.mark.parametrize("wrong", [*_KEYS_AS_TEXTS[:4], f"sk-{'a1' * 20}", f"gsk_{'Ab1' * 17}"])
def test_no_frame_shows_a_key_that_is_given_as_a_model(wrong):
    """Wherever a model is named, nothing is asked, and our frames hold what is left of it."""
    seen = wrong[wrong.find("hunter2") :][:15] if "hunter2" in wrong else wrong[6:]
    for where, door in {
        "ask": lambda: nb.ask("x", wrong),
        "use": lambda: nb.use(wrong),
        "Model": lambda: nb.Model(wrong),
        "compare": lambda: nb.compare("x", ["Demo", wrong], progress=False),
        "Conversation": lambda: nb.Conversation("x", model=wrong),
        "KeyPrompt": lambda: nb.KeyPrompt(wrong),
        "resolve": lambda: nb.resolve(wrong, provider="Demo"),
    }.items():
        with pytest.raises(nb.G4FError) as caught:
            pytest.fail(f"{where}: {type(door())}")
        frames = [f"{frame.name}: {frame.locals}" for frame in our_frames(caught.value)]
        assert seen not in "\n".join([*frames, str(caught.value)]), where


@pytest.mark.parametrize(
    "name", ["fw-llama-v3p1-70b-instruct", "hf-internal/tiny", "http://h/v1", "sk-learn"]
)
def test_a_model_that_begins_like_a_key_is_a_model(name):
    """It goes to the server as it is written."""
    assert nb.resolve(name, provider="Demo").model == name


def test_a_way_out_shows_how_a_password_is_written():
    """What stands for a user's own is no secret."""
    assert "//user:password@host" in str(nb.G4FError("write http://user:password@host:3128"))
