"""The panel's protocol, as a view sees it, against a real server; no kernel, no browser."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from typing import ClassVar

import pytest
from fake_view import FakeView, Recorded
from until import until

import g4f_nb as nb
from g4f_nb import frontend
from g4f_nb.chunks import RequestLogin
from g4f_nb.conversations.shelf import shelf
from g4f_nb.errors import InvalidParameterError, LoopError, RateLimitError
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels import looking, putting
from g4f_nb.panels.items import html_of
from g4f_nb.panels.room import title_of
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.models.model import Model
from g4f_nb.testing import serve, serve_gigachat
from g4f_nb.widgets import ChatPanel

KEY = "planted-key-4711"
WORDS = " ".join(f"word{number}" for number in range(300))


@pytest.fixture(scope="module")
def server():
    """Give a server whose model names are behaviours."""
    with serve() as server:
        yield server


@pytest.fixture
def panel(server):
    """Make panels on the test server, which end with the test."""
    made = []

    def make(behaviour="echo", **options):
        model = behaviour if ":" in behaviour else f"OpenaiTemplate:{behaviour}"
        made.append(Recorded(model, api_base=server.api_base, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
        assert one.wait(5)


# ---- a turn ----------------------------------------------------------------------------------------


@pytest.mark.clock
def test_ask_returns_at_once_and_the_end_is_settled(panel):
    """`ask` does not wait; afterwards `value`, `messages` and `turns` hold the same answer."""
    chat = panel("slow-1500")
    start = time.monotonic()
    chat.ask("Hello")
    assert time.monotonic() - start < 1.0
    assert chat.busy
    assert chat.value is None
    assert chat.wait(5)
    assert not chat.busy
    assert chat.value.text == "ok"
    assert chat.messages == [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "ok"}]
    assert chat.roles == ["user", "assistant"]
    assert chat.turns[0].text == "ok"
    (item,) = chat.items
    assert item["html"] == "<p>ok</p>\n"
    assert item["footer"][:2] == ["OpenaiTemplate", "slow-1500"]
    assert item["mark"] == ""


def test_the_deltas_add_up_to_the_settled_answer(panel):
    """Whoever follows the deltas has seen exactly what is kept in the end, and nothing comes twice."""
    chat = panel("drip-5")
    text = (
        "# Title\n\nA \U0001f600 paragraph.\n\n" + WORDS[:600] + "\n\n- one\n- two\n\n```python\nx = 1\n```\n"
    )
    chat.say(type="ask", request="r1", text=text)
    assert chat.wait(20)
    deltas = chat.of("delta")
    assert {m["request"] for m in deltas} == {"r1"}
    assert [m["n"] for m in deltas] == list(range(len(deltas)))
    assert len(deltas) > 3
    html = chat.items[-1]["html"]
    assert html.startswith("<h1>Title</h1>")
    assert html == html_of(chat.value)
    assert chat.view.lost == 0
    # Each has an envelope, and a slow machine needs more of them.
    assert sum(len(json.dumps(m)) - 150 for m in deltas) < 3 * len(html)


def test_at_most_twelve_deltas_a_second(panel):
    """However fast the text comes, a browser gets few messages: 20000 words here, 3 ms a word there."""
    for behaviour, text in (("tiny-20000", "Hello"), ("drip-3", f"{WORDS} {WORDS}")):
        chat = panel(behaviour)
        chat.ask(text)
        assert chat.wait(20)
        # The last of it does not wait.
        times = [at for at, message in chat.sent if message["type"] == "delta"][:-1]
        assert all(times[i + 12] - times[i] >= 1 for i in range(len(times) - 12))


def test_reasoning_goes_beside_the_answer(panel):
    """Thoughts arrive as text of their own and are no part of what is sent next time."""
    chat = panel("reason")
    chat.ask("Hello")
    assert chat.wait(5)
    item = chat.items[-1]
    assert item["reasoning"].startswith("The user wants")
    assert item["text"] == "Hello"
    assert chat.messages[-1]["content"] == "Hello"


def test_thoughts_are_sent_once():
    """Each delta carries only the thoughts that are new."""
    chat = Recorded("Demo:demo")
    chat.ask("think")
    assert chat.wait(10)
    pieces = [m["reasoning"] for m in chat.of("delta") if "reasoning" in m]
    assert len(pieces) > 1
    assert "".join(pieces) == chat.items[-1]["reasoning"]


def test_each_turn_sends_all_before_it(panel, server):
    """The conversation has memory, with the system prompt in front; `clear` ends it."""
    chat = panel("memory", system="Be brief.")
    for question in ("one", "two", "three"):
        chat.ask(question)
        assert chat.wait(5)
    body = server.requests[-1].body
    assert [m["role"] for m in body["messages"]] == ["system", *["user", "assistant"] * 2, "user"]
    assert body["messages"][0]["content"] == "Be brief."
    assert "3" in chat.value.text
    chat.say(type="change", do="clear")
    assert (chat.turns, chat.messages, chat.items) == ((), [], [])
    chat.ask("four")
    assert chat.wait(5)
    assert len(server.requests[-1].body["messages"]) == 2


def test_messages_are_copies(panel):
    """Changing what `messages` gave changes nothing in the panel."""
    chat = panel()
    chat.ask("Hello")
    assert chat.wait(5)
    chat.messages[0]["content"] = "changed"
    chat.messages.clear()
    assert chat.messages[0]["content"] == "Hello"


@pytest.mark.parametrize(
    ("behaviour", "mark"),
    [
        ("empty", "The answer is empty"),
        ("refuse", "Declined"),
        ("filter", "Cut off by the provider's content filter"),
    ],
)
def test_an_unusual_end_is_said(panel, behaviour, mark):
    """An answer that is empty, refused or filtered does not look like an ordinary one."""
    chat = panel(behaviour)
    chat.ask("Hello big wide world")
    assert chat.wait(5)
    assert chat.items[-1]["mark"] == mark


def test_a_call_for_tools_is_said(panel):
    """A model that wants tools is not just silent."""
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    chat = panel("tools", tools=[tool])
    chat.ask("Hello")
    assert chat.wait(5)
    assert "add" in chat.items[-1]["mark"]


# ---- stop, replace, late chunks --------------------------------------------------------------------


def test_stop_keeps_the_part_and_ends_the_request(panel, server):
    """After `stop` the text so far stays, the server sees the connection go, and nothing more arrives."""
    chat = panel("drip-20")
    aborted = server.aborted
    chat.say(type="ask", request="r1", text=WORDS)
    until(lambda: len(chat.of("delta")) > 3)
    chat.say(type="stop", request="r1")
    sent = len(chat.sent)
    assert chat.wait(2)
    assert server.wait_for(lambda seen: seen.aborted > aborted, 1)
    assert chat.value.partial
    assert WORDS.startswith(chat.value.text)
    assert chat.items[-1]["mark"] == "Stopped"
    assert chat.turns[-1].partial
    assert chat.messages == []
    assert chat.error is None
    chat.ask("Next")
    assert chat.wait(5)
    # What had arrived and was not yet sent is the last of it.
    assert len([m for _, m in chat.sent[sent:] if m.get("request") == "r1"]) <= 1


@pytest.mark.clock
def test_a_late_chunk_is_dropped(panel):
    """What a provider yields after the stop, or was about to be sent then, reaches no view and no turn."""
    chat = panel("drip-10")
    chat.ask(WORDS)
    until(lambda: chat.of("delta"))
    live = chat._answers.live
    chat.stop()
    assert chat.wait(2)
    settled, sent = chat.items, len(chat.sent)
    live.reply.add("too late")
    live.due = live.stopped = False
    own_loop().loop.call_soon_threadsafe(chat._answers._changed, live)
    time.sleep(0.3)
    assert (chat.items, len(chat.sent)) == (settled, sent)


def test_a_late_stop_does_not_hit_the_next_turn(panel):
    """A view that stops a request which is over leaves the one that runs now alone."""
    chat = panel("drip-20")
    chat.say(type="ask", request="r1", text="one two")
    assert chat.wait(5)
    chat.say(type="ask", request="r2", text="one two three")
    chat.say(type="stop", request="r1")
    assert chat.wait(5)
    assert chat.value.text == "one two three"


def test_a_new_question_replaces_the_running_one(panel, server):
    """Asking again stops what runs; its late chunks reach neither the views nor the new turn."""
    chat = panel("drip-5")
    chat.say(type="ask", request="r1", text=WORDS)
    until(lambda: chat.of("delta"))
    chat.say(type="ask", request="r2", text="short")
    asked = len(chat.sent)
    assert chat.busy
    assert chat.wait(5)
    assert chat.roles == ["user", "assistant"] * 2
    assert chat.items[0]["mark"] == "Stopped"
    assert chat.items[1]["text"] == "short"
    assert {m["request"] for _, m in chat.sent[asked:] if m["type"] == "delta"} <= {"r2"}


def test_a_stop_while_nothing_comes_leaves_its_mark(panel, server):
    """A silent server can be stopped, too; the question without an answer is not sent again."""
    chat = panel("silent")
    chat.ask("Hello")
    # A request is there before its body has been read.
    until(lambda: any(each.body and each.body["model"] == "silent" for each in server.requests[-1:]))
    chat.stop()
    assert chat.wait(2)
    assert chat.items[-1]["mark"] == "Stopped"
    assert chat.messages == []


@pytest.mark.clock
def test_clear_in_the_middle_leaves_nothing(panel):
    """What is cleared while it streams does not come back."""
    chat = panel("drip-10")
    chat.ask(WORDS)
    until(lambda: chat.of("delta"))
    chat.clear()
    assert not chat.busy
    count = len(chat.sent)
    time.sleep(0.3)
    assert (chat.turns, chat.messages, len(chat.sent)) == ((), [], count)
    assert chat.view.live is None


def test_stop_and_clear_without_a_turn_do_nothing(panel):
    """Nothing to stop is no error."""
    chat = panel()
    chat.stop()
    chat.clear()
    assert chat.wait(0)
    assert chat.turns == ()


# ---- errors ----------------------------------------------------------------------------------------


def test_a_refusal_of_the_server_is_shown(panel):
    """What the server refuses is an item of the conversation, kept in `error`, and not sent again."""
    chat = panel("error-429", max_retries=0)
    chat.ask("Hello")
    assert chat.wait(5)
    assert chat.roles == ["user", "error"]
    assert "429" in chat.items[-1]["error"]
    assert isinstance(chat.error, RateLimitError)
    assert chat.messages == []
    chat.model = "OpenaiTemplate:echo"
    chat.ask("Again")
    assert chat.wait(5)
    assert chat.error is None
    assert [m["content"] for m in chat.messages] == ["Again", "Again"]


def test_an_error_in_the_middle_keeps_the_text(panel):
    """A stream that breaks off leaves its text, the mark and the reason."""
    chat = panel("cut", max_retries=0)
    chat.ask("Hello")
    assert chat.wait(10)
    assert chat.roles == ["user", "assistant", "error"]
    assert chat.items[0]["mark"] == "Broken off"
    assert chat.items[0]["text"].startswith("This answer breaks")
    assert chat.value.partial


def test_a_wrong_option_is_shown_before_anything_is_sent(panel, server):
    """What cannot be sent is said in the panel, and the panel is idle again."""
    chat = panel()
    chat.conversation.options = {**chat.conversation.options, "temprature": 1}
    count = len(server.requests)
    chat.ask("Hello")
    assert chat.wait(5)
    assert chat.roles == ["user", "error"]
    assert "temprature" in chat.items[-1]["error"]
    assert len(server.requests) == count


def test_a_key_that_a_model_repeats_is_masked():
    """While the answer comes, in the end, and in what is copied; `value` has what was said."""
    key = "sk-planted4711planted4711"
    with serve(answers={"leaky": lambda _: f"your key is {key}, is it not?"}) as server:
        chat = Recorded("OpenaiTemplate:leaky", api_base=server.api_base, api_key=key)
        chat.ask("Hello")
        assert chat.wait(10)
    assert key not in str(chat.sent) + str(chat.items)
    assert chat.items[0]["text"].endswith(", is it not?")
    assert key in chat.value.text
    chat.close()


def test_an_answer_that_cannot_be_rendered_is_shown_as_text(panel, monkeypatch):
    """A fault of ours in rendering hangs nothing: the text is there, with the reason."""

    def fail(self, **_):
        raise RecursionError("too deep")

    monkeypatch.setattr("g4f_nb.showing.rendering.HtmlStream.take", fail)
    chat = panel()
    chat.ask("Hello")
    assert chat.wait(5)
    assert chat.roles == ["user", "assistant", "error"]
    assert chat.items[0]["html"] is None
    assert chat.items[0]["text"] == "Hello"
    assert "too deep" in chat.items[0]["error"]


def test_an_empty_question_is_refused(panel):
    """From Python it is a mistake, from a view it is nothing."""
    chat = panel()
    with pytest.raises(InvalidParameterError, match="empty"):
        chat.ask("  \n")
    chat.say(type="ask", request="r1", text="  ")
    assert chat.turns == ()


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "ask"},
        {"type": "ask", "request": 1, "text": "x"},
        {"type": "stop"},
        {"type": "what"},
        {"type": "hello"},
    ],
)
def test_messages_of_no_known_form_are_ignored(panel, message):
    """A view of another version does no harm."""
    chat = panel()
    chat.say(**message)
    assert (chat.sent, chat.turns, chat.busy) == ([], (), False)


# ---- models ----------------------------------------------------------------------------------------


def test_a_bad_model_is_a_problem_with_a_way_out():
    """A model that cannot be used is said as soon as it is chosen, and is gone with a better choice."""
    chat = Recorded("Grok:llama")
    assert "did you mean" in chat.problem
    chat.model = "demo"
    assert chat.problem == ""


def test_providers_and_models_are_listed_in_the_background(panel, server):
    """A view gets the providers with key and host, a provider's models, or the reason why there are none."""
    chat = panel()
    chat.say(type="providers", view="v1")
    chat.say(type="models", provider="openaitemplate", view="v2")
    chat.say(type="models", provider="Nobody", view="v3")
    until(lambda: len([*chat.of("models"), *chat.of("providers")]) == 3)
    (providers,), (models,), (failed,) = (
        chat.of("providers"),
        chat.of("models", view="v2"),
        chat.of("models", view="v3"),
    )
    keys = {row["name"]: row["key"] for row in providers["rows"]}
    assert {"Demo": "none", "Groq": "missing"}.items() <= keys.items()
    assert "drip-20" in models["names"]
    assert (failed["names"], models["error"]) == ([], None)
    assert "Nobody" in failed["error"]


