"""`%%chat` in a real kernel: completion, cells run again, going on after a stop, tools, next cells."""

from __future__ import annotations

import threading
import time

import IPython
import pytest
from real_kernel import start

pytestmark = pytest.mark.kernel
OLD = IPython.version_info < (8, 6)
_LONG = ("word and another word " * 60).strip()


class Notebook:
    """A kernel with the extension, whose cells have ids."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.client = kernel._client

    def cell(self, cell_id, code, *, during=lambda message: None, person=True):
        """Run a cell as JupyterLab does, which tells its id; gives its reply and its messages."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": person, "stop_on_error": True}  # fmt: skip
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        self.client.shell_channel.send(message)
        about, messages = message["header"]["msg_id"], []
        while True:
            found = self.client.get_iopub_msg(timeout=30)
            if found["parent_header"].get("msg_id") != about:
                continue
            messages.append(found)
            during(found)
            if found["content"].get("execution_state") == "idle":
                break
        reply = self.client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == about
        return reply["content"], messages

    def complete(self, code):
        """What is offered at the end of the code, and what of it is replaced."""
        about = self.client.complete(code, len(code))
        while (reply := self.client.get_shell_msg(timeout=30))["parent_header"].get("msg_id") != about:
            pass
        found = reply["content"]
        self.kinds = {each["type"] for each in found["metadata"]["_jupyter_types_experimental"]}
        return code[found["cursor_start"] : found["cursor_end"]], found["matches"]

    def value(self, code):
        """What an expression is."""
        return self.kernel.run(code).value

    def asked(self, name="main"):
        """What was asked in a conversation, in order."""
        return self.value(f"[turn.shown for turn in nb.Conversation.named({name!r})]")


@pytest.fixture
def notebook(kernel, server):
    assert kernel.run("for name in '_', '__', '___': globals().pop(name, None)").error is None
    assert kernel.run("%reload_ext g4f_nb").error is None
    prepared = (
        f"import g4f_nb as nb\nBASE = {server.api_base!r}\n"
        "import os\nos.environ['OPENAI_BASE_URL'] = BASE\n"
        "from g4f_nb.conversations.shelf import shelf\n"
        "for each in shelf().all: shelf().remove(each)\n"
        "def model(name): return nb.Model(f'OpenaiTemplate:{name}', api_base=BASE)\n"
        "upper, slow, echo = map(model, ('upper', 'drip-20', 'echo'))\n"
    )
    assert kernel.run(prepared).error is None
    yield Notebook(kernel)
    kernel.run("%unload_ext g4f_nb\ndel os.environ['OPENAI_BASE_URL']")


# ---- completion --------------------------------------------------------------------------------------


@pytest.mark.skipif(OLD, reason="an IPython before 8.6 mixes what is offered")
def test_tab_offers_what_fits_and_no_name_of_pythons(notebook, server):
    """Flags, providers, models, conversations and variables, as a front end asks for them."""
    notebook.kernel.run("prefix = provider_table = 1")
    notebook.kernel.run("%chat -m upper -n trip hello")
    expected = {
        "%%chat --prov": ("--prov", ["--provider"]),
        "%%chat -p Dem": ("Dem", ["Demo"]),
        "%%chat -p pre": ("pre", ["pre"]),
        "%%chat -s ": ("", [""]),
        "%%chat -n t": ("t", ["trip"]),
        "%%chat -o pre": ("pre", ["prefix"]),
        "x = %chat -m Demo:demo-f": ("Demo:demo-f", ["Demo:demo-fast"]),
        "%g4f hist": ("hist", ["history"]),
        "%g4f reset t": ("t", ["trip"]),
        "%%chat\nsay {pre": ("pre", ["prefix"]),
        "%%chat\nprovider_ta": ("provider_ta", ["provider_ta"]),
    }
    assert {code: notebook.complete(code) for code in expected} == expected
    notebook.complete("%%chat -p Dem")
    assert notebook.kinds == {"provider"}
    assert "prefix" in notebook.complete("pre")[1]
    before = len(server.requests)
    for word in ("upp", "uppe", "upper"):
        assert notebook.complete(f"%%chat -m OpenaiTemplate:{word}")[1] == ["OpenaiTemplate:upper"]
    assert len(server.requests) == before + 1


