"""In a real kernel with keys in its environment: no message, no file, no saved notebook holds one."""

from __future__ import annotations

import json
import os

import pytest
from later import Later
from looking import leaks
from planting import KEY
from real_kernel import start, user_env
from thorough import some

pytestmark = pytest.mark.kernel

nbclient, nbformat = map(Later, ("nbclient", "nbformat"))
LOUD = """
import asyncio, logging, os, sys, warnings
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, force=True)
warnings.simplefilter("always")
asyncio.get_event_loop().set_debug(True)
import g4f_nb as nb
from g4f_nb.loops import ownloop
ownloop.own_loop().loop.set_debug(True)
from g4f_nb.providers import Groq
%load_ext g4f_nb
def at(form):
    os.environ["GROQ_BASE_URL"] = ECHO + "/" + form if form else HOME
"""
FAILING = ["401", "midstream", "page", "no-json"]
SHOWING = [
    "nb.resolve('groq:echo')",
    "nb.use('groq:echo')",
    "%g4f key",
    "%g4f providers",
    "%g4f config",
    "%g4f models groq",
    "%%chat -o answer\nhello",
    "%%chat -m groq:echo\nhello",
    "answer",
    "vars(answer) if hasattr(answer, '__dict__') else answer.messages",
    "nb.compare(['a', 'b'], ['groq:echo', 'demo'], cache='off')",
    "panel = nb.ChatPanel('groq:echo', headers={'X-Token': os.environ['GROQ_API_KEY']}); panel",
    "panel.ask('hello'); panel.wait(10), panel.value",
    "panel.get_state(), vars(panel)",
    "mine = nb.Model('groq:echo', api_key=os.environ['GROQ_API_KEY'], api_base=HOME); mine, vars(Groq)",
    "both = nb.ComparePanel(['groq:echo', mine], headers={'X-Token': os.environ['GROQ_API_KEY']}); both",
    "both.ask('hello'); both.wait(10), both.results, both.get_state(), vars(both), vars(both._rounds)",
    "prompt = nb.KeyPrompt('groq'); prompt",
    "typed = [memoryview(os.environ['GROQ_API_KEY'].encode())]",
    "prompt._handle_custom_msg({'type': 'key', 'view': 'v', 'save': False}, typed)",
    "prompt, typed, prompt.told, prompt.problem, prompt.get_state(), vars(prompt)",
    "nb.ModelPicker(mine), nb.ModelPicker('groq:echo').place",
    "%%chat -m mine\nhello",
    "%whos",
    "nb.questions.prepare('x', mine), nb.providers.calling.locate(mine)",
]  # fmt: skip
MINE = "mine = nb.Model('groq:echo', api_key=os.environ['GROQ_API_KEY'], api_base="
# In each of these the user's own line shows no key, so that what shows one is ours.
RAISING = [
    "%%chat\nhello",
    "nb.ask('hello', 'groq:echo', max_retries=0)",
    "nb.ask('hello', mine, max_retries=0)",
    "await nb.ask_async('hello', 'groq:echo', max_retries=0)",
    "list(Groq.create_completion('echo', [{'role': 'user', 'content': 'x'}], max_retries=0))",
    "Groq.get_models(refresh=True)",
    "%g4f models groq",
    "%tb",
]
RICH = "from rich.traceback import install; install(show_locals=True);"
MODES = ["%xmode Minimal", "%xmode Context", "%xmode Verbose", RICH]


@pytest.fixture(scope="module")
def home_folder(tmp_path_factory):
    """Where everything of this user's lies."""
    return tmp_path_factory.mktemp("user")


