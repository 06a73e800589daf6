"""What a cell tells its user: in flags, what would be refused, and what was read otherwise than meant."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

import g4f_nb as nb
from g4f_nb.cells.parsing import near_flags, parse
from g4f_nb.cells.wording import in_flags
from g4f_nb.conversations.shelf import shelf
from g4f_nb.providers.base import AsyncGeneratorProvider


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("start the server there, or check api_base=", "start the server there, or check --api-base"),
        ("allow more with timeout=, of which", "allow more with --timeout, of which"),
        ("pass api_key=, or set the variable", "run %g4f key PROVIDER, or set the variable"),
        ("or pass another as api_key=", "or pass another with %g4f key PROVIDER"),
        ("leave tools= out, or give media=", "leave --tool out, or give --attach"),
        ('say api_base="http://a/v1"', 'say api_base="http://a/v1"'),
        ("Error 400: model=x, code=invalid_value", "Error 400: model=x, code=invalid_value"),
        (
            "nb.use('x', temperature=0) stays, x.timeout= too",
            "nb.use('x', temperature=0) stays, x.timeout= too",
        ),
        ("a=b, GROQ_API_KEY=… and mytimeout= stay", "a=b, GROQ_API_KEY=… and mytimeout= stay"),
    ],
)
def test_keywords_are_told_as_flags(told, shown):
    """Whoever writes `--api-base` is not told of `api_base=`."""
    assert in_flags(told) == shown


def test_an_error_of_a_cell_speaks_of_flags(shell, capsys):
    """Where it is shown; the exception itself is the one that Python's functions raise."""
    capsys.readouterr()
    result = shell.run_cell("%%chat --api-base http://127.0.0.1:9/v1 -m x --set max_retries=0\nhello")
    printed = capsys.readouterr().out
    assert "check --api-base" in printed
    assert "api_base=" not in printed
    assert "check api_base=" in str(result.error_in_exec)


@pytest.mark.parametrize(("typed", "meant"), [("-P", "-p"), ("-M", "-m"), ("--Provider", "--provider")])
def test_a_capital_letter_is_the_same_letter(typed, meant):
    """`-P` is no slip of `-y`."""
    assert near_flags(typed) == [meant]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("--hepl", "--help"), ("--hlep", "--help"), ("--temp", "--temperature"), ("--max", "--max-tokens"),
     ("--tokens", "--max-tokens"), ("--top_p", "--top-p"), ("-model", "--model"), ("--sys", "--system"),
     ("--modle", "--model"), ("--formta", "--format"), ("--dryrun", "--dry-run"), ("--base", "--api-base")],
)  # fmt: skip
def test_the_nearest_flag_is_the_one_that_was_meant(typed, meant):
    """What begins like it comes first, and help is among them."""
    assert near_flags(typed) == [meant]


@pytest.mark.parametrize(
    "typed", ["-x", "-Y", "--ye", "--yess", "--YES", "--verbose", "--foo", "--debug", "-z"]
)
def test_a_guess_is_never_wild_and_never_lets_tools_run(typed):
    """Where nothing is near, nothing is named."""
    assert near_flags(typed) == []


@pytest.mark.parametrize("flag", ["--compare", "--race", "--fallback"])
@pytest.mark.parametrize("models", ["A, B", "A , B", "A ,B"])
def test_a_blank_at_a_comma_drops_no_model(flag, models):
    """It would be asked of fewer, with a model's name in the prompt."""
    for written in (f"{flag} {models} tell me", f"{flag}={models} tell me"):
        with pytest.raises(UsageError, match=r"without a blank, or stand in quotes"):
            parse(written, "hello")
    options = parse(f'{flag} "{models}" tell me')
    assert getattr(options, flag[2:]) == ("A", "B")
    assert options.prompt == "tell me"