@pytest.mark.skipif(not OLD, reason="later ones have the second version of the matchers")
def test_tab_offers_it_in_an_old_ipython(notebook):
    """Beside names of Python's: flags, providers whatever their case, models behind a colon, subcommands."""
    notebook.kernel.run("%chat -p Demo -n trip hello")
    for code, wanted in {
        "%%chat --prov": "%%chat --provider",
        "%%chat -p dem": "%%chat -p Demo",
        "x = %chat -m Demo:demo-f": "x = %chat -m Demo:demo-fast",
        "%g4f hist": "%g4f history",
        "%g4f reset t": "%g4f reset trip",
    }.items():
        word, offered = notebook.complete(code)
        assert wanted in [code.removesuffix(word) + each for each in offered]


# ---- a cell that is run again ------------------------------------------------------------------------


def test_a_cell_that_is_run_again_replaces_its_own_turn(notebook, server):
    """What came before it is sent, what came later stays; another cell of the same words adds a turn."""
    notebook.cell("one", "%%chat -m upper\nfirst")
    notebook.cell("two", "%%chat -m upper\nsecond")
    notebook.cell("three", "%%chat -m upper\nthird")
    notebook.cell("two", "%%chat -m upper\nanother second")
    assert notebook.asked() == "['first', 'another second', 'third']"
    sent = server.requests[-1].body["messages"]
    assert [each["content"] for each in sent] == ["first", "FIRST", "another second"]
    notebook.cell("four", "%%chat -m upper\nthird")
    assert notebook.asked() == "['first', 'another second', 'third', 'third']"


def test_a_loop_in_a_cell_asks_several_and_replaces_them(notebook):
    """Each question of one run is a turn; the next run replaces all of them."""
    code = "for word in {words}:\n    %chat -m upper say it\n"
    notebook.cell("loop", code.format(words=["a", "b"]))
    assert notebook.asked() == "['say it', 'say it']"
    notebook.cell("after", "%chat -m upper afterwards")
    notebook.cell("loop", code.format(words=["a", "b"]))
    assert notebook.asked() == "['say it', 'say it', 'afterwards']"


def test_without_an_id_nothing_is_replaced(notebook):
    """As in a terminal, or where a front end does not tell."""
    for _ in range(2):
        notebook.kernel.run("%chat -m upper hello")
    assert notebook.asked() == "['hello', 'hello']"


def test_names_new_and_fork(notebook, server):
    """Conversations are apart; `--new` begins anew, `--fork` goes on in a copy, also when run again."""
    notebook.cell("a", "%chat -m upper one")
    notebook.cell("b", "%chat -m upper -n other two")
    notebook.cell("c", "%chat -m upper --fork copy three")
    notebook.cell("c", "%chat -m upper --fork copy four")
    assert notebook.asked() == "['one']"
    assert notebook.asked("other") == "['two']"
    assert notebook.asked("copy") == "['one', 'four']"
    reply, _ = notebook.cell("c", "%chat -p Grok --fork copy four")
    assert reply["status"] == "error"
    assert notebook.asked("copy") == "['one', 'four']"
    reply, _ = notebook.cell("d", "%chat -m upper --fork copy five")
    assert "there is a conversation 'copy' already" in reply["evalue"]
    notebook.cell("e", "%chat -m upper --new six")
    assert notebook.asked() == "['six']"
    assert len(server.requests[-1].body["messages"]) == 1


def test_a_wrong_question_changes_no_conversation(notebook):
    """Neither a new one nor a fork is begun by a cell that sends nothing."""
    notebook.cell("a", "%chat -m upper one")
    for flags in ("--new", "--fork copy", "-n fresh"):
        reply, _ = notebook.cell("b", f"%chat -p Grok {flags} two")
        assert reply["status"] == "error"
    assert notebook.asked() == "['one']"
    notebook.cell("c", "%chat -p Demo -n another --dry-run two")
    assert notebook.value("[each.name for each in shelf().all]") == "['main']"