def test_a_panel_s_models_are_asked_for_where_its_answers_come_from():
    """With all options of the panel that say where a call goes and how it gets there."""
    with serve_gigachat(tls=True) as server:
        options = {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key}
        chat = Recorded("gigachat:GigaChat-2-Max", ca_bundle_file=server.ca_file, **options)
        chat.say(type="models", provider="gigachat", view="v1")
        until(lambda: len(chat.of("models")) == 1)
        (models,) = chat.of("models", view="v1")
        assert (models["error"], "GigaChat-2-Max" in models["names"]) == (None, True)
        chat.ask("Hello")
        assert chat.wait(5)
        assert chat.messages[-1]["content"] == "Hello"
        chat.close()


def test_a_key_goes_to_one_provider_only(panel, server):
    """After a change to another provider, neither key nor address of the first one is passed on."""
    chat = panel(api_key=KEY)
    chat.ask("Hello")
    assert chat.wait(5)
    assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
    count = len(server.requests)
    chat.model = "Groq:llama"
    chat.ask("Hello")
    assert chat.wait(5)
    assert "needs a key" in chat.items[-1]["error"]
    chat.model = "Demo:demo-fast"
    chat.ask("Hello")
    assert chat.wait(5)
    assert chat.items[-1]["mark"] == ""
    assert len(server.requests) == count


