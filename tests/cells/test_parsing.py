"""A line of `%%chat`: what its flags say, where the prompt begins, what is refused."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from g4f_nb.cells import commands, helptext
from g4f_nb.cells.flags import BY_NAME, FLAGS, FORMATS
from g4f_nb.cells.named import notices_of
from g4f_nb.cells.parsing import Options, parse
from g4f_nb.showing import formats

EM, EN = "\N{EM DASH}", "\N{EN DASH}"

KEY = "sk-planted0123456789abcdef"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-t 0.5 --top-p 0.9 --max-tokens 500 --seed -3",
         {"temperature": 0.5, "top_p": 0.9, "max_tokens": 500, "seed": -3}),
        ("--stop END --stop '\\n\\n'", {"stop": ("END", "\n\n")}),
        ("--set reasoning_effort=low --set n=2 --set logit_bias='{\"1\": 2}'",
         {"set_": (("reasoning_effort", "low"), ("n", 2), ("logit_bias", {"1": 2}))}),
        ("--set x=True --set y=null", {"set_": (("x", True), ("y", None))}),
        ("--tool add --tool shop.find -y", {"tool": ("add", "shop.find"), "yes": True}),
        ("--fallback groq:a,Demo", {"fallback": ("groq:a", "Demo")}),
        ("--compare 'a, b'", {"compare": ("a", "b")}),
        ("--api-base http://localhost:8000/v1 --timeout 3",
         {"api_base": "http://localhost:8000/v1", "timeout": 3.0}),
        ("--proxy socks5://localhost:1080", {"proxy": "socks5://localhost:1080"}),
        ('--schema "[name, age int]" -f JSON', {"schema": "[name, age int]", "format": "json"}),
        ("-n plan-b --new", {"name": "plan-b", "new": True}),
        ("--code --no-stream --cache", {"code": True, "no_stream": True, "cache": True}),
    ],
)  # fmt: skip
def test_values_are_what_they_say(line, expected):
    """Numbers are numbers, several are several, what is quoted is one."""
    options = parse(f"{line} hello --and -so on")
    assert {name: getattr(options, name) for name in expected} == expected
    assert options.prompt == "hello --and -so on"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--max-tokens 0", "--max-tokens is '0': it must be a whole number from 1, like 500"),
        ("--max-tokens few", "it must be a whole number from 1"),
        ("--top-p 1.5", "it must be a number above 0 to 1, like 0.9"),
        ("--timeout 0", "it must be a number above 0, like 30"),
        ("-f markdwon", "did you mean markdown?"),
        ("-f xyz", "it must be one of markdown, text"),
        ("--api-base localhost:8000", "it must be an address like http://localhost:8000/v1"),
        ("--set effort", "it must be a parameter and its value, like reasoning_effort=low"),
        ("--set stream=False", "it is --no-stream"),
        ("--set model=x", "it is -m"),
        ("--tool 'f(1)'", "it must be the name of something of yours"),
        ("--fallback ,", "it must be models parted by commas"),
        ("--race a,a", "it names a twice"),
        ("-n ' '", "it must be a name"),
        ("--fork -x", "it must be a name"),
        ("--stop ''", "it is empty"),
        ("--cache=yes", "--cache takes no value"),
        ("-t 0 -t 1", "--temperature is given twice"),
        ("--set n=1 --set n=2", "--set names n twice"),
        ("-t 0 --set temperature=1", "--set names temperature, which --temperature sets"),
        ("--fallbak a,b", "did you mean --fallback?"),
        ("--continu", "did you mean --continue?"),
        ("--yes", "there is none: add --tool NAME"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_the_way_out(line, words):
    """In one line, with the nearest name where there is one; nothing is sent."""
    with pytest.raises(UsageError) as caught:
        parse(line, "hello")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "--fallback a --race b", "--race a --compare b", "--compare a -n b", "--compare a --new",
        "--compare a --fork b", "--compare a --continue", "--compare a --code", "--compare a -f df",
        "--new --continue", "--new --fork a", "--continue --fork a", "--continue --cache",
        "--continue --schema x", "--cache --tool f", "--code --schema x", "--code -f json", "--quiet -f json",
        "--quiet --no-stream", "--quiet --dry-run", "--compare a --tool f",
    ],
)  # fmt: skip
def test_flags_that_contradict_each_other_say_so(line):
    """None of two flags is silently ignored."""
    with pytest.raises(UsageError) as caught:
        parse(line, "hello")
    first, second = re.findall(r"--[a-z-]+", line.replace("-n ", "--name ").replace("-f ", "--format "))[:2]
    assert first in str(caught.value)
    assert second in str(caught.value) or "add --yes" in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [f"--api-key {KEY}", f"--api-key={KEY}", f"--key {KEY}", f"-k {KEY}", f"--set api_key={KEY}",
     f"--set token={KEY}", f"--set x-api-key={KEY}", f"--api-base http://me:{KEY}@host/v1",
     f"--api-base http://host/v1?key={KEY}", f"--proxy http://me:{KEY}@host:3128", f"--{KEY}", f"-t {KEY}",
     f"-f {KEY}", f"--timeout {KEY}", f"-p {KEY}", f"-m groq:{KEY}", f"--fallback Demo,{KEY}", f"-n {KEY}"],
)  # fmt: skip
def test_a_key_has_no_place_in_a_cell_and_is_not_repeated(line):
    """It is refused with what to do instead, and no message shows it."""
    with pytest.raises(UsageError) as caught:
        parse(line, "hello")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [f"OpenaiTemplate:echo --api-key {KEY} --api-base http://h", f"Demo hi --token={KEY}", "http://u:pass1234@host/v1",
     "sk-hunter2secretAb12Cd34Ef56Gh78", "-- sk-hunter2secretAb12Cd34Ef56Gh78"],
)  # fmt: skip
def test_a_key_behind_the_first_word_of_a_cell_is_no_prompt(line):
    """It is refused, told where it belongs, and not shown."""
    with pytest.raises(UsageError, match="does not belong into a cell") as caught:
        parse(line, "hi")
    assert not any(each in str(caught.value) for each in (KEY, "pass1234", "hunter2"))


def test_words_about_keys_are_a_prompt():
    """Where they are meant as such: below the line, behind `--`, in a line of its own; and `-k` is curl's."""
    asked = "what does --token do?"
    assert parse(f"-- {asked}", "here").prompt == f"{asked}\nhere"
    assert parse("", asked).prompt == asked
    assert parse(asked).prompt == asked
    assert parse("what is curl -k", "here").prompt == "what is curl -k\nhere"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Demo:echo", True),
        ("-m Demo Demo:echo", False),
        ("a:b c", False),
        ("-- Demo:echo", False),
        ("Demo: hi", False),
    ],
)
def test_a_model_without_its_flag_is_told(line, told):
    """It is sent as a part of the prompt."""
    options = parse(line, "hi")
    assert any("write -m before it" in notice for notice in notices_of(options, {})) == told


