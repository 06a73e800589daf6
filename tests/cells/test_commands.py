"""`%g4f SUBCOMMAND`: what each does, and that a slip of the finger goes to no model."""

from __future__ import annotations

import pytest
from small_server import web

from g4f_nb import credentials, settings
from g4f_nb.cells import commands
from g4f_nb.errors import ConnectionFailedError, G4FError, InvalidParameterError, ProviderNotFoundError
from g4f_nb.providers import Demo
from g4f_nb.providers.models.model import Model, set_used
from g4f_nb.providers.registry import resolve
from g4f_nb.providers.services.rows import rows
from g4f_nb.tables import Table
from g4f_nb.testing import serve

KEY = "gsk_planted0123456789"


@pytest.fixture(autouse=True)
def _fresh(places):
    yield
    credentials.forget_typed()
    set_used(None)
    settings.set_notebook_layer({})


class _Desk:
    """A place to type commands at."""

    def __init__(self):
        self.variables, self.said, self.typed = {}, [], []

    def __call__(self, line):
        place = commands.Place(
            variable=lambda name: self.variables.get(name, name),
            ask_secret=lambda prompt: self.typed.pop(0),
            say=self.said.append,
        )
        return commands.run(line, place)


@pytest.fixture
def desk():
    return _Desk()