# ---- stop and go on ----------------------------------------------------------------------------------


def test_stop_and_continue(notebook, server):
    """What had arrived is a turn, marked, not sent again until it is gone on with; nothing late comes in."""

    def press(message):
        if "word" in str(message["content"].get("data")) and not pressed:
            pressed.append(notebook.kernel.interrupt())

    pressed = []
    reply, _ = notebook.cell("a", f"%%chat -m slow\n{_LONG}", during=press)
    assert reply["ename"] == "Stopped"
    assert "%chat --continue goes on with it" in reply["evalue"]
    # Half a second is the aim; the rest is for busy machines.
    assert server.wait_for(lambda seen: seen.aborted == 1, timeout=5)
    assert notebook.value("nb.Conversation.named('main')[0].partial, _.partial") == "(True, True)"
    text = notebook.value("nb.Conversation.named('main')[0].text")
    notebook.cell("b", "%%chat -m upper\nsomething else")
    assert [each["content"] for each in server.requests[-1].body["messages"]] == ["something else"]
    assert notebook.value("nb.Conversation.named('main')[0].text") == text
    assert notebook.value("nb.Conversation.named('main')[1].text") == "'SOMETHING ELSE'"
    reply, _ = notebook.cell("c", "%chat -m upper --continue")
    assert "broke off, but another question was asked and answered after it" in reply["evalue"]


def test_a_stop_closes_the_connection_within_half_a_second(notebook, server):
    """From the interrupt on; the best of a few, for others may have work for this machine."""
    took = []
    while len(took) < 4:
        before, pressed, closed = server.aborted, [], []

        def wait(before=before, closed=closed):
            if server.wait_for(lambda seen: seen.aborted > before, timeout=20):
                closed.append(time.monotonic())

        watching = threading.Thread(target=wait)

        def press(message, pressed=pressed, watching=watching):
            if "word" in str(message["content"].get("data")) and not pressed:
                watching.start()
                pressed.append(time.monotonic())
                notebook.kernel.interrupt()

        notebook.cell("a", f"%%chat -m slow\n{_LONG}", during=press)
        watching.join()
        took.append(closed[0] - pressed[0])
        if took[-1] <= 0.5:
            return
    pytest.fail(f"it took {took} s")


def test_continue_sends_the_stopped_answer(notebook, server):
    """With the question before it, and asks the model to go on; words of one's own may be added."""

    def press(message):
        if "word" in str(message["content"].get("data")) and not pressed:
            pressed.append(notebook.kernel.interrupt())

    for line in ("%chat -m upper --continue", "%chat -m upper --continue in short"):
        pressed = []
        notebook.cell("a", f"%%chat -m slow --new\n{_LONG}", during=press)
        notebook.cell("b", line)
        asked, stopped, further = server.requests[-1].body["messages"]
        assert asked["content"] == _LONG
        assert stopped["role"] == "assistant"
        assert _LONG.startswith(stopped["content"][:20])
        assert ("in short" in further["content"]) == ("in short" in line)


# ---- tools -------------------------------------------------------------------------------------------

TOOL = """
calls = []
def note(text: str) -> str:
    "Keep a note."
    calls.append(text)
    return f"noted {text}"
tools = model("tools")
"""


@pytest.mark.parametrize(("answer", "calls"), [("y", 1), ("no", 0), ("a", 1)])
def test_a_tool_runs_when_the_user_says_so(notebook, server, answer, calls):
    """The question shows the call; a no is told to the model, which answers all the same."""
    notebook.kernel.run(TOOL)
    messages = notebook.kernel.watch("%chat -m tools --tool note hello", answer)
    asked = [each["content"]["prompt"] for each in messages if each["msg_type"] == "input_request"]
    assert asked == ["Run note(text='hello')? [y]es, [n]o, [a]lways: "]
    assert notebook.value("len(calls)") == str(calls)
    told = server.requests[-1].body["messages"][-1]["content"]
    assert ("noted hello" in told) == bool(calls)
    if not calls:
        assert "The user did not allow this call." in told


