"""Each flag of `%%chat` does what its name says, asked of a real server from a real IPython shell."""

from __future__ import annotations

import re

import pytest

from g4f_nb.conversations.shelf import shelf


def test_parameters_go_to_the_server(asked):
    """As the API names them, of the type that it wants; what is not given is not sent."""
    (seen,), _ = asked(
        "-m upper -t 0 --max-tokens 9 --top-p 0.5 --stop A --stop B --seed 7 --set n=1 --set user=me"
    )
    left_out = ("messages", "model", "stream_options")
    assert {name: value for name, value in seen.body.items() if name not in left_out} == {
        "temperature": 0, "max_tokens": 9, "top_p": 0.5, "stop": ["A", "B"], "seed": 7, "n": 1, "user": "me",
        "stream": True,
    }  # fmt: skip
    (seen,), _ = asked("-m upper")
    assert not {"temperature", "max_tokens", "stop", "seed"} & set(seen.body)


def test_a_parameter_that_nobody_reads_is_an_error(asked):
    """It is not dropped: the nearest name is told."""
    requests, result = asked("-m upper --set temprature=1", ok=False)
    assert requests == []
    assert "did you mean 'temperature'?" in str(result.error_in_exec)


def test_an_address_alone_is_a_server_s(shell, asked, server):
    """`--api-base` needs no provider; a key of another address does not go there."""
    (seen,), _ = asked(f"--api-base {server.api_base} -m upper")
    assert seen.body["model"] == "upper"
    assert "Authorization" not in seen.headers


def test_timeout_and_proxy_are_kept_to(asked):
    """A silent server is given up; a proxy that is not there is the way that was taken."""
    _, result = asked(
        f"-p OpenaiTemplate -m silent --api-base {'{base}'} --timeout 0.3".replace(
            "{base}", "http://127.0.0.1:9"
        ),
        ok=False,
    )
    assert "127.0.0.1:9" in str(result.error_in_exec)
    requests, result = asked("-m upper --proxy http://127.0.0.1:9", ok=False)
    assert requests == []
    assert "proxy" in str(result.error_in_exec).lower()


def test_fallback_and_race(shell, asked):
    """The model of -m comes first; who did not answer is in the reply."""
    shell.run_cell("broken = model('error-500')")
    _, _ = asked("-m broken --fallback upper,echo")
    reply = shell.user_ns["_"]
    assert reply.text == "HELLO"
    assert len(reply.failed) == 1
    _, _ = asked("-m upper --race broken")
    assert shell.user_ns["_"].text == "HELLO"


def test_schema_by_name_and_line(shell, asked):
    """A type of the user's, an expression of it, a line; a name that is nothing is told."""
    shell.run_cell(
        "from dataclasses import dataclass\n@dataclass\nclass Person:\n    name: str\n    age: int"
    )
    for schema in ("Person", "list[Person]", '"name, age int"'):
        assert shell.run_cell(f"%%chat -p Demo -m demo-fast --new --schema {schema}\nAnn is 7").success
    assert shell.user_ns["_"].data == {"name": "Ann", "age": 7}
    assert shell.user_ns["__"].data[0].age == 7
    assert shell.user_ns["___"].data == shell.user_ns["Person"]("Ann", 7)
    _, result = asked("-m upper --schema Persn", ok=False)
    assert "did you mean Person?" in str(result.error_in_exec)
    _, result = asked("-m upper --schema persons", ok=False)
    assert "did you mean Person?" in str(result.error_in_exec)
    # One field is a line, too.
    assert shell.run_cell('%%chat -p Demo -m demo-fast --new --schema "mood"\nAnn is "happy"').success
    assert shell.user_ns["_"].data == {"mood": "happy"}
    shell.user_ns["number"] = 5
    _, result = asked("-m upper --schema number", ok=False)
    assert "is of type int" in str(result.error_in_exec)


@pytest.mark.parametrize("line", ["age int", "mood good|bad", "age int?", "when date", "tags list[str]"])
def test_a_type_alone_behind_the_name_of_a_field_is_no_prompt(asked, line):
    """A line of several words stands in quotes: it is told, and nothing is sent."""
    for flags in ("-m json --new --dry-run", "--compare json --dry-run"):
        sent, result = asked(f"{flags} --schema {line}", "hello", ok=False)
        assert sent == []
        assert f'stands in quotes, --schema "{line}"; a prompt that' in str(result.error_in_exec)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mood date when it was", '--schema "mood date …"'),
        ("score float: 0 to 1", '--schema "score float …"'),
        ("mood Date it", ""),
        ("mood interest", ""),
        ("Person string them together", ""),
        ("dict float above", ""),
        ("'mood' date it", ""),
        ("mood -- date", ""),
    ],
)
def test_a_prompt_that_begins_like_a_type_is_sent(shell, line, told):
    """It is told behind the name of a field, and not behind that of a type, quotes or `--`."""
    shell.user_ns["Person"] = dict
    result = shell.run_line_magic("chat", f"-p Demo -m demo-fast --new --dry-run --schema {line}")
    assert told in repr(result)
    assert ("stands in quotes" in repr(result)) == bool(told)