@pytest.mark.parametrize("line", ["", "help", "--help", "-h"])
def test_help_lists_every_command(desk, line):
    """With its usage and what it does; the magic's own help has the same lines."""
    table = desk(line)
    assert [row[0].split()[1] for row in table.rows] == list(commands.COMMANDS)
    assert all(row[0] in commands.usage() and row[1] in commands.usage() for row in table.rows)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("kye groq", "there is no %g4f kye: did you mean key? Nothing was sent."),
        ("modles", "did you mean models?"),
        ("list", "did you mean conversations?"),
        ("clear", "did you mean reset?"),
        ("new", "did you mean reset?"),
        ("hist", "did you mean history?"),
        ("frobnicate", "there are models, providers"),
        ("what is pandas", "there are models, providers, use"),
        ("key groq --sav", "has no flag --sav: did you mean --save?"),
        ("providers --loca", "has no flag --loca: did you mean --local?"),
        ("use a b", "that is too much for %g4f use: it is written %g4f use [MODEL]"),
        ("key --save", "--save needs a provider"),
        ("key groq --save --forget", "contradict"),
        ("use 'open", "a quote is opened and not closed"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(desk, line, words):
    """Nothing is sent to any model, and nothing is asked."""
    with pytest.raises(InvalidParameterError) as caught:
        desk(line)
    assert words in str(caught.value)
    assert desk.said == []


@pytest.mark.parametrize(
    "line",
    [f"key {KEY}", f"key groq {KEY}", f"key groq --api-key={KEY}", f"key groq --{KEY}", KEY,
     f"key {KEY} groq", "key planted0123456789", "key groq planted0123456789", f"key --forget {KEY}"],
)  # fmt: skip
def test_a_key_in_the_line_is_not_repeated(desk, line):
    """It stands in the cell, which is bad enough; the error says how it is done."""
    with pytest.raises(G4FError) as caught:
        desk(line)
    assert "planted" not in str(caught.value)
    assert not credentials.any_typed()


def test_key_asks_keeps_lists_and_forgets(desk):
    """For a provider by name; what is shown is never the key."""
    desk.typed = [KEY]
    assert desk("key groq") is None
    assert resolve("groq").key == "%g4f key, for this session"
    assert desk("key").rows[0][:2] == ("Groq", "%g4f key, for this session")
    assert desk("key groq --forget") is None
    assert resolve("groq").key is None
    assert "planted" not in "".join(desk.said)
    assert len(desk.said) == 2
    with pytest.raises(ProviderNotFoundError, match="did you mean Groq"):
        desk("key grok")


def test_key_takes_a_variable_that_holds_a_model(desk):
    """As everywhere: `nb.Model` or a class."""
    desk.variables["mine"] = Model("OpenaiTemplate:m", api_base="http://localhost:1/v1")
    desk.typed = [KEY]
    desk("key mine")
    assert resolve(desk.variables["mine"]).key == "%g4f key, for this session"


def test_use_chooses_shows_and_resets(desk):
    """A name or a variable."""
    assert "no provider is chosen" in repr(desk("use"))
    assert "using Demo:demo-fast" in repr(desk("use demo:demo-fast"))
    assert "using Demo:demo-fast" in repr(desk("use"))
    assert resolve().provider is Demo
    desk.variables["mine"] = Model("ollama:llama3", temperature=0)
    assert "using Ollama:llama3 at http://localhost:11434/v1, with temperature" in repr(desk("use mine"))
    for reset in ("use none", "use --reset", "use None"):
        desk("use demo")
        assert "no provider is chosen" in repr(desk(reset))


def test_providers_shows_where_the_key_of_each_is(desk, places):
    """By name, or what to set; local servers and Demo need none."""
    places.environment("GROQ_API_KEY", KEY)
    table = desk("providers")
    keys = {row[0]: row[2] for row in table.rows}
    assert keys["Groq"] == "the environment variable GROQ_API_KEY"
    assert keys["OpenAI"] == keys["OpenaiTemplate"] == "no key: set OPENAI_API_KEY"
    assert keys["Demo"] == keys["Ollama"] == "none needed"
    assert KEY not in repr(table)


def test_providers_finds_local_servers_on_request(desk, monkeypatch):
    """With `--local` only those of this machine, and whether each runs."""
    for row in rows().values():
        for name in row.api_base_env[:1] if row.local else ():
            monkeypatch.setenv(name, "http://127.0.0.1:1/v1")
    with web(lambda _: (200, {"data": [{"id": "m", "owned_by": "library"}]})) as server:
        desk("providers")
        assert server.seen == []
        monkeypatch.setenv("OLLAMA_API_BASE", f"{server.address}/v1")
        table = desk("providers --local")
    runs = {line[0]: line[2] for line in table.rows}
    assert runs["Ollama"] == "yes, 1 model"
    assert runs["LMStudio"] == "no"
    assert "Groq" not in runs


def test_models_lists_what_a_provider_offers(desk, monkeypatch):
    """Of the one named, of a variable, or of the one in use; with its address and key."""
    assert ("demo-fast",) in desk("models demo").rows
    with serve() as server:
        desk.variables["mine"] = Model("OpenaiTemplate", api_base=server.api_base, api_key=KEY)
        table = desk("models mine")
        assert ("upper",) in table.rows
        assert table.headings == ("models of OpenaiTemplate",)
        assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
        desk("use mine")
        assert desk("models").rows == table.rows


def test_models_are_asked_for_the_way_that_questions_go(desk):
    """Through the proxy of the model, say, as panels and `nb.list_models` do."""
    with serve() as server:
        desk.variables["mine"] = Model("OpenaiTemplate", api_base=server.api_base, proxy="http://127.0.0.1:9")
        with pytest.raises(ConnectionFailedError, match="proxy"):
            desk("models mine")
        assert server.requests == []


def test_config_says_what_sets_each_option(desk, monkeypatch, tmp_path):
    """The file, the environment, the notebook; and that nb.use comes before them."""
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(settings, "_looked", None)
    (tmp_path / "config.toml").write_text('provider = "groq"\nmodel = "x"\ntimeout = 5\nmax_retries = 1\n')
    monkeypatch.setenv("G4F_NB_MAX_RETRIES", "4")
    settings.set_notebook_layer({"provider": "ollama"})
    rows = {row[0]: row[1:] for row in desk("config").rows}
    assert rows["provider"] == ("'ollama'", "the notebook")
    assert rows["model"] == ("None", "the notebook")
    assert rows["timeout"] == ("5.0", str(tmp_path / "config.toml"))
    assert rows["max_retries"] == ("4", "the environment")
    assert rows["door"] == ("'auto'", "the default")
    assert desk("config").note == f"They can be set in {tmp_path / 'config.toml'}."
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path / "own"))
    monkeypatch.setattr(settings, "_looked", None)
    assert desk("config").note == "They can be set in ~/own/config.toml, which is not there yet."
    desk("use demo")
    assert "nb.use comes before provider and model: using Demo:demo" in repr(desk("config"))


def test_a_command_is_one_more_row(desk, monkeypatch):
    """Its usage says which words and flags it takes."""

    def echo(given, place):
        place.say(f"{given.words} {sorted(given.flags)}")
        return Table(())

    monkeypatch.setitem(commands.COMMANDS, "echo", commands.Command("echo A [B] [--loud]", "says it", echo))
    desk("echo one 'two words' --loud")
    assert desk.said == ["('one', 'two words') ['--loud']"]
    with pytest.raises(InvalidParameterError, match="too much for %g4f echo"):
        desk("echo 1 2 3")
