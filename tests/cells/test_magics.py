"""`%%chat` in a real IPython shell: flags, the prompt verbatim, errors, what is left in the namespace."""

from __future__ import annotations

import asyncio
import sys

import pandas as pd
import pytest
from IPython.core.error import UsageError

from g4f_nb import cells, magics, settings
from g4f_nb.cells import questionmarks
from g4f_nb.cells.parsing import NOT_HELP, parse
from g4f_nb.chunks import RequestLogin
from g4f_nb.conversations.shelf import shelf
from g4f_nb.errors import InvalidParameterError, MissingAuthError, ProviderNotFoundError
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.providers.registry import resolve
from g4f_nb.reply import Reply


@pytest.mark.parametrize(
    ("line", "cell", "expected"),
    [
        ("", "hi", {"prompt": "hi"}),
        ("-p Demo", "hi", {"provider": "Demo", "prompt": "hi"}),
        ("--provider=Demo -m x:y", "hi", {"provider": "Demo", "model": "x:y"}),
        ('-s "Be brief." -t 0.5', "hi", {"system": "Be brief.", "temperature": 0.5}),
        ("--system='a b' what is -p?", None, {"system": "a b", "prompt": "what is -p?"}),
        ("-o answer -- -p is a flag", None, {"out": "answer", "prompt": "-p is a flag"}),
        ("explain:", "print({'a': 1})", {"prompt": "explain:\nprint({'a': 1})"}),
        ("- a list", None, {"prompt": "- a list"}),
        ("-s “Be brief” hello", None, {"system": "Be brief", "prompt": "hello"}),
        ("-5 + 3", None, {"prompt": "-5 + 3"}),
        ("it's \"quoted", None, {"prompt": "it's \"quoted"}),
        ("", r"\frac{1}{2} {name} {{x}} $HOME \d{3}", {"prompt": r"\frac{1}{2} {name} {{x}} $HOME \d{3}"}),
        ("", "\n\n    indented\n", {"prompt": "    indented"}),
    ],
)
def test_flags_end_where_the_prompt_begins(line, cell, expected):
    """Flags are read up to the first other word or `--`; the rest is the prompt, verbatim."""
    options = parse(line, cell)
    assert {name: getattr(options, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--modle x hi", "did you mean --model?"),
        ("-p", "-p needs a value"),
        ("-t hot hi", "--temperature is 'hot'"),
        ("-o 1x hi", "name of a variable"),
        ("-o class hi", "name of a variable"),
        ('-s "open hi', "a quote is opened"),
        ("-t nan hi", "--temperature is 'nan'"),
        ("-o __builtins__ hi", "a variable of yours"),
        ("-o Out hi", "a variable of yours"),
        ("--api-key sk-1 hi", "a key does not belong into a cell, where it would be saved"),
        ("--help me", "--help stands alone: %chat --help."),
        ("-h me", "-h stands alone: %chat --help."),
        ("-f code-ish hi", "did you mean code? %chat --help"),
        ("-f nope hi", "did you mean code? %chat --help"),
        ("--proxy http://me:sk-1@host:1 hi", "set HTTPS_PROXY to the whole address in the environment"),
        ("-o print hi", "print would no longer be Python's own; take another name"),
        ("", "there is no prompt"),
        ("-p Demo", "there is no prompt"),
    ],
)
def test_a_mistake_in_a_flag_is_never_sent(line, words):
    """A mistyped flag or value is an error that names the way out, not a part of the prompt."""
    with pytest.raises(UsageError, match=None) as caught:
        parse(line)
    assert words in str(caught.value)
    assert "sk-1" not in str(caught.value)
    assert "cell: that" not in str(caught.value)