def test_a_model_with_settings_and_a_class_can_be_given(server):
    """What names a model elsewhere names it here."""
    from g4f_nb.providers import OpenaiTemplate

    class Mine(OpenaiTemplate):
        api_base = server.api_base
        default_model = "echo"

    for model in (Model("OpenaiTemplate:echo", api_base=server.api_base), Mine):
        chat = Recorded(model)
        chat.ask("Hello")
        assert chat.wait(5)
        assert chat.value.text == "Hello"
    assert chat.model == "Mine"


# ---- views -----------------------------------------------------------------------------------------


def test_a_view_that_comes_later_gets_the_whole_so_far(panel):
    """`hello` in the middle gives all up to the last delta, so that the next one fits on."""
    chat = panel("drip-10")
    chat.say(type="ask", request="r1", text="A paragraph.\n\n" + WORDS)
    until(lambda: len(chat.of("delta")) > 4)
    late = FakeView("v2")
    chat.say(type="hello", view="v2")
    at = max(n for n, (_, m) in enumerate(chat.sent) if m.get("view") == "v2")
    assert chat.wait(10)
    for _, message in chat.sent[at:]:
        late.receive(message)
    assert late.lost == 0
    assert late.shown == chat.items


def test_a_view_that_missed_something_knows_it(panel):
    """A state or a delta that does not follow the last one is not taken for it; saying hello mends that."""
    chat = panel("drip-5")
    chat.ask(WORDS)
    late = FakeView("v2")
    chat.say(type="hello", view="v2")
    assert chat.wait(10)
    told = [m for _, m in chat.sent if m.get("view") in (None, "v2")]
    for message in [*told[:4], *told[6:]]:
        late.receive(message)
    assert late.lost
    chat.say(type="hello", view="v2")
    late.receive(chat.sent[-1][1])
    assert late.shown == chat.items