def test_a_system_prompt_without_quotes_is_told(shell, asked, capsys):
    """In a cell it is refused, for its rest would stand before the prompt; in a line it may be meant."""
    requests, result = asked("-m upper -s Be brief.", ok=False)
    assert requests == []
    assert "-s is 'Be' alone, and the prompt begins with 'brief.'" in str(result.error_in_exec)
    assert '-s "Be …"' in str(result.error_in_exec)
    for fine in ("-m upper -s Brief", '-m upper -s "Be brief."', "-m upper -s Pirate -- Say:",
                 "-s Pirate -m upper Say:"):  # fmt: skip
        assert len(asked(fine)[0]) == 1
    capsys.readouterr()
    shell.run_cell("%chat -m upper -s Pirate what is it?")
    assert "-s is 'Pirate' alone, and the prompt begins with 'what is it?'" in capsys.readouterr().out
    assert parse("-s 'Be brief.' what?").notices == ()
    assert parse("-s='Be brief.' what?").notices == ()
    assert len(parse("-s=Be brief.").notices) == 1


def test_a_dry_run_says_what_would_be_refused(shell, asked):
    """A model of a closed list, as well as a key that is missing; and how to mend it."""
    assert asked("-p Demo -m nothing --dry-run")[0] == []
    plan = shell.user_ns["_"]
    assert plan.title == "This would be refused, and nothing sent."
    assert plan.rows[0][0] == "refused"
    assert "Demo has no model 'nothing': the nearest are" in plan.rows[0][1]
    asked("-p Demo -m demo-fast --dry-run")
    assert shell.user_ns["_"].title == "This would be sent; nothing was."
    assert ("price", "free (Demo: there is no model behind it)") in shell.user_ns["_"].rows


def test_a_dry_run_of_several_tells_of_each(shell, asked):
    """Where it would be asked, with which key, or why it would not be."""
    assert asked("-m upper --fallback groq,Demo --dry-run")[0] == []
    rows = dict(shell.user_ns["_"].rows)
    assert rows["model 1"].startswith(f"OpenaiTemplate:upper at {shell.user_ns['BASE']}")
    assert "Groq, which would not be asked: Groq needs a key" in rows["model 2"]
    assert rows["model 3"] == "Demo:demo (key: none needed)"
    asked("--race groq,openrouter --dry-run")
    assert "none of these models can be asked" in shell.user_ns["_"].rows[0][1]


def test_a_dry_run_says_that_an_answer_is_kept(shell, asked):
    """Nothing would be sent then."""
    asked("-m upper --cache --new")
    asked("-m upper --cache --new --dry-run")
    assert "its answer is kept" in dict(shell.user_ns["_"].rows)["note"]


class Mine(AsyncGeneratorProvider):
    """Says which model was asked."""

    working = True

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        """Say it."""
        yield f"{model} it is"


def test_a_model_of_a_class_of_one_s_own(shell, asked):
    """`Mine:upper`, as of any provider; among several the class needs a name first."""
    shell.user_ns["Mine"] = Mine
    asked("-m Mine:upper")
    assert shell.user_ns["_"].text == "upper it is"
    _, result = asked("-p Mine -m upper --fallback Demo", ok=False)
    assert "nb.register('mine', Mine)" in str(result.error_in_exec)
    nb.register("mine", Mine)
    asked("-m mine:upper --fallback Demo")
    assert shell.user_ns["_"].text == "upper it is"


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("-p Demo --compare Demo:demo,Demo:demo-fast", ["Demo:demo", "Demo:demo-fast"]),
        ("-p Demo --compare demo-fast,demo-slow", ["Demo:demo-fast", "Demo:demo-slow"]),
        ("-m Demo:demo-fast --compare Demo:demo-fast,Demo:demo-slow", ["Demo:demo-fast", "Demo:demo-slow"]),
        ("-p Demo --compare upper", ["Demo:demo", "OpenaiTemplate:upper"]),
        ("-p Demo -m demo-fast --compare Demo:demo-slow", ["Demo:demo-fast", "Demo:demo-slow"]),
    ],
)
def test_no_model_is_compared_twice(shell, asked, line, labels):
    """-p alone says whose models those are that name no provider; else it is one more."""
    asked(f"{line} --dry-run")
    frame = shell.user_ns["_"]
    assert [f"{row.provider}:{row.model}" for row in frame.itertuples()] == labels