def test_the_reply_is_in_the_namespace(shell, capsys):
    """The answer is printed once, and the Reply is in `_` and in the variable that --out names."""
    assert shell.run_cell("%%chat -p Demo -m demo-fast -o answer\nhello", store_history=True).success
    reply = shell.user_ns["answer"]
    assert isinstance(reply, Reply)
    assert shell.user_ns["_"] is reply
    printed = capsys.readouterr().out
    assert printed.count("no model is behind it") == 1
    assert "Out[" not in printed
    assert shell.user_ns["Out"][shell.execution_count - 1] is reply
    assert shell.run_cell("_", store_history=True).success
    assert "Out[" in capsys.readouterr().out
    assert not reply.partial
    assert reply.usage is not None
    assert reply.messages[0] == {"role": "user", "content": "hello"}


def test_a_question_mark_reaches_the_model(shell):
    """`%chat what is pandas?` is a question to the model, in an assignment and in a loop, too."""
    code = "x = %chat -p demo -m demo-fast what is pandas?\nfor _i in range(1):\n    y = %chat -p Demo is it?"
    assert shell.run_cell(code, store_history=True).success
    assert shell.user_ns["x"].messages[-2]["content"] == "what is pandas?"
    assert shell.user_ns["y"].messages[-2]["content"] == "is it?"


@pytest.mark.parametrize(
    "code",
    [
        "found['a'] = %chat -p Demo -m demo-fast is it?",
        "found = {}; found['a'] = None\nfound['a']= %chat -p Demo -m demo-fast is it?",
        "if True:\n    found['a'] = %chat -p Demo -m demo-fast is it?",
        "thing.a = %chat -p Demo -m demo-fast is it?\nfound['a'] = thing.a",
        "def ask():\n    answer = %chat -p Demo -m demo-fast is it?\n    return answer\nfound['a'] = ask()",
        "x: object = %chat -p Demo -m demo-fast is it?\nfound['a'] = x",
    ],
)
def test_a_question_mark_behind_any_assignment(shell, code):
    """Whatever it is assigned to, and however deep it stands."""
    shell.run_cell("found, thing = {}, type('Thing', (), {})()")
    assert shell.run_cell(code).success
    assert shell.user_ns["found"]["a"].messages[-2]["content"] == "is it?"


@pytest.mark.parametrize(
    ("cell", "asked"),
    [
        ("%%chat -p Demo -m demo-fast why is that?", "why is that?"),
        ("%%g4f -p Demo -m demo-fast hello\n\n  \n", "hello"),
        ("\n%%chat -p Demo -m demo-fast hello", "hello"),
    ],
)
def test_a_head_without_a_cell_is_a_line(shell, cell, asked):
    """IPython would say that the body is empty; the question is there all the same."""
    assert shell.run_cell(cell).success
    assert shelf().get("main")[-1].shown == asked


def test_a_terminal_waits_for_the_body(shell):
    """A cell whose head is typed is not complete yet; nor is a line in one."""
    assert shell.input_transformer_manager.check_complete("%%chat -p Demo hello")[0] == "incomplete"
    assert shell.input_transformer_manager.check_complete("%chat -p Demo hello")[0] == "complete"


@pytest.mark.parametrize(
    "cell", ["%chat --help", "%%chat --help", "%%chat -h", "%%chat --help\nhello", "%%g4f --help"]
)
def test_help_has_flags_and_examples(shell, capsys, cell):
    """In every way that one may ask for it; nothing is sent."""
    assert shell.run_cell(cell).success
    printed = capsys.readouterr().out
    assert "--fallback A,B" in printed or "%g4f key [PROVIDER]" in printed
    assert shelf().all == ()


def test_ipythons_own_help_has_them_too(shell, capsys):
    """`%chat?`, `%%chat?` and `%g4f?`."""
    for cell in ("%chat?", "%%chat?"):
        shell.run_cell(cell)
        printed = capsys.readouterr().out
        assert "--max-tokens N" in printed
        assert "%%chat -m groq:openai/gpt-oss-120b" in printed


def test_a_text_of_the_users_is_left_alone(shell):
    """A line like `%chat …?` within a string of several lines is not touched."""
    shell.run_cell('text = """\n%chat what is it?\n"""\nx = %chat -p Demo -m demo-fast what\'s this?')
    assert shell.user_ns["text"] == "\n%chat what is it?\n"
    assert shell.user_ns["x"].messages[-2]["content"] == "what's this?"


