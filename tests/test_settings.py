"""Options in layers: the notebook's over the environment's over the file's, and bad values told at once."""

from __future__ import annotations

import sys
import threading
import types
from dataclasses import fields
from pathlib import Path

import pytest

from g4f_nb import settings
from g4f_nb.errors import InvalidParameterError
from g4f_nb.settings import Settings, config_folder, current, set_notebook_layer


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(settings, "_looked", None)
    yield
    set_notebook_layer({})


def _write(text: str) -> None:
    (config_folder() / "config.toml").write_text(text, encoding="utf-8")
    settings._looked = None


def test_nothing_set_is_the_defaults():
    """No file, no variable, no notebook."""
    assert current() == Settings()
    assert Settings().timeout == 120


def test_the_layers_lie_over_each_other(monkeypatch):
    """Each option by itself: what a layer does not set shows the one beneath."""
    _write('provider = "groq"\nmodel = "from-file"\ntimeout = 7\n')
    assert (current().provider, current().model, current().timeout) == ("groq", "from-file", 7.0)
    monkeypatch.setenv("G4F_NB_MODEL", "from-environment")
    monkeypatch.setenv("G4F_NB_TIMEOUT", "8")
    assert (current().provider, current().model, current().timeout) == ("groq", "from-environment", 8.0)
    set_notebook_layer({"timeout": 9, "model": None})
    assert (current().provider, current().model, current().timeout) == ("groq", "from-environment", 9.0)
    set_notebook_layer({})
    assert current().timeout == 8.0


def test_provider_and_model_are_a_pair(monkeypatch):
    """A layer that names a provider alone takes no model of a layer beneath, which was meant for another."""
    _write('provider = "groq"\nmodel = "groq:llama"\n')
    monkeypatch.setenv("G4F_NB_PROVIDER", "ollama")
    assert (current().provider, current().model) == ("ollama", None)
    monkeypatch.setenv("G4F_NB_MODEL", "llama3")
    assert (current().provider, current().model) == ("ollama", "llama3")
    set_notebook_layer({"provider": "demo"})
    assert (current().provider, current().model) == ("demo", None)
    set_notebook_layer({"model": "qwen"})
    assert (current().provider, current().model) == ("ollama", "qwen")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("stream", "yes", True),
        ("stream", "0", False),
        ("stream", " Off ", False),
        ("stream", "none", None),
        ("timeout", "none", None),
        ("timeout", "1.5", 1.5),
        ("max_retries", "0", 0),
        ("connect_timeout", "3", 3.0),
        ("max_event_bytes", "1000", 1000),
        ("door", "own", "own"),
        ("provider", "Groq", "Groq"),
    ],
)
def test_a_variable_is_read_as_the_option_s_type(monkeypatch, name, text, value):
    """Text becomes what the option is; `none` where it may be none."""
    monkeypatch.setenv(f"G4F_NB_{name.upper()}", text)
    assert getattr(current(), name) == value
    assert type(getattr(current(), name)) is type(value)


def test_an_empty_variable_is_not_set(monkeypatch):
    """`G4F_NB_MODEL=` in a shell script means nothing."""
    monkeypatch.setenv("G4F_NB_MODEL", "")
    monkeypatch.setenv("G4F_NB_TIMEOUT", "")
    assert current() == Settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("timeout", "soon"),
        ("timeout", "-1"),
        ("timeout", "0"),
        ("timeout", "nan"),
        ("connect_timeout", "none"),
        ("max_retries", "1.5"),
        ("max_retries", "-1"),
        ("max_event_bytes", "many"),
        ("max_event_bytes", "0"),
        ("stream", "maybe"),
        ("door", "back"),
    ],
)
def test_a_bad_value_is_told_with_its_place(monkeypatch, name, text):
    """The error names the layer, the option and the value."""
    monkeypatch.setenv(f"G4F_NB_{name.upper()}", text)
    with pytest.raises(InvalidParameterError, match=rf"the environment sets {name} to '{text}'"):
        current()
    with pytest.raises(InvalidParameterError, match=rf"the notebook sets {name} to '{text}'"):
        set_notebook_layer({name: text})


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_retries", 2.7), ("max_retries", True), ("timeout", True), ("model", ["a"]), ("provider", 5)],
)
def test_a_value_of_another_type_is_no_value(name, value):
    """Nothing is rounded or turned into text behind the user's back."""
    with pytest.raises(InvalidParameterError, match=f"sets {name} to"):
        set_notebook_layer({name: value})
    assert current() == Settings()