def test_no_text_is_a_trait(panel):
    """Neither while an answer streams nor afterwards the synced state holds it, for that is saved."""
    chat = panel("drip-10")
    chat.ask("secretword " + WORDS)
    until(lambda: len(chat.of("delta")) > 2)
    assert "secretword" not in json.dumps(chat.get_state(), default=str)
    chat.stop()
    assert chat.wait(5)
    assert len(json.dumps(chat.get_state(), default=str)) < 5_000


def test_no_key_is_in_state_message_or_repr(panel):
    """A key given as an option is found nowhere, not even when the server repeats it."""
    chat = panel("leak", api_key=KEY)
    chat.say(type="hello", view="v1")
    chat.say(type="models", provider="OpenaiTemplate", view="v1")
    chat.ask("Hello")
    assert chat.wait(5)
    until(lambda: chat.of("models"))
    assert chat.roles == ["user", "error"]
    everything = [
        json.dumps(chat.get_state(), default=str),
        json.dumps(chat.sent),
        repr(chat),
        str(vars(chat)),
    ]
    assert not [text for text in everything if KEY in text]


def test_what_a_notebook_keeps_holds_no_key_that_was_typed(panel):
    """In a question, or repeated by an answer: the page shows it, the transcript does not."""
    chat = panel("echo", api_key=KEY)
    chat.ask(f"my key is {KEY}")
    chat.wait(10)
    kept = chat._screen.transcript._bundle(chat.turns)
    assert "my key is •••" in kept["text/plain"]
    assert KEY not in str(kept)
    assert KEY in chat.turns[0].text