def test_without_ipythons_tokens_a_question_still_reaches_the_model(monkeypatch):
    """They are not documented; without them every line that looks like a question is one."""
    monkeypatch.delattr("IPython.core.inputtransformer2.make_tokens_by_line")
    (line,) = questionmarks.keep_question_marks(["%chat why?\n"])
    assert line == f"%chat why?{NOT_HELP}\n"


def test_a_terminal_is_told_nothing_by_a_model(shell, capsys, server):
    """Escape sequences of an answer or an error are shown as what they are, not obeyed."""
    shell.run_cell("import g4f_nb as nb")
    shell.run_cell(f"mine = nb.Model('OpenaiTemplate:echo', api_base={server.api_base!r})")
    shell.run_cell("%%chat -m mine\nclear \x1b[2J and \x1b]52;c;eA==\x07 write")
    assert not set(capsys.readouterr().out) & {"\x1b", "\x07"}


def test_help_is_still_help(shell, capsys):
    """`%chat?` shows the help of the magic."""
    shell.run_cell("%chat?")
    assert "Ask a model" in capsys.readouterr().out


def test_values_go_into_the_prompt_by_our_rules_alone(shell):
    """`{name}` of the user's is replaced, `$name` and what is no name stay; with --raw all of it stays."""
    shell.user_ns["name"] = "Ann"
    shell.run_cell(r"x = %chat -p Demo -m demo-fast say {name} $name {other} \d{3} {'a': 1}")
    assert shell.user_ns["x"].messages[-2]["content"] == r"say Ann $name {other} \d{3} {'a': 1}"
    shell.run_cell("x = %chat -p Demo -m demo-fast --raw say {name}")
    assert shell.user_ns["x"].messages[-2]["content"] == "say {name}"
    shell.run_cell("x = %chat -p Demo -m demo-fast -s 'You are {name}' say")
    assert shell.user_ns["x"].messages[0]["content"] == "You are Ann"


def test_openai_template_without_a_key_says_what_to_do(shell, capsys):
    """Without a key nothing is sent, and the error in one line names the variable and Demo."""
    result = shell.run_cell("%%chat --provider OpenaiTemplate\nhi")
    assert isinstance(result.error_in_exec, MissingAuthError)
    shown = capsys.readouterr().out
    assert "OPENAI_API_KEY" in shown
    assert "Demo" in shown
    assert "Traceback" not in shown
    assert "magics.py" not in shown


def test_a_mistyped_provider_gets_the_nearest_name(shell):
    """`-p Grok` is answered with "did you mean 'Groq'?"."""
    result = shell.run_cell("%%chat -p Grok\nhi")
    assert isinstance(result.error_in_exec, ProviderNotFoundError)
    assert "'Groq'" in str(result.error_in_exec)


def test_a_model_from_a_variable(shell, server):
    """`-m name` takes an `nb.Model` out of the namespace, its address and parameters with it."""
    shell.run_cell("import g4f_nb as nb")
    shell.run_cell(f"mine = nb.Model('OpenaiTemplate:upper', api_base={server.api_base!r}, max_tokens=2)")
    shell.run_cell("%%chat -m mine -t 0.25 -s Short. -o answer\none two three")
    assert str(shell.user_ns["answer"]).strip() == "ONE TWO"
    body = server.requests[-1].body
    assert body["temperature"] == 0.25
    assert body["messages"][0] == {"role": "system", "content": "Short."}


def test_a_class_that_takes_no_temperature(shell):
    """It is given only what the cell says."""

    class Strict(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True):
            yield messages[-1]["content"]

    shell.user_ns["Strict"] = Strict
    assert shell.run_cell("%%chat -m Strict -o answer\nhello").success
    assert shell.user_ns["answer"].text == "hello"
    assert not shell.run_cell("%%chat -m Strict -t 0.5\nhello").success