def test_an_end_of_input_is_a_no(notebook, server):
    """Ctrl-D at the question: the call is not made, which is said in a line, and the model answers."""
    notebook.kernel.run(TOOL)
    messages = notebook.kernel.watch("%chat -m tools --tool note hello", "\x04")
    assert not [each for each in messages if each["msg_type"] == "error"]
    assert notebook.value("len(calls)") == "0"
    printed = "".join(each["content"]["text"] for each in messages if each["msg_type"] == "stream")
    assert printed == "Not run: no answer is a no.\n"
    assert "The user did not allow this call." in server.requests[-1].body["messages"][-1]["content"]


def test_always_holds_for_the_function_and_the_session(notebook):
    """It is not asked about again, until it is defined anew; nor is it with --yes."""
    notebook.kernel.run(TOOL)
    notebook.kernel.watch("%chat -m tools --tool note hello", "always")
    again = notebook.kernel.watch("%chat -m tools --tool note hello")
    assert not [each for each in again if each["msg_type"] == "input_request"]
    notebook.kernel.run(TOOL)
    asked = notebook.kernel.watch("%chat -m tools --tool note hello", "n")
    assert [each for each in asked if each["msg_type"] == "input_request"]
    notebook.kernel.watch("%chat -m tools --tool note --yes hello")
    assert notebook.value("len(calls)") == "1"


def test_where_nobody_can_be_asked_nothing_is_sent(notebook, server):
    """The error names the flag that runs tools without asking."""
    notebook.kernel.run(TOOL)
    result = notebook.kernel.run("%chat -m tools --tool note hello")
    assert result.error == "InvalidParameterError"
    assert "add --yes" in result.trace
    assert "\n" not in result.trace
    assert server.requests == []
    assert notebook.kernel.run("%chat -m tools --tool note --yes hello").error is None


def test_a_stop_while_a_tool_is_asked_about(notebook):
    """Nothing runs, the cell ends in one line, and the kernel is as good as before."""
    notebook.kernel.run(TOOL)
    messages = notebook.kernel.watch("%chat -m tools --tool note hello", None)
    error = next(each["content"] for each in messages if each["msg_type"] == "error")
    assert error["ename"] == "Stopped"
    assert len(error["traceback"]) == 1
    assert notebook.value("calls") == "[]"
    assert notebook.kernel.run("%chat -m upper hello").error is None


# ---- code --------------------------------------------------------------------------------------------


def _next(reply):
    return [each["text"] for each in reply["payload"] if each["source"] == "set_next_input"]


def test_code_goes_into_the_next_cells(notebook):
    """The first block at once, each other one when the one before has been run; never prose."""
    notebook.kernel.run(
        "two = nb.Model(type('Two', (nb.providers.AsyncGeneratorProvider,), {'create_async_generator': "
        "classmethod(lambda cls, model, messages, stream=True: _stream())}))\n"
        "async def _stream():\n"
        "    yield 'First:\\n```python\\na = 1\\nb = 2\\n```\\nthen ```x``` and\\n```bash\\nls\\n```\\n"
        "```json\\n{}\\n```\\nlast\\n```\\nprint(a + b)\\n```\\nDone.'\n"
    )
    reply, messages = notebook.cell("a", "%%chat -m two --code\nwrite code")
    assert _next(reply) == ["a = 1\nb = 2"]
    assert "2 more blocks come" in str([each["content"].get("data") for each in messages])
    reply, _ = notebook.cell("x", "c = 5")
    assert _next(reply) == []
    reply, _ = notebook.cell("b", "a = 1\nb = 3")
    assert _next(reply) == ["%%bash\nls"]
    reply, _ = notebook.cell("c", "%%bash\nls")
    assert _next(reply) == ["print(a + b)"]
    reply, _ = notebook.cell("d", "print(a + b)")
    assert _next(reply) == []


