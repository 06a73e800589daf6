"""`%%chat` in a real kernel: what a front end receives while an answer streams, and what stays."""

from __future__ import annotations

import json
import time

import pytest

pytestmark = pytest.mark.kernel
_LONG = "word and another word\n" * 40


def _watch(kernel, code, *, person=True, during=lambda message: None):
    """Run a cell as a front end with a person (or without one) would; give its messages with their times."""
    sent = kernel._client.execute(code, allow_stdin=person)
    messages = []
    while True:
        message = kernel._client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != sent:
            continue
        messages.append((time.monotonic(), message["msg_type"], message["content"]))
        during(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    reply = kernel._client.get_shell_msg(timeout=30)
    assert reply["parent_header"]["msg_id"] == sent
    return [each for each in messages if each[1] not in ("status", "execute_input")], reply["content"]


@pytest.fixture
def chat(kernel, server):
    """A way to run `%%chat` against the test server in the kernel."""
    # Where a cell has used the name `_` for itself, IPython leaves it alone from then on.
    assert kernel.run("for name in '_', '__', '___': globals().pop(name, None)").error is None
    assert kernel.run("%reload_ext g4f_nb").error is None
    assert kernel.run(f"import g4f_nb as nb\nBASE = {server.api_base!r}").error is None

    def run(model, prompt, *, flags="", **how):
        assert kernel.run(f"mine = nb.Model('OpenaiTemplate:{model}', api_base=BASE)").error is None
        return _watch(kernel, f"%%chat -m mine {flags}\n{prompt}", **how)

    yield run
    kernel.run("%unload_ext g4f_nb")


def test_an_answer_streams_at_most_twelve_times_a_second(chat, server):
    """Text comes before the end, in at most 12 updates a second; the last one is the whole answer."""
    messages, reply = chat("drip-20", _LONG)
    assert reply["status"] == "ok"
    kinds = [kind for _, kind, _ in messages]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    seconds = messages[-1][0] - messages[0][0]
    assert seconds > 2
    assert 4 <= len(messages) <= 12 * seconds + 3
    grown = [len(content["data"]["text/markdown"]) for _, _, content in messages]
    assert grown == sorted(grown)
    assert messages[-1][2]["data"]["text/plain"] == _LONG.strip("\n")


def test_one_clean_output_where_nobody_looks(chat):
    """Without a front end (nbclient, nbval, papermill) a cell has exactly one output, and no updates."""
    messages, reply = chat("markdown", "anything", person=False)
    assert reply["status"] == "ok"
    assert [kind for _, kind, _ in messages] == ["display_data"]
    data = messages[0][2]["data"]
    assert set(data) == {"text/plain", "text/markdown"}
    assert data["text/plain"].startswith("# A heading")


_PARAGRAPHS = "".join(f"Paragraph {number}: a few words that say nothing at all.\n\n" for number in range(60))
_TOOL = """
import asyncio, sys
from IPython.display import display, HTML
def look(page: int) -> str:
    "Look it up."
    print("looking at", page)
    print("it was slow", file=sys.stderr)
    display(HTML("<b>a figure</b>"))
    return "found"

from g4f_nb.chunks import FinishReason, ToolCall, ToolCalls
from g4f_nb.providers.base import AsyncGeneratorProvider

class Slow(AsyncGeneratorProvider):
    working = True
    @classmethod
    async def create_async_generator(cls, model, messages, tools=None, **options):
        if messages[-1]["role"] == "user":
            yield ToolCalls((ToolCall("1", "look", '{"page": 7}'),))
            yield FinishReason("tool_calls")
            return
        for number in range(60):
            yield f"Paragraph {number}: a few words that say nothing at all.\\n\\n"
            await asyncio.sleep(0.02)
        yield FinishReason("stop")
"""


def _page(messages):
    """What a front end shows in the end, output by output."""
    outputs, clears = [], False
    for _, kind, content in messages:
        if kind == "clear_output":
            clears = content["wait"]
            outputs = outputs if clears else []
        elif kind == "update_display_data":
            name = content["transient"]["display_id"]
            outputs = [(each, content["data"] if each == name else data) for each, data in outputs]
        elif kind in ("display_data", "stream"):
            outputs, clears = ([] if clears else outputs), False
            name = content.get("transient", {}).get("display_id")
            outputs.append((name, content.get("data") or {content["name"]: content["text"]}))
    return [data for _, data in outputs]


def test_what_tools_print_stays_beside_the_answer(kernel, chat):
    """A long answer ends as one output, and what was printed and displayed meanwhile is there, once."""
    assert kernel.run(_TOOL).error is None
    messages, reply = _watch(kernel, "%%chat -p Slow --tool look --yes\nwhat now")
    assert reply["status"] == "ok", reply
    assert "clear_output" in [kind for _, kind, _ in messages]
    page = _page(messages)
    shown = json.dumps(page)
    for words in ("looking at", "it was slow", "<b>a figure</b>"):
        assert shown.count(words) == 1, words
    assert len([data for data in page if "text/markdown" in data]) == 1
    assert "Paragraph 59" in page[-1]["text/plain"]
    # Nothing of ours listens any more.
    assert kernel.run("type(sys.stdout).__module__, type(sys.stderr).__module__").value == (
        "('ipykernel.iostream', 'ipykernel.iostream')"
    )
    assert kernel.run("len(get_ipython().display_pub._hooks)").value == "0"


def test_in_a_cell_with_other_things_nothing_else_is_cleared(kernel, server):
    """A loop of questions: what was printed and answered before stays where it was."""
    kernel.run("%reload_ext g4f_nb\nimport g4f_nb as nb")
    kernel.run(f"mine = nb.Model('OpenaiTemplate:echo', api_base={server.api_base!r})")
    code = (
        f"long_text = {_PARAGRAPHS!r}\nfor number in range(2):\n    print('question', number)\n"
        "    get_ipython().run_cell_magic('chat', '-m mine', long_text)\nprint('done')"
    )
    messages, reply = _watch(kernel, code)
    assert reply["status"] == "ok"
    assert "clear_output" not in [kind for _, kind, _ in messages]
    page = _page(messages)
    kinds = ["answer" if "text/markdown" in data else data["stdout"].split()[0] for data in page]
    assert kinds == ["question", "answer", "question", "answer", "done"]


def test_what_is_captured_is_one_output(kernel, chat):
    """`%%capture` gets the answer once, and not as it grew."""
    assert chat("echo", "warm up")
    kernel.run("from IPython.utils.capture import capture_output")
    run = "with capture_output() as kept:\n    get_ipython().run_cell_magic('chat', '-m mine', 'hello')"
    assert kernel.run(run).error is None
    assert kernel.run("len(kept.outputs), kept.outputs[0].data['text/plain']").value == "(1, 'hello')"


def test_the_variable_turns_streaming_off(kernel, chat):
    """G4F_NB_STREAM=0 gives one output where a person looks, too."""
    kernel.run("import os; os.environ['G4F_NB_STREAM'] = '0'")
    messages, _ = chat("drip-20", "one two three four five")
    kernel.run("del os.environ['G4F_NB_STREAM']")
    assert [kind for _, kind, _ in messages] == ["display_data"]


def test_the_reply_is_in_out_and_not_shown_twice(kernel, chat):
    """`_` and `Out[n]` hold the Reply although the cell shows it only once; a later cell shows it again."""
    messages, _ = chat("upper", "hello", flags="-o answer")
    assert sum("HELLO" in json.dumps(content) for _, kind, content in messages if "display" in kind) >= 1
    assert not [kind for _, kind, _ in messages if kind == "execute_result"]
    assert kernel.run("str(_), _ is answer, Out[len(In) - 2] is answer").value == "('HELLO', True, True)"
    assert kernel.run("answer").value == "HELLO"


def test_stop_keeps_the_partial_answer(kernel, server, chat):
    """An interrupt in mid-answer ends the cell at once, keeps and marks the text, closes the connection."""
    pressed = []

    def press(message):
        if message["msg_type"] == "update_display_data" and not pressed:
            pressed.append(time.monotonic())
            kernel.interrupt()

    messages, reply = chat("drip-20", _LONG * 4, flags="-o answer", during=press)
    assert time.monotonic() - pressed[0] < 5
    assert reply["status"] == "error"
    assert reply["ename"] == "Stopped"
    assert reply["traceback"] == [
        "Stopped. What had arrived is kept in `_`; %chat --continue goes on with it."
    ]
    assert server.wait_for(lambda seen: seen.aborted == 1, timeout=2)
    shown = [content for _, kind, content in messages if kind == "update_display_data"][-1]["data"]
    assert "stopped early" in shown["text/markdown"]
    state = kernel.run("answer.partial, _ is answer, 0 < len(answer.text) < 3000").value
    assert state == "(True, True, True)"
    assert (
        kernel.run("answer.text").value.strip("'").replace("\\n", "\n").startswith(shown["text/plain"][:40])
    )
    messages, reply = chat("upper", "still here", flags="-o answer")
    assert kernel.run("str(answer)").value == "'STILL HERE'"


def test_stop_ends_run_all(kernel, server, chat):
    """Cells queued behind a stopped `%%chat` do not run, as with any interrupted cell."""
    kernel.run("mine = nb.Model('OpenaiTemplate:drip-20', api_base=BASE)\nran = False")
    first = kernel.send(f"%%chat -m mine\n{_LONG}")
    second = kernel.send("ran = True")
    assert server.wait_for(lambda seen: len(seen.requests) > 0, timeout=5)
    time.sleep(0.3)
    kernel.interrupt()
    results = kernel.collect([first, second])
    assert results[0].error == "Stopped"
    assert kernel.run("ran").value == "False"


def test_hostile_markup_is_not_sent_to_the_front_end(chat):
    """What leaves the kernel holds no live tag, also while it streams."""
    hostile = "hi <script>window.pwned=1</script> <img src=x onerror=window.pwned=1> there "
    messages, _ = chat("drip-5", hostile * 5)
    for _, _, content in messages:
        assert "<script" not in content["data"]["text/markdown"]
        assert "<img" not in content["data"]["text/markdown"]


def test_a_comparison_leaves_nothing_but_the_frame(kernel, chat):
    """`compare` shows a bar in place while it runs, and nothing of it is left; unseen there is none."""
    chat("upper", "x", person=False)
    kernel.run("slow = nb.Model('OpenaiTemplate:slow-400', api_base=BASE)")
    code = "nb.compare(['a'] * 6, [slow], concurrency=2)['status']"
    messages, reply = _watch(kernel, code)
    assert reply["status"] == "ok"
    bars = [content["data"]["text/plain"] for _, kind, content in messages if "display" in kind]
    assert len(bars) >= 3
    assert any("compare" in bar for bar in bars)
    assert bars[-1] == ""
    assert not [content for _, kind, content in messages if kind == "stream"]
    messages, _ = _watch(kernel, code, person=False)
    assert [kind for _, kind, _ in messages] == ["execute_result"]


def test_the_first_token_comes_soon_after_the_start(fresh_kernel, server):
    """Loading the extension prints nothing, and its first answer needs no second cell to work."""
    messages, reply = _watch(fresh_kernel, "%load_ext g4f_nb")
    assert reply["status"] == "ok"
    assert messages == []
    fresh_kernel.run(f"import os; os.environ['OPENAI_BASE_URL'] = {server.api_base!r}")
    messages, reply = _watch(fresh_kernel, "%%chat --provider OpenaiTemplate --model upper\nhi")
    assert messages[-1][2]["data"]["text/plain"] == "HI"