def test_a_provider_that_tells_the_key_is_masked():
    """Even a provider of the user's own that puts the key into its error does not bring it into the panel."""

    class Leaky(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, api_key=None, **kwargs):
            raise ValueError(f"bad key {api_key}")
            yield ""

    chat = Recorded(Leaky, api_key=KEY)
    chat.ask("Hello")
    assert chat.wait(5)
    assert chat.items[-1]["error"] == "bad key ***"


# ---- Python ----------------------------------------------------------------------------------------


@pytest.mark.clock
def test_wait_gives_up_after_its_time(panel):
    """`wait` says whether the panel is idle."""
    chat = panel("stall")
    chat.ask("Hello")
    start = time.monotonic()
    assert not chat.wait(0.3)
    assert 0.25 < time.monotonic() - start < 2
    chat.stop()
    assert chat.wait(2)


def test_an_observer_may_ask_but_not_wait(panel):
    """When `busy` ends, the next question can be asked there; waiting there is refused, not a deadlock."""
    chat = panel()
    outcome = []

    def chain(change):
        if not change["new"] and len(chat.messages) < 4:
            assert threading.current_thread() is own_loop().thread
            with pytest.raises(LoopError):
                chat.wait(1)
            outcome.append(chat.value.text)
            chat.ask("second")

    chat.observe(chain, "busy")
    chat.ask("first")
    until(lambda: len(chat.messages) == 4)
    assert outcome == ["first"]
    assert chat.wait(5)