def test_a_key_is_told_where_it_belongs():
    """The command that asks for it, and the environment."""
    with pytest.raises(UsageError, match=r"%g4f key PROVIDER.*\.env"):
        parse(f"--api-key {KEY} hi")
    with pytest.raises(UsageError, match=r"%g4f key PROVIDER"):
        parse(f"--set api_key={KEY} hi")


def test_continue_needs_no_prompt():
    """It goes on with what there is; words may be added."""
    assert parse("--continue").prompt == ""
    assert parse("--continue in French, please").prompt == "in French, please"


def test_each_flag_has_its_field_and_each_field_its_flag():
    """The table and what it is read into are one."""
    fields = {field.name for field in dataclasses.fields(Options)} - {
        "prompt",
        "notices",
        "behind_schema",
        "first_word",
    }
    assert {flag.target for flag in FLAGS} == fields
    shorts = [flag.short for flag in FLAGS if flag.short]
    assert len(BY_NAME) == len(FLAGS) + len(shorts)


def test_the_formats_are_those_that_screens_have():
    """They stand twice, so that loading the extension loads no screen."""
    assert formats.FORMATS == FORMATS


def test_help_names_every_flag_and_is_readable():
    """With its short form, what it takes, and words; no line is wider than a cell."""
    usage = helptext.usage()
    for flag in FLAGS:
        assert flag.written in usage
        assert flag.help.split()[0] in usage
    assert max(map(len, usage.splitlines())) <= 110
    assert "%%chat -m groq:openai/gpt-oss-120b" in usage


def test_the_page_has_the_same_table():
    """`docs/magics.md` says what the code does."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "magics.md").read_text(encoding="utf-8")
    assert helptext.markdown_table().strip() in page
    for command in commands.COMMANDS.values():
        assert f"| `%g4f {command.usage}` | {command.help} |" in page


@pytest.mark.parametrize("line", [f"{EM}provider Demo hi", f"{EN}p Demo hi", f"{EN}-provider Demo hi"])
def test_dashes_of_a_word_processor_are_dashes(line):
    """A line that was pasted from a document is read as it was meant."""
    options = parse(line)
    assert (options.provider, options.prompt) == ("Demo", "hi")


@pytest.mark.parametrize("line", [f"{EM} Bonjour", f"{EM}Bonjour", f"{EN}5 degrees", EM])
def test_a_prompt_may_begin_with_a_dash(line):
    """Only what is a flag's name behind it is taken for one."""
    assert parse(line).prompt == line


def test_a_schema_without_its_quotes_is_told():
    """`--schema name, age int` is no schema `name,` with a prompt `age int`."""
    with pytest.raises(UsageError, match="stands in quotes"):
        parse("--schema name, age int hi")
    # What stands behind it is looked at where the names of types are known.
    assert parse("--schema age int hi").behind_schema == "int hi"
    for line in ("--schema 'age' int hi", "--schema age -- int hi", "--schema age -t 0 int hi"):
        assert parse(line).behind_schema == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "-o my out",
            "--out is 'my' alone, and the prompt begins with 'out': the name of a variable is one word",
        ),
        ("--stop a b", '--stop "a b"'),
        ("-t 0 -n plan b", '-n "plan b"'),
        ("--fork plan b", '--fork "plan b"'),
        ("-o my Summarize:", ""),
        ("-o my Summarize this", ""),
        ("-o my -- out", ""),
        ("-n 'plan b' word", ""),
        ("-o my -t 0 out", ""),
        ("-m demo out", ""),
        ("-o my", ""),
    ],
)
def test_a_second_word_behind_a_flag_is_told(line, told):
    """Where the prompt stands below: it is sent as it was typed, and a line says where the word has gone."""
    options = parse(line, "the prompt")
    assert options.prompt.endswith("the prompt")
    if told:
        assert told in options.notices[0]
        assert len(options.notices) == 1
    else:
        assert options.notices == ()
    assert parse(line + " more").notices == ()