def test_an_answer_that_does_not_fit_is_an_error_and_is_kept(shell, server):
    """The next cell would work on nothing; the text is in `_`."""
    shell.run_cell(
        f"import g4f_nb as nb\nnever = nb.Model('OpenaiTemplate:json-never', api_base={server.api_base!r})"
    )
    result = shell.run_cell(
        "%%chat -m never --schema 'name, age int' -o answer\nAnn is 7", store_history=True
    )
    assert type(result.error_in_exec).__name__ == "SchemaError"
    assert "its text is in `_.text`" in str(result.error_in_exec)
    assert shell.user_ns["_"] is shell.user_ns["answer"]
    assert shell.user_ns["answer"].data is None


def test_tools_by_name(shell, asked):
    """A function, a method, a list; what is none is told before anything is sent."""
    shell.run_cell(
        "def add(a: int, b: int):\n    'Add.'\n    return a + b\n"
        "class Shop:\n    def find(self, text: str):\n        'Find.'\n        return 'found ' + text\n"
        "shop, both, number = Shop(), [add], 5"
    )
    for line in ("--tool add", "--tool both"):
        shell.run_cell(f"%%chat -p Demo -m demo-fast --new --yes {line}\nPlease add 2 and 40")
        assert shell.user_ns["_"].text == "`add` answered: 42" or "42" in shell.user_ns["_"].text
    shell.run_cell('%%chat -p Demo -m demo-fast --new -y --tool shop.find\nfind "Ann"')
    assert "found Ann" in shell.user_ns["_"].text
    for line, words in (("--tool ad", "did you mean add?"), ("--tool number", "is of type int"),
                        ("--tool shop.fnd", "cannot be had"), ("--tool add", "add --yes")):  # fmt: skip
        requests, result = asked(f"-m upper {line}", ok=False)
        assert requests == []
        assert words in str(result.error_in_exec)


def test_a_kept_answer_is_not_asked_again(shell, asked, capsys):
    """The same question has the same answer, says so, and costs nothing; another question is asked."""
    requests, _ = asked("-m upper --cache --new -t 0")
    first = shell.user_ns["_"]
    assert len(requests) == 1
    capsys.readouterr()
    requests, _ = asked("-m upper --cache --new -t 0")
    again = shell.user_ns["_"]
    assert requests == []
    assert again is not first
    assert (again.text, again.model, again.finish_reason) == (first.text, first.model, first.finish_reason)
    assert again.usage == first.usage
    assert again.cost == 0
    assert "nothing was sent" in capsys.readouterr().out
    for line in ("-m upper --cache --new -t 1", "-m echo --cache --new -t 0", "-m upper --new -t 0",
                 "-m upper --cache -t 0"):  # fmt: skip
        assert len(asked(line)[0]) == 1, line


def test_a_comparison_s_answer_is_a_kept_one(shell, asked):
    """Cells and comparisons have one store; a stopped answer is never kept."""
    shell.run_cell("nb.compare('hello', [upper], progress=False)")
    assert asked("-m upper --cache --new")[0] == []
    asked("-m cut --cache --new", ok=False)
    assert len(asked("-m cut --cache --new", ok=False)[0]) == 1


def test_a_dry_run_sends_nothing_and_tells_all(shell, asked):
    """Where to, what, how much; the conversation is as it was, and no key is shown."""
    shell.run_cell("keyed = nb.Model('OpenaiTemplate:upper', api_base=BASE, api_key='sk-planted0123456789')")
    asked("-m upper", "before")
    requests, _ = asked("-m keyed --dry-run -t 0.5 -s Brief --show-context", "hello {number}")
    assert requests == []
    plan = shell.user_ns["_"]
    rows = {row[0]: row[1] for row in plan.rows}
    assert "temperature=0.5" in rows["parameters"]
    assert rows["system"] == "Brief"
    assert rows["user"] == "hello {number}"
    assert rows["assistant"] == "BEFORE"
    assert rows["tokens"].startswith("about ")
    assert rows["host"].startswith(shell.user_ns["BASE"])
    assert "planted" not in repr(plan) + plan._repr_html_()
    assert [turn.shown for turn in shelf().get("main")] == ["before"]
    assert len(shelf().all) == 1