def test_many_threads_may_ask():
    """Questions from several threads at once end in one consistent conversation."""
    chat = Recorded("Demo:demo-fast")
    threads = [threading.Thread(target=chat.ask, args=(f"question {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chat.wait(10)
    assert chat.roles.count("user") == 8
    assert chat.roles[-1] == "assistant"
    assert len({item["id"] for item in chat.items}) == len(chat.items)


def test_a_plain_script_can_use_it():
    """Without a kernel, a panel works and nothing is printed; what it had is kept when it is left."""
    code = (
        "from g4f_nb.widgets import ChatPanel\n"
        "panel = ChatPanel('Demo:demo-fast')\n"
        "panel.ask('Hello'); assert panel.wait(20); assert 'Demo' in panel.value.text\n"
        "panel.close()\n"
        "panel = ChatPanel('Demo:demo-slow'); panel.ask('the last words')\n"
        "import time; time.sleep(1)\n"
    )
    done = subprocess.run(  # our own interpreter
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    kept = nb.list_conversations().set_index("title")["id"]
    (turn,) = nb.Conversation.restore(kept["the last words"]).turns
    assert turn.reply is not None
    assert turn.reply.partial


class Notebook:
    """A shell, as far as panels ask it for anything."""

    user_ns: ClassVar[dict[str, object]] = {}


def test_a_panel_in_which_nothing_was_said_leaves_no_conversation(monkeypatch):
    """However many were shown, no list knows of them; what somebody has named is there, empty or not."""
    notebook = Notebook()
    monkeypatch.setattr(frontend, "shell", lambda: notebook)
    chats = [Recorded("Demo:demo-fast") for _ in range(3)]
    chats[0].conversation.system = "Be brief."
    for _ in range(2):
        chats[1].say(type="change", view="v", do="new")
    assert len(chats[1].conversations) == 1
    assert nb.list_conversations().empty
    assert shelf().names == ()
    chats[2].ask("Hello")
    assert chats[2].wait(5)
    Recorded("Demo:demo-fast", conversation="physics")
    assert set(nb.list_conversations()["title"]) == {"Hello", ""}
    chats[2].say(type="change", view="v", do="new")
    assert len(chats[2].conversations) == 3
    assert nb.list_conversations()["name"].tolist()[0] == "physics"
    for chat in chats:
        chat.close()


def test_the_list_calls_a_conversation_by_the_name_that_it_was_given():
    """Also by one that looks like those that are made up; one without is called by what it is about."""
    for given, shown in (("chat-bots", "chat-bots"), (None, "Hello")):
        talk = nb.Conversation(given, model="Demo:demo-fast")
        talk.ask("Hello")
        assert title_of(talk) == shown


def test_what_was_given_for_one_server_goes_to_no_other(monkeypatch):
    """The panel's key and address go to the provider it was made for; another one sees neither."""
    with serve() as mine, serve() as other:
        monkeypatch.setenv("GROQ_BASE_URL", other.api_base)
        monkeypatch.setenv("GROQ_API_KEY", "groqs-own-key")
        chat = ChatPanel("OpenaiTemplate:upper", api_base=mine.api_base, api_key="planted-key")
        chat._receive(None, {"type": "models", "provider": "Groq", "view": "v"}, [])
        assert other.wait_for(lambda seen: len(seen.requests) == 1)
        chat.model = "groq:upper"
        chat.ask("hello")
        assert chat.wait(5)
        assert other.wait_for(lambda seen: len(seen.requests) == 2)
        keys = {seen.headers.get("Authorization") for seen in other.requests}
        assert keys == {"Bearer groqs-own-key"}
        chat.model = "OpenaiTemplate:upper"
        chat.ask("hello")
        assert chat.wait(5)
        assert mine.requests[-1].headers["Authorization"] == "Bearer planted-key"
        assert chat.value.text == "HELLO"


class Waiting(AsyncGeneratorProvider):
    """Waits for a login of the user, and then answers."""

    working = True
    back = threading.Event()

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True):
        """Ask for the login first."""
        yield RequestLogin("the service", "https://a.invalid/?a=1&b=2")
        await asyncio.to_thread(cls.back.wait)
        yield "You are "
        await asyncio.sleep(0.3)
        yield "in."


def test_a_login_is_shown_in_the_place_of_the_answer_to_come():
    """The views get the link while it is waited for, a late one too; the answer takes its place."""
    Waiting.back.clear()
    chat = Recorded(Waiting)
    chat.say(type="ask", request="r1", text="hello")
    until(lambda: chat.of("delta"))
    link = '<a href="https://a.invalid/?a=1&amp;b=2"'
    assert link in chat.of("delta")[0]["open"]
    chat.say(type="hello", view="late")
    assert link in chat.of("state", view="late")[0]["live"]["open"]
    Waiting.back.set()
    assert chat.wait(5)
    assert [m["n"] for m in chat.of("delta")] == list(range(len(chat.of("delta"))))
    assert chat.items[-1]["html"] == "<p>You are in.</p>\n"


def test_a_login_nobody_did_stays_in_the_conversation():
    """Stopped while it waits, the turn still shows where to log in."""
    Waiting.back.clear()
    chat = Recorded(Waiting)
    chat.ask("hello")
    until(lambda: chat.of("delta"))
    chat.stop()
    assert chat.wait(5)
    Waiting.back.set()
    assert "https://a.invalid/" in chat.items[-1]["html"]
    assert chat.items[-1]["mark"] == "Stopped"


def test_a_provider_may_be_named_apart():
    """`provider=` is whose model it is; what a panel cannot do is refused in its own words."""
    assert ChatPanel("demo-fast", provider="demo").model == "Demo:demo-fast"
    assert ChatPanel(provider="Demo").model == "Demo"
    with pytest.raises(InvalidParameterError, match="a panel does not show"):
        ChatPanel(schema="a int")


# ---- what a newcomer should know -------------------------------------------------------------------


def test_an_empty_panel_says_who_answers_and_what_to_do(monkeypatch, capsys):
    """Nobody chosen: Demo, and the ways out. A key that is set: who answers. Told in the panel alone."""
    chat = Recorded()
    assert "Demo answers: offline" in chat._hint
    assert "nb.use(" in chat._hint
    assert Recorded("Demo:demo")._hint.startswith("Demo answers offline, with samples only")
    assert Recorded("OpenaiTemplate:x", api_base="http://127.0.0.1:9/v1")._hint == ""
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    chat.say(type="hello", view="w")
    assert chat._hint == "Groq answers, chosen by the only key that is set."
    chat.model = "mistral:x"
    assert (chat._hint, bool(chat.problem)) == ("", True)
    assert KEY not in str(chat.get_state())
    assert capsys.readouterr().err == ""


def test_a_name_that_is_no_variable_is_told_before_and_after(panel, monkeypatch):
    """While one writes, with the variable that may be meant, and beside the answer; in code none is."""
    for module in (putting, looking):
        monkeypatch.setattr(module, "namespace", lambda: {"frame": 1})
    chat = panel("echo")
    words = "@fraem is no variable here and goes as text; did you mean @frame?"
    chat.say(type="look", view="v", what="strangers", text="what is @fraem, me@example.com, `@x`, @frame?")
    until(lambda: chat.of("strangers"))
    assert chat.of("strangers")[-1]["words"] == [words]
    chat.ask("what is @fraem?")
    chat.wait(10)
    assert chat.items[-1]["notes"] == [words]
    assert chat.turns[-1].prompt == "what is @fraem?"