def test_models_of_one_provider_answer_as_one(shell, asked):
    """Of --fallback and --race, too, -p says whose the models are that name no provider."""
    asked("-p Demo -m demo-slow --race demo-fast")
    assert shell.user_ns["_"].model == "demo-fast"


def test_a_reset_says_what_stays_on_disk(shell, capsys):
    """And how to have it again, and how to be rid of it; both work as told."""
    for word in ("one", "two"):
        shell.run_cell(f"%chat -p Demo -m demo-fast {word}")
    capsys.readouterr()
    shell.run_cell("%g4f reset")
    printed = capsys.readouterr().out
    assert "2 turns no longer sent" in printed
    assert "%g4f load main earlier has them again" in printed
    assert "nb.Conversation.restore('main').forget() deletes them" in printed
    assert shell.run_cell("%g4f load main earlier").success
    assert [turn.shown for turn in shelf().get("earlier")] == ["one", "two"]
    shell.run_cell("%chat -p Demo -m demo-fast three\n%g4f reset")
    nb.Conversation.restore("main").forget()
    assert "main" not in nb.list_conversations().query("turns > 0")["name"].tolist()
    shell.run_cell("%chat -p Demo -m demo-fast four")
    shelf().get("main").keep = False
    capsys.readouterr()
    shell.run_cell("%g4f reset")
    assert "On disk" not in capsys.readouterr().out


@pytest.mark.parametrize("used", ["Demo", "OpenaiTemplate:upper"])
def test_a_mistyped_provider_is_no_model_of_the_one_in_use(shell, used):
    """Of `%g4f models`, of nb.list_models and of nb.use: the nearest provider is named."""
    nb.use(used)
    for line in ("%g4f models grq", "%g4f use grq"):
        result = shell.run_cell(line)
        assert "did you mean 'Groq'" in str(result.error_in_exec), line
    for call in (nb.list_models, nb.use):
        with pytest.raises(nb.errors.ProviderNotFoundError, match="did you mean 'Groq'"):
            call("grq")
    if used == "Demo":
        with pytest.raises(nb.errors.ModelNotSupportedError, match="Demo has no model 'llama'"):
            nb.use("llama")
    else:
        assert nb.use("llama").where.model == "llama"


def test_nobody_chosen_is_told_with_every_way(monkeypatch):
    """In the call, for the session, for good."""
    with pytest.raises(nb.errors.NoProviderError, match=r'nb\.use\("provider:model"\)'):
        nb.ask("hi")


@pytest.mark.parametrize("schema", ['"[name, age int]"', '"name, age int"'])
def test_data_is_shown_as_data(shell, capsys, schema):
    """A list as a list, whatever it was wrapped in on its way; in a notebook as a block of code."""
    capsys.readouterr()
    shell.run_cell(f"%%chat -p Demo -m demo-fast --new --schema {schema}\nAnn is 7")
    reply = shell.user_ns["_"]
    printed = capsys.readouterr().out
    assert '"value"' not in printed
    assert printed.startswith('[\n  {\n    "name"' if "[" in schema else '{\n  "name": "Ann",\n  "age": 7\n}')
    bundle = reply._repr_mimebundle_()
    assert bundle["text/plain"] + "\n" in printed
    assert f"```json\n{bundle['text/plain']}\n```" in bundle["text/markdown"]


def test_a_transcript_shows_what_was_typed(shell):
    """What was sent in its place is folded below it."""
    shell.user_ns["numbers"] = list(range(40))
    shell.run_cell("%%chat -p Demo -m demo-fast\nHow many are {numbers}?")
    bundle = shelf().get("main")._repr_mimebundle_()
    assert "You: How many are {numbers}?" in bundle["text/plain"]
    asked, _, folded = bundle["text/markdown"].partition("<summary>As it was sent</summary>")
    assert "How many are {numbers}?" in asked
    assert "35, 36" not in asked
    assert "35, 36" in folded.partition("</details>")[0]
