"""A combined provider can be named wherever a model is named."""

from __future__ import annotations

import asyncio
import atexit

import pytest
from frames import our_frames
from IPython.core.interactiveshell import InteractiveShell
from players import HELLO, says
from traitlets.config import Config

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError, NoProviderAnsweredError, ServerError
from g4f_nb.panels.items import item_of
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.providers.models.model import set_used
from g4f_nb.widgets import ChatPanel


@pytest.fixture
def careful(at):
    """A model that fails, then one that answers."""
    return nb.FallbackProvider([at("error-500"), at("upper")], name="Careful", failures=1000)


@pytest.fixture
def shell():
    """A shell with the magics loaded."""
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    assert shell.run_cell("%load_ext g4f_nb").success
    yield shell
    shell.run_cell("%unload_ext g4f_nb")
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("flag", ["-p", "-m", "--provider", "--model"])
def test_in_a_cell(shell, careful, flag):
    """By the name of the variable that holds it."""
    shell.user_ns["careful"] = careful
    assert shell.run_cell(f"%%chat {flag} careful -t 0 -o answer\nhello").success
    reply = shell.user_ns["answer"]
    assert (reply.text, reply.model) == ("HELLO", "upper")
    assert reply.failed[0].error == "ServerError"


def test_in_a_panel(careful, at):
    """It answers there with a memory, and the footer tells who did and why another did not."""
    panel = ChatPanel(careful)
    panel.ask("hello")
    assert panel.wait(5)
    assert panel.value.text == "HELLO"
    footer = " ".join(item_of(panel.turns[-1])["footer"])
    assert "instead of OpenaiTemplate:error-500, Error 500" in footer
    assert panel.model == "Careful"
    assert panel.problem == ""
    panel.close()
    broken = ChatPanel(nb.FallbackProvider([at("error-500")]), max_retries=0)
    broken.ask("hello")
    assert broken.wait(5)
    assert "Error 500" in broken.turns[-1].error
    broken.close()


def test_a_panel_refuses_what_does_not_belong_to_it(careful):
    """A key is for one server: that is told where it was written."""
    with pytest.raises(InvalidParameterError, match="api_key= belongs to one server") as caught:
        ChatPanel(careful, api_key="planted-key-4711")
    assert "planted" not in str(caught.value)


def test_in_a_comparison(careful, at):
    """Alone, in a list, within a Model with a name; the row says which model it was in the end."""
    race = nb.RaceProvider([at("silent"), at("echo")], name="Race")
    frame = nb.compare(["one", "two"], [careful, nb.Model(race, label="quick")], progress=False)
    assert list(frame["answer"]) == ["ONE", "one", "TWO", "two"]
    assert list(frame["provider"]) == ["Careful", "Race"] * 2
    assert list(frame["model"][1::2]) == ["quick"] * 2
    assert list(frame["model_returned"]) == ["upper", "echo"] * 2
    alone = nb.compare("one", careful, progress=False)
    assert list(alone["answer"]) == ["ONE"]
    failed = nb.compare("one", nb.FallbackProvider([at("error-500"), "groq"]), progress=False, retries=0)
    assert list(failed["status"]) == ["error"]
    assert list(failed["error_type"]) == ["NoProviderAnsweredError"]
    assert "GROQ_API_KEY" in failed["error"][0]


def test_for_the_session(careful):
    """`nb.use` takes it, and a call that names nothing goes to it."""
    try:
        nb.use(careful, temperature=0)
        assert nb.ask("hello").text == "HELLO"
    finally:
        set_used(None)


def test_a_resolution(careful):
    """It has no host and no key of its own."""
    found = nb.resolve(careful)
    assert found.provider is careful
    assert (found.host, found.key) == (None, None)
    assert "Careful" in repr(found)


def test_keys_are_looked_for_on_the_asker_s_thread(monkeypatch, at):
    """A place that only the main thread may ask, like Colab's secrets, is asked there."""
    import threading

    from g4f_nb.providers.combined.members import Member

    threads, locate = [], Member.locate

    def seen(self, *given):
        threads.append(threading.current_thread())
        return locate(self, *given)

    monkeypatch.setattr(Member, "locate", seen)
    inner = nb.FallbackProvider([at("error-500"), at("upper")])
    assert nb.ask("hello", nb.FallbackProvider([inner])).text == "HELLO"
    assert set(threads) == {threading.main_thread()}
    assert len(threads) == 3


def test_no_frame_shows_a_member_s_key(at):
    """In the error of all, or of the one that broke off later; nor in the class."""
    key = "planted/Key+0123"

    class Late(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            yield "half"
            raise ServerError("late")

    whole = nb.FallbackProvider([at("error-500", api_key=key), at("leak", api_key=key)])
    late = nb.FallbackProvider([at("leak", api_key=key), nb.Model(Late, api_key=key)])
    for combined, kind in ((whole, NoProviderAnsweredError), (late, ServerError)):
        with pytest.raises(kind) as caught:
            nb.ask("hello", combined, max_retries=0) if combined is whole else nb.ask("hello", combined)
        error, texts = caught.value, [repr(vars(combined))]
        while error is not None:
            texts += [str(error), repr(vars(error))]
            texts += [f"{frame.name}: {frame.locals}" for frame in our_frames(error)]
            error = error.__cause__ or error.__context__
        assert "planted" not in "\n".join(texts)


@pytest.mark.parametrize("wrong", [{"temprature": 1}, {"stream": True}, {"api_base": "nowhere"}])
def test_no_frame_of_a_refused_call_shows_its_key(wrong):
    """However early it is refused."""
    with pytest.raises((TypeError, InvalidParameterError)) as caught:
        nb.ask("hello", "openai:m", api_key="planted/Key+0123", **wrong)
    frames = [f"{frame.name}: {frame.locals}" for frame in our_frames(caught.value)]
    assert frames
    assert "planted" not in "\n".join([str(caught.value), *frames])


def test_many_at_once_leave_nothing():
    """A hundred calls on one loop: each its own answer, no task left."""
    racers = [says("a", 0.01, "b", name=f"R{n}") for n in range(3)]

    async def go():
        calls = [nb.RaceProvider(racers).create_async("", HELLO) for _ in range(100)]
        return await asyncio.gather(*calls), len(asyncio.all_tasks())

    answers, tasks = asyncio.run(go())
    assert set(answers) == {"ab"}
    assert tasks == 1


def test_a_comparison_keeps_the_answers_of_each_combination_apart(server, at):
    """Two of the same name are two; run again, what is kept is not asked again."""
    failing = at("error-500")
    pair = [nb.FallbackProvider([failing, at(name)], failures=1000) for name in ("upper", "echo")]
    assert pair[0].__name__ == pair[1].__name__
    for _ in range(2):
        frame = nb.compare("hello", pair, progress=False)
        assert list(frame["answer"]) == ["HELLO", "hello"]
    asked = len(server.requests)
    own = nb.FallbackProvider([failing, says("mine")], failures=1000)
    for _ in range(2):
        assert list(nb.compare("hello", own, progress=False)["answer"]) == ["mine"]
    assert asked == 4
    assert len(server.requests) == asked + 2