def test_an_unknown_option_is_told_with_all_that_there_are():
    """In the file and in the notebook; a variable of another program is nobody's business."""
    _write('modell = "x"\n')
    with pytest.raises(InvalidParameterError, match=r"config\.toml sets 'modell', which is no option.*model"):
        current()
    with pytest.raises(InvalidParameterError, match="the notebook sets 'tiemout'"):
        set_notebook_layer({"tiemout": 1})


@pytest.mark.parametrize("content", [b"model = ", b"\xff\xfe", b"= 3"])
def test_a_file_that_cannot_be_read_is_told_with_its_name(content):
    """It is never skipped in silence."""
    (config_folder() / "config.toml").write_bytes(content)
    with pytest.raises(InvalidParameterError, match=r"config\.toml cannot be read .*mend it or delete it"):
        current()


def test_a_bad_notebook_layer_leaves_the_old_one():
    """It is refused where it is set."""
    set_notebook_layer({"timeout": 5})
    with pytest.raises(InvalidParameterError):
        set_notebook_layer({"timeout": "soon"})
    assert current().timeout == 5


def test_a_changed_file_is_noticed(monkeypatch):
    """Within a second, and without reading it at each call."""
    _write("timeout = 1\n")
    assert current().timeout == 1
    (config_folder() / "config.toml").write_text("timeout = 22\n", encoding="utf-8")
    now = settings._looked[0]
    monkeypatch.setattr(settings.time, "monotonic", lambda: now + 0.5)
    assert current().timeout == 1
    monkeypatch.setattr(settings.time, "monotonic", lambda: now + 1.5)
    assert current().timeout == 22


def test_the_same_answer_is_not_made_twice():
    """Settings are read on every request."""
    set_notebook_layer({"timeout": 5})
    assert current() is current()


def test_another_thread_never_sees_the_layer_empty():
    """While it is set anew, requests of other threads have the old options or the new ones."""
    set_notebook_layer({"timeout": 5})
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            seen.add(settings.current().timeout)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=look)
    thread.start()
    try:
        for number in range(2_000):
            set_notebook_layer({"timeout": 5 + number % 2})
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(before)
    assert seen <= {5.0, 6.0}


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_CONFIG_HOME": "/c"}, "/c/g4f_nb"),
        ("linux", {}, "~/.config/g4f_nb"),
        ("darwin", {}, "~/Library/Application Support/g4f_nb"),
        ("win32", {"APPDATA": "/a"}, "/a/g4f_nb"),
        ("win32", {}, "~/AppData/Roaming/g4f_nb"),
        ("linux", {"G4F_NB_CONFIG_DIR": "/mine"}, "/mine"),
    ],
)
def test_the_config_folder(monkeypatch, platform, variables, folder):
    """The platform's own place, or the one that was chosen; it is not made by asking."""
    for name in ("G4F_NB_CONFIG_DIR", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert config_folder() == Path(folder).expanduser()


def test_every_option_has_a_default_and_a_variable():
    """Nothing has to be set."""
    assert Settings() == Settings(**{field.name: field.default for field in fields(Settings)})


def test_an_annotation_in_another_spelling_is_the_same():
    """What an option may be is read from its type, not from the words that it is written in."""
    source = Path(settings.__file__).read_text(encoding="utf-8")
    for ours, other in {
        "stream: bool | None": "stream: typing.Optional[bool]",
        "timeout: float | None": "timeout: None | float",
        "store_days: float | None": "store_days: typing.Union[float, None]",
        "max_retries: int": "max_retries: typing.Annotated[int, 'of one call']",
        "import os\n": "import os\nimport typing\n",
    }.items():
        assert ours in source
        source = source.replace(ours, other)
    made = types.ModuleType("respelled")
    sys.modules["respelled"] = made
    try:
        exec(compile(source, "respelled", "exec"), vars(made))  # noqa: S102  # our own source
        made.set_notebook_layer({"stream": "yes", "timeout": "none", "store_days": "2", "max_retries": "3"})
        given = made.current()
        assert (given.stream, given.timeout, given.store_days, given.max_retries) == (True, None, 2.0, 3)
        with pytest.raises(InvalidParameterError, match=r"expected float \| None"):
            made.set_notebook_layer({"timeout": "soon"})
    finally:
        del sys.modules["respelled"]


@pytest.mark.parametrize(
    ("name", "value"), [("max_retries", float("inf")), ("timeout", 10**400)], ids=["int", "float"]
)
def test_a_number_beyond_all_numbers_is_refused(name, value):
    """By name, like any other that is none."""
    with pytest.raises(InvalidParameterError, match=f"sets {name} to"):
        set_notebook_layer({name: value})