def test_code_where_there_is_none_says_so(notebook):
    """And where a program runs the notebook it stays in the reply."""
    reply, messages = notebook.cell("a", "%%chat -m upper --code\nhello")
    assert _next(reply) == []
    assert "there is no code in the answer" in str([each["content"].get("data") for each in messages])
    reply, messages = notebook.cell("a", "%%chat -p Demo -m demo-fast --code\ncode", person=False)
    assert _next(reply) == []
    assert "nobody is here to put it into a cell" in str([each["content"].get("data") for each in messages])


def test_quiet_shows_nothing_at_all(notebook):
    """Neither an answer nor a comparison; both are in `_`."""
    for line in ("%%chat -m upper --quiet", "%%chat --compare upper,echo --quiet"):
        _, messages = notebook.cell("a", f"{line}\nhello")
        kinds = {each["msg_type"] for each in messages}
        assert kinds == {"status", "execute_input"}
    assert notebook.value("list(_['answer'])") == "['HELLO', 'hello']"


def test_a_format_is_what_is_shown(notebook):
    """The code alone, say; the whole text is in the reply all the same."""
    _, messages = notebook.cell("a", "%%chat -p Demo -m demo-fast -f code\nshow code")
    shown = [each["content"]["data"] for each in messages if "display" in each["msg_type"]][-1]
    assert shown["text/plain"].startswith("def fibonacci")
    assert "no model is behind it" in notebook.value("_.text")


# ---- loading -----------------------------------------------------------------------------------------


@pytest.fixture
def bare_kernel(clean_env):
    """A kernel in which nothing was loaded yet."""
    kernel = start(clean_env)
    yield kernel
    kernel.shutdown()


def test_loading_loads_nothing_heavy_and_prints_nothing(bare_kernel):
    """What a first question needs is loaded by it; `%load_ext` is quick for that reason."""
    before = bare_kernel.run("import sys; before = set(sys.modules)\n'aiohttp' in before").value
    assert before == "False"
    result = bare_kernel.run("%load_ext g4f_nb")
    assert (result.stdout, result.stderr, result.outputs) == ("", "", [])
    loaded = bare_kernel.run("sorted(each for each in set(sys.modules) - before if '.' not in each)").value
    assert not {"aiohttp", "pandas", "nh3", "markdown_it", "orjson", "nest_asyncio2"} & set(eval(loaded))  # noqa: S307
    ours = bare_kernel.run("[each for each in sys.modules if each.startswith('g4f_nb.providers')]").value
    assert ours == "[]"


def test_unloading_leaves_nothing_behind(bare_kernel):
    """Loaded, used, loaded again, reloaded, unloaded: the shell is as it was."""
    state = (
        "shell = get_ipython()\n"
        "def state():\n"
        "    there = shell.magics_manager.magics\n"
        "    return (sorted(there['line']), sorted(there['cell']),"
        " [len(each) for each in shell.events.callbacks.values()], len(shell.Completer.custom_matchers),"
        " len(shell.input_transformers_cleanup), len(shell.configurables), len(__import__('sys').meta_path),"
        " sorted(map(str, shell.display_formatter.ipython_display_formatter.type_printers)),"
        " sorted(shell.magics_manager.registry))\n"
        "before = state()\n"
    )
    # Others come by themselves, like the magics that load extensions.
    bare_kernel.run("import pandas\n%load_ext g4f_nb\n%unload_ext g4f_nb")
    bare_kernel.run(state)
    for code in ("%load_ext g4f_nb", "%chat -p Demo -m demo-fast hi", "%load_ext g4f_nb",
                 "%reload_ext g4f_nb", "%chat --compare Demo:demo-fast hi", "%reload_ext g4f_nb",
                 "%unload_ext g4f_nb",
                 "%load_ext g4f_nb", "%unload_ext g4f_nb"):  # fmt: skip
        assert bare_kernel.run(code).error is None
    assert (
        bare_kernel.run("state() == before, [one for one in zip(state(), before) if one[0] != one[1]]").value
        == "(True, [])"
    )