def test_a_comparison_stands_side_by_side(shell, asked, capsys):
    """Every answer in a column, a DataFrame in `_` and in the variable; a failure is one of the answers."""
    shell.run_cell("broken = model('error-500')")
    requests, _ = asked("-m upper --compare echo,broken -o frame", "hello {BASE}")
    frame = shell.user_ns["_"]
    assert frame is shell.user_ns["frame"]
    assert list(frame["status"]) == ["ok", "ok", "error"]
    assert frame["answer"][0] == f"HELLO {shell.user_ns['BASE'].upper()}"
    printed = capsys.readouterr().out
    assert printed.count("OpenaiTemplate:upper") == 1
    assert printed.endswith("a DataFrame with a row for each of the 3 models\n")
    assert "No answer:" in printed
    assert shelf().get("main") is None
    assert len(requests) >= 3
    assert len(asked("-m upper --compare echo", "hello {BASE}")[0]) == 2
    assert asked("-m upper --compare echo --cache", "hello {BASE}")[0] == []


def test_code_goes_into_the_next_input(shell):
    """In a terminal the line that is typed next is the first block, ready to be edited; then the others."""
    shell.run_cell("%%chat -p Demo -m demo-fast --code\ncode")
    assert shell.rl_next_input.startswith("def fibonacci")
    shell.rl_next_input = None


def test_an_answer_as_a_whole(asked, server):
    """`--no-stream` is about the cell: what had arrived when it broke off is there all the same."""
    asked("-m cut --no-stream", ok=False)
    (seen,), _ = asked("-m upper --no-stream --new")
    assert seen.body["stream"] is True


def test_a_dry_run_needs_no_key(shell, asked):
    """What it would cost can be looked at before one has a key; which is missing is told."""
    assert asked("-m groq:openai/gpt-oss-120b --dry-run -t 0 -s Brief")[0] == []
    rows = {row[0]: row[1] for row in shell.user_ns["_"].rows}
    assert rows["user"] == "hello"
    assert rows["system"] == "Brief"
    assert "set the environment variable GROQ_API_KEY" in rows["refused"]
    assert shell.user_ns["_"].title == "This would be refused, and nothing sent."
    assert rows["parameters"] == "temperature=0.0"
    assert rows["price"].startswith(("about $", "not known"))


def test_a_dry_run_of_several_and_of_tools(shell, asked):
    """Whoever would be asked is named, with what each takes along."""
    shell.run_cell("def add(a: int, b: int):\n    'Add.'\n    return a + b")
    for line in ("-m upper --race echo", "--fallback upper,Demo", "-p Demo --tool add --schema 'a int'"):
        assert asked(f"{line} --dry-run")[0] == []
        assert "This would be sent" in repr(shell.user_ns["_"])
    assert ("tools", "add") in shell.user_ns["_"].rows
    assert asked("-m upper --compare echo --dry-run")[0] == []
    assert list(shell.user_ns["_"]["status"]) == ["planned", "planned"]


def test_a_dry_run_of_a_comparison_can_be_read(asked, capsys):
    """A row a model, with its tokens and price, or why it would not be asked; the frame is the value."""
    capsys.readouterr()
    asked("-m upper --compare groq,Demo --dry-run -s 'Be brief.'", "hello {1}")
    printed = capsys.readouterr().out
    assert "This would be sent to 2 of 3 models; nothing was." in printed
    for line in (
        r"OpenaiTemplate:upper +\d+ → about 200 +\S.*",
        r"Groq +would not be asked",
        r"Groq would not be asked: .*GROQ_API_KEY.*%g4f key.*",
        r"Demo:demo +\d+ → about 200 +free \(Demo: there is no model behind it\)",
        r"system prompt: Be brief.",
        r"prompt: hello \{1\}",
    ):
        assert re.search(line, printed), line
    assert "request_key" not in printed


def test_quiet_shows_nothing(shell, asked, capsys):
    """The answer is in `_` and in the variable."""
    capsys.readouterr()
    asked("-m upper --quiet -o answer")
    assert "HELLO" not in capsys.readouterr().out.replace(repr(shell.user_ns["answer"]), "")
    assert shell.user_ns["answer"].text == "HELLO"


def test_show_context_lists_what_was_sent(shell, asked, capsys):
    """Piece by piece, with estimated tokens."""
    shell.user_ns["word"] = "value"
    asked("-m upper -s Brief --show-context", "hello {word}")
    printed = capsys.readouterr().out
    for piece in ("system", "prompt", "value", "tokens in all"):
        assert piece in printed


def test_attachments_go_along(shell, asked, tmp_path):
    """A file and a variable beside the prompt; what is neither is told before anything is sent."""
    file = tmp_path / "notes.txt"
    file.write_text("the secret word is plum")
    shell.user_ns["data"] = {"a": 1}
    (seen,), _ = asked(f"-m upper --attach {file} --attach data")
    text = str(seen.body["messages"][0]["content"])
    assert "plum" in text
    assert "hello" in text
    requests, result = asked("-m upper --attach dta", ok=False)
    assert requests == []
    assert "did you mean 'data'?" in str(result.error_in_exec)