def test_openai_template_with_its_variables(shell, server, monkeypatch):
    """`--provider OpenaiTemplate` takes base and key from OPENAI_BASE_URL and OPENAI_API_KEY."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    shell.run_cell("%%chat --provider OpenaiTemplate --model upper -o answer\nhi")
    assert str(shell.user_ns["answer"]) == "HI"
    assert server.requests[-1].headers["Authorization"] == "Bearer planted"


def test_an_error_in_mid_answer_keeps_what_had_arrived(shell, server):
    """When the stream breaks off, the partial answer is shown, in `_` and in the named variable."""
    shell.run_cell("import g4f_nb as nb")
    shell.run_cell(f"mine = nb.Model('OpenaiTemplate:cut', api_base={server.api_base!r})")
    result = shell.run_cell("%%chat -m mine -o answer\nhi", store_history=True)
    assert type(result.error_in_exec).__name__ == "StreamInterruptedError"
    assert shell.user_ns["answer"].partial
    assert shell.user_ns["answer"].text.startswith("This answer breaks off")
    assert shell.user_ns["_"] is shell.user_ns["answer"]


def test_config_sets_the_provider_for_all_cells(shell):
    """`%config ChatMagics.provider` holds for cells that name none, and a bad option is refused at once."""
    shell.run_cell("%config ChatMagics.provider = 'Demo'")
    shell.run_cell("%config ChatMagics.model = 'demo-fast'")
    shell.run_cell("x = %chat hi")
    assert (shell.user_ns["x"].provider, shell.user_ns["x"].model) == ("Demo", "demo-fast")
    with pytest.raises(InvalidParameterError, match="no option"):
        settings.set_notebook_layer({"modle": "x"})


def test_what_was_said_last_counts(shell):
    """`nb.use` over `%config`, and a later `%config` over `nb.use`."""
    shell.run_cell("%config ChatMagics.provider = 'Ollama'")
    shell.run_cell("%g4f use demo:demo-fast")
    shell.run_cell("x = %chat hi")
    assert shell.user_ns["x"].model == "demo-fast"
    shell.run_cell("%config ChatMagics.stream = False")
    assert resolve().provider.__name__ == "Demo"
    shell.run_cell("%config ChatMagics.model = 'ollama:llama3'")
    assert resolve().label == "Ollama:llama3"


def test_commands_and_chat_share_a_name(shell, capsys):
    """`%g4f` is a command, a cell that begins with `%%g4f` is a question; a command is no question."""
    assert shell.run_cell("%%g4f -p demo -m demo-fast -o answer\nhello").success
    assert shell.user_ns["answer"].messages[-2]["content"] == "hello"
    shell.run_cell("%g4f?")
    assert "%g4f key [PROVIDER]" in capsys.readouterr().out
    shell.run_cell("%%g4f key groq\nhello")
    assert "%g4f key stands in a line of its own" in capsys.readouterr().err
    shell.run_cell("%g4f kye groq")
    shown = capsys.readouterr().out
    assert "did you mean key?" in shown
    assert "Traceback" not in shown


def test_a_command_s_value_is_the_cell_s(shell):
    """A table in `_` and in an assignment; variables with models are known by name."""
    shell.run_cell("import g4f_nb as nb\nmine = nb.Model('demo:demo-slow')")
    shell.run_cell("%g4f use mine", store_history=True)
    assert shell.user_ns["_"].where.model == "demo-slow"
    shell.run_cell("table = %g4f providers")
    assert "Groq" in repr(shell.user_ns["table"])


def test_where_nobody_can_type_a_key_the_error_says_so(shell, capsys):
    """As when a notebook is run by a program; an interrupted prompt keeps nothing."""
    result = shell.run_cell("%g4f key groq")
    assert "nobody can type a key here" in str(result.error_in_exec)


def test_loading_twice_and_unloading_leave_nothing_behind(shell):
    """Load, load again, unload: magics, transformers and formatters are as they were."""
    shell.run_cell("%unload_ext g4f_nb")
    before = _traces(shell)
    shell.run_cell("%load_ext g4f_nb")
    shell.run_cell("%reload_ext g4f_nb")
    magics.load(shell)
    for ours in (questionmarks.keep_question_marks, questionmarks.take_lone_head):
        assert sum(each is ours for each in shell.input_transformers_cleanup) == 1
    shell.run_cell("%unload_ext g4f_nb")
    assert _traces(shell) == before
    shell.run_cell("%load_ext g4f_nb")


def test_another_chat_magic_is_given_back(shell, capsys):
    """If `%%chat` belonged to somebody else, that is said, and unloading gives it back."""
    shell.run_cell("%unload_ext g4f_nb")

    def other(line, cell):
        return "other"

    shell.register_magic_function(other, "cell", "chat")
    shell.run_cell("%load_ext g4f_nb")
    assert "%%chat belonged to" in capsys.readouterr().err
    shell.run_cell("%unload_ext g4f_nb")
    assert shell.run_cell_magic("chat", "", "x") == "other"
    del shell.magics_manager.magics["cell"]["chat"]


def test_a_chat_magic_registered_after_ours_is_not_lost(shell, capsys):
    """Loading anew takes it over and says so; unloading gives it back, and so does unloading at once."""

    def other(line, cell):
        return "other"

    for again in ([], ["%reload_ext g4f_nb"]):
        shell.register_magic_function(other, "cell", "chat")
        for line in (*again, "%unload_ext g4f_nb"):
            shell.run_cell(line)
        assert shell.run_cell_magic("chat", "", "x") == "other"
        assert ("%%chat belonged to" in capsys.readouterr().err) == bool(again)
        assert "chat" not in shell.magics_manager.magics["line"]
        del shell.magics_manager.magics["cell"]["chat"]
        shell.run_cell("%load_ext g4f_nb")


def test_how_the_user_shows_a_type_is_kept(shell, capsys):
    """A comparison gives a DataFrame that is shown already; any other is shown as the user has said."""
    formatter = shell.display_formatter.ipython_display_formatter
    formatter.for_type(pd.DataFrame, lambda frame: sys.stdout.write(f"my table of {len(frame)}"))
    shell.run_cell("import pandas as pd")
    assert shell.run_cell("%chat --compare Demo:demo,Demo:demo-fast hello").success
    assert "my table" not in capsys.readouterr().out
    shell.run_cell("pd.DataFrame({'a': [1, 2, 3]})")
    assert "my table of 3" in capsys.readouterr().out
    shell.run_cell("%unload_ext g4f_nb")
    shell.run_cell("pd.DataFrame({'a': [1, 2]})")
    assert "my table of 2" in capsys.readouterr().out
    formatter.pop(pd.DataFrame)


def _traces(shell):
    registered = shell.magics_manager
    return (
        [name in registered.magics[kind] for kind in ("cell", "line") for name in ("chat", "g4f")],
        sorted(registered.registry),
        len(shell.input_transformers_cleanup),
        Reply in shell.display_formatter.ipython_display_formatter,
        [type(each).__name__ for each in shell.configurables].count("ChatMagics"),
    )


@pytest.mark.clock
def test_a_terminal_tells_where_to_log_in(shell, capsys):
    """In a line of its own, before the answer; its control characters are not obeyed."""

    class Waiting(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            yield RequestLogin("the\x1b[2J service", f"https://a.invalid/{id(cls)}")
            await asyncio.sleep(0.3)
            yield "You are in."

    shell.user_ns["Waiting"] = Waiting
    assert shell.run_cell("%chat -m Waiting hello").success
    printed = capsys.readouterr()
    assert "You are in." in printed.out
    assert printed.err.endswith(f"service waits for your login: https://a.invalid/{id(Waiting)}\n")
    assert "\x1b" not in printed.err


# ---- conversations -------------------------------------------------------------------------------------


def test_cells_go_on_and_commands_tell(shell, capsys, tmp_path, monkeypatch):
    """History, fork, cost, reset, save and load, by name."""
    monkeypatch.chdir(tmp_path)
    for code in ("%chat -p Demo -m demo-fast one", "%chat -p Demo -m demo-fast two", "%g4f fork copy",
                 "%chat -p Demo -m demo-fast -n copy three", "history = %g4f history copy",
                 "cost = %g4f cost", "talks = %g4f conversations", "%g4f save kept.json copy",
                 "%g4f reset", "%g4f load kept.json again"):  # fmt: skip
        assert shell.run_cell(code).success, code
    names = shell.user_ns
    assert [row[1] for row in names["history"].rows] == ["one", "two", "three"]
    assert [row[:2] for row in names["talks"].rows] == [("copy", "3"), ("main", "2")]
    assert [row[0] for row in names["cost"].rows] == ["copy", "main", "all"]
    assert names["cost"].rows[-1][3] == "free"
    printed = capsys.readouterr().out
    assert "copy begins as main is now" in printed
    assert "Conversation main is begun anew: 2 turns no longer sent." in printed
    assert "again, 3 turns: %%chat -n again goes on with it." in printed
    assert {each.name: len(each.turns) for each in shelf().all} == {"copy": 3, "main": 0, "again": 3}


def test_a_loaded_conversation_pushes_nobody_aside(shell, tmp_path, monkeypatch):
    """One that is here stays, and the error says how both can be had; one without turns makes room."""
    monkeypatch.chdir(tmp_path)
    shell.run_cell("%chat -p Demo -m demo-fast one\n%g4f save kept.json\n%chat -p Demo -m demo-fast two")
    result = shell.run_cell("%g4f load kept.json")
    assert "%g4f load kept.json NAME gives the loaded one another name" in str(result.error_in_exec)
    assert {each.name: len(each.turns) for each in shelf().all} == {"main": 2}
    shell.run_cell("%g4f reset\n%g4f load kept.json\n%chat -p Demo -m demo-fast three")
    assert [turn.shown for turn in shelf().get("main")] == ["one", "three"]


def test_a_file_of_the_users_is_saved_over_by_force_alone(shell, tmp_path, monkeypatch):
    """`--force` says that it may go."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "analysis.ipynb").write_text("{}", encoding="utf-8")
    shell.run_cell("%chat -p Demo -m demo-fast one")
    result = shell.run_cell("%g4f save analysis.ipynb")
    assert "--force" in str(result.error_in_exec)
    assert (tmp_path / "analysis.ipynb").read_text(encoding="utf-8") == "{}"
    assert shell.run_cell("%g4f save analysis.ipynb --force").success
    assert "%%chat" in (tmp_path / "analysis.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%g4f fork", "it is written %g4f fork NAME [CONVERSATION]"),
        ("%g4f reset mian", "did you mean main?"),
        ("%g4f fork main", "there is a conversation 'main' already"),
        ("%g4f load nowhere.json", "nowhere.json"),
        ("%g4f load nobody", "no conversation 'nobody' was kept"),
        ("%g4f save here.xyz", ".json"),
        ("%g4f histroy", "did you mean history?"),
    ],
)
def test_a_slip_about_a_conversation_is_told(shell, line, words):
    """In one line, with what is meant."""
    shell.run_cell("%chat -p Demo -m demo-fast one")
    assert words in str(shell.run_cell(line).error_in_exec)


@pytest.mark.parametrize("code", ["%%chat -p Demo -m demo-fast\nhello", "%%chat --compare Demo,Echo\nhello"])
def test_an_interrupt_while_modules_are_loaded_is_told_in_a_line(shell, capsys, monkeypatch, code):
    """The first cell loads much; the stop button then is the stop button that it is later."""

    class Impatient:
        """An import that the user interrupts."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name in ("g4f_nb.cells.answering", "g4f_nb.cells.sidebyside"):
                raise KeyboardInterrupt

    for name in ("answering", "sidebyside"):
        monkeypatch.delitem(sys.modules, f"g4f_nb.cells.{name}", raising=False)
        monkeypatch.delattr(cells, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Impatient, *sys.meta_path])
    result = shell.run_cell(code)
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert capsys.readouterr().out.strip() == "Stopped."