def test_a_comparison_grows_in_columns(notebook):
    """One output that is painted again while the answers come, and holds all of them in the end."""
    notebook.cell("a", "slow, fast = model('drip-20'), model('drip-5')")
    _, messages = notebook.cell("b", f"%%chat -m slow --compare fast -o frame\n{_LONG[:500]}")
    shown = [each for each in messages if each["msg_type"] in ("display_data", "update_display_data")]
    assert shown[0]["msg_type"] == "display_data"
    assert len(shown) > 3
    assert {each["content"]["transient"]["display_id"] for each in shown} == {
        shown[0]["content"]["transient"]["display_id"]
    }
    last = shown[-1]["content"]["data"]
    assert last["text/html"].count(_LONG[:500].split()[-1]) >= 2
    assert last["text/plain"].count("OpenaiTemplate:drip") == 2
    assert "tokens" in last["text/html"]
    assert notebook.value("frame['status'].tolist()") == "['ok', 'ok']"


def test_an_interrupt_leaves_what_was_seen_of_each(notebook):
    """Columns are kept as far as they came, and say that they were cancelled."""
    notebook.cell("a", "slow, slower = model('drip-20'), model('drip-50')")
    seen = []

    def stop(message):
        if message["msg_type"] == "update_display_data":
            seen.append(message)
            if len(seen) == 4:
                notebook.kernel.interrupt()

    reply, messages = notebook.cell("b", f"%%chat -m slow --compare slower -o frame\n{_LONG}", during=stop)
    assert reply["status"] == "ok"
    assert notebook.value("frame['status'].tolist()") == "['cancelled', 'cancelled']"
    assert notebook.value("frame['answer'].str.startswith('word').tolist()") == "[True, True]"
    last = [each for each in messages if each["msg_type"] == "update_display_data"][-1]
    assert "cancelled" in last["content"]["data"]["text/html"]
    assert "word and another" in last["content"]["data"]["text/html"]
    said = "".join(each["content"]["text"] for each in messages if each["msg_type"] == "stream")
    assert "interrupted: 0 of 2 calls were done" in said


@pytest.mark.parametrize(("flag", "person"), [("--no-stream", True), ("--quiet", True), ("", False)])
def test_an_interrupt_leaves_what_was_not_seen_either(notebook, server, flag, person):
    """Nothing is painted while the answers come; what had arrived of each is kept, and marked."""
    notebook.cell("a", "slow, slower = model('drip-20'), model('drip-50')")
    asked = len(server.requests)

    def stop(message):
        if message["content"].get("execution_state") == "busy":
            assert server.wait_for(lambda seen: len(seen.requests) == asked + 2, timeout=20)
            time.sleep(1)
            notebook.kernel.interrupt()

    code = f"%%chat -m slow --compare slower -o frame {flag}\n{_LONG}"
    reply, messages = notebook.cell("b", code, during=stop, person=person)
    assert reply["status"] == "ok"
    assert notebook.value("frame['status'].tolist()") == "['cancelled', 'cancelled']"
    assert notebook.value("frame['answer'].str.startswith('word').tolist()") == "[True, True]"
    shown = [each["content"]["data"] for each in messages if each["msg_type"] == "display_data"]
    assert len([each for each in shown if "cancelled" in each.get("text/html", "")]) == (flag != "--quiet")


@pytest.mark.parametrize("person", [True, False])
def test_a_comparison_with_a_schema_has_its_columns(notebook, person):
    """Whether it is painted or not."""
    notebook.cell("a", "one, other = model('json'), model('upper')")
    code = '%%chat -m one --compare other --schema "name: str" -o frame\nhello'
    reply, _ = notebook.cell("b", code, person=person)
    assert reply["status"] == "ok", reply
    assert "name" in notebook.value("list(frame.columns)")


def test_without_anybody_in_front_columns_come_once(notebook):
    """Nbval and papermill get the one final output."""
    notebook.cell("a", "one, other = model('drip-5'), model('upper')")
    _, messages = notebook.cell("b", f"%%chat -m one --compare other\n{_LONG[:200]}", person=False)
    kinds = [each["msg_type"] for each in messages if "display" in each["msg_type"]]
    assert kinds == ["display_data"]