@pytest.fixture(scope="module")
def kernel(home_folder, home, echoing):
    """A kernel of a user who has set a key."""
    env = user_env(home_folder) | {
        "GROQ_API_KEY": KEY, "GROQ_BASE_URL": home.api_base, "G4F_NB_CACHE_DIR": str(home_folder / "cache"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "G4F_NB_MAX_RETRIES": "0",
    }  # fmt: skip
    kernel = start(env)
    made = kernel.run(f"HOME, ECHO = {home.api_base!r}, {echoing!r}\n{LOUD}")
    assert made.error is None, made.trace
    yield kernel
    kernel.shutdown()


def _sent(messages):
    return json.dumps([each["content"] for each in messages], default=str)


def test_no_message_of_a_kernel_holds_a_key(kernel):
    """Whatever a cell shows, on any channel, logs and tracebacks with locals among it."""
    kernel.run("at('')")
    for code in SHOWING:
        messages = kernel.watch(code)
        reply = next(each["content"] for each in messages if each["msg_type"] == "execute_reply")
        assert reply["status"] == "ok", (code, reply)
        assert not leaks(_sent(messages)), code


@pytest.mark.parametrize("mode", MODES, ids=["Minimal", "Context", "Verbose", "rich"])
def test_no_traceback_of_a_kernel_holds_a_key(kernel, mode):
    """In every mode of IPython, and in rich's with locals, however the server answers."""
    kernel.run(
        "at('')\nmine = nb.Model('groq:echo', api_key=os.environ['GROQ_API_KEY'], api_base=ECHO + '/401')"
    )
    kernel.run("nb.use('groq:echo')")
    kernel.run(mode)
    for number, form in enumerate(FAILING if mode == "%xmode Verbose" else FAILING[:1]):
        kernel.run(f"at({form!r})")
        for code in some(RAISING, of=4, but=number) if number else RAISING:
            messages = kernel.watch(code)
            reply = next(each["content"] for each in messages if each["msg_type"] == "execute_reply")
            assert reply["status"] == "error" or code == "%tb", (form, code)
            assert not leaks(_sent(messages)), (form, code)


def test_a_typed_key_is_in_no_message_and_no_history(kernel):
    """Though it went through the kernel."""
    kernel.run("at(''); del os.environ['GROQ_API_KEY']")
    assert not leaks(_sent(kernel.watch("%g4f key groq", KEY)))
    for code in ("%%chat -m groq:echo\nhello", "%g4f key", "%history -n", "In, Out, _, _ih, _oh", "%whos"):
        assert not leaks(_sent(kernel.watch(code))), code
    kernel.run(f"os.environ['GROQ_API_KEY'] = chr(0).join({list(KEY)!r}).replace(chr(0), '')")


def test_no_file_of_a_user_holds_a_key(kernel, home_folder):
    """Histories, settings, the store of answers, a saved frame: every byte below the user's home."""
    kernel.run("at('')")
    code = f"""
import os, pathlib, pickle
{MINE}HOME)
folder = pathlib.Path({str(home_folder)!r}) / "saved"
folder.mkdir(exist_ok=True)
frame = nb.compare(['kept', 'too'], ['groq:echo', mine], headers={{'X-Token': os.environ['GROQ_API_KEY']}})
frame.to_csv(folder / "a.csv"); frame.to_json(folder / "a.json", date_format="iso")
frame.to_pickle(folder / "a.pkl"); frame.to_html(folder / "a.html")
import importlib.util
if importlib.util.find_spec("pyarrow"): frame.to_parquet(folder / "a.parquet", compression=None)
(folder / "reply.pkl").write_bytes(pickle.dumps(nb.ask("hello", mine)))
%history -f {home_folder / "saved" / "history.txt"}
get_ipython().history_manager.writeout_cache()
"""
    result = kernel.run(code)
    assert result.error is None, result.trace
    files = [path for path in home_folder.rglob("*") if path.is_file()]
    assert {"a.csv", "a.pkl", "reply.pkl", "history.txt"} <= {path.name for path in files}
    assert any(path.suffix == ".sqlite3" for path in files)
    for path in files:
        assert not leaks(path.read_bytes().decode("latin-1")), path


def test_a_saved_notebook_holds_no_key(home, echoing, monkeypatch, tmp_path):
    """Executed by nbclient, which saves the state of every widget along with the outputs."""
    (tmp_path / "home").mkdir()
    for name, value in user_env(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    monkeypatch.setenv("GROQ_BASE_URL", home.api_base)
    monkeypatch.setenv("G4F_NB_CACHE_DIR", str(tmp_path / "cache"))
    cells = [
        f"HOME, ECHO = {home.api_base!r}, {echoing!r}\n{LOUD}",
        *SHOWING,
        f"at('401')\n{MINE}ECHO + '/401')",
        *RAISING[:-1],
        "panel.ask('once more'); panel.wait(10), panel.error",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", allow_errors=True, store_widget_state=True,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()  # fmt: skip
    written = nbformat.writes(notebook)
    assert "widgets" in notebook.metadata
    state = json.dumps(notebook.metadata.widgets)
    assert "groq:echo" in state
    assert "once more" in written
    failed = [
        cell.source for cell in notebook.cells if any(out.output_type == "error" for out in cell.outputs)
    ]
    assert len(failed) == len(RAISING) - 1, failed
    assert not leaks(written)
    assert os.environ["GROQ_API_KEY"] == KEY
