"""What can be done with turns in a panel: put otherwise, asked again, gone on with, forked, dropped."""

from __future__ import annotations

import time

import pytest
from fake_view import Recorded
from until import until

from g4f_nb import Conversation
from g4f_nb.credentials import forget_typed
from g4f_nb.errors import InvalidParameterError, MissingAuthError
from g4f_nb.providers.models.model import Model
from g4f_nb.testing import serve

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
        options.setdefault("api_base", server.api_base)
        made.append(Recorded(model, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
        assert one.wait(5)


def asked(chat, *texts):
    """Ask one after the other and wait for each."""
    for text in texts:
        chat.ask(text)
        assert chat.wait(5)
    return chat


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


# ---- versions --------------------------------------------------------------------------------------


def test_a_question_is_put_otherwise_and_both_versions_stay(panel):
    """What follows the old one is its branch; the views step between them."""
    chat = asked(panel(), "one", "two")
    first = chat.items[0]["id"]
    chat.sent.clear()
    chat.say(type="ask", request="r", turn=first, text="uno")
    assert chat.wait(5)
    # While it was on its way, nothing stood there but what came before it.
    assert chat.of("state")[0]["order"] == []
    (item,) = chat.items
    assert (item["shown"], item["text"]) == ("uno", "uno")
    assert item["versions"] == [first, item["id"]]
    chat.say(type="change", do="switch", id=first)
    assert [each["text"] for each in chat.items] == ["one", "two"]
    assert chat.items[0]["versions"] == item["versions"]
    assert chat.view.lost == 0


def test_asking_again_is_a_version_with_the_model_that_is_chosen_now(panel, server):
    """The same question, another answer; what was sent before it is the same."""
    chat = asked(panel(), "one", "two")
    chat.model = "OpenaiTemplate:upper"
    chat.say(type="again", request="r", turn=chat.items[1]["id"])
    assert chat.wait(5)
    assert [each["text"] for each in chat.items] == ["one", "TWO"]
    assert len(chat.items[1]["versions"]) == 2
    sent = server.requests[-1].body["messages"]
    assert [message["content"] for message in sent] == ["one", "one", "two"]
    chat.regenerate()
    assert chat.wait(5)
    assert len(chat.items[1]["versions"]) == 3


def test_what_broke_off_is_gone_on_with(panel):
    """A stopped answer is marked, and Continue asks for the rest; it counts from then on."""
    chat = panel("drip-20")
    chat.ask(WORDS)
    until(lambda: len(chat.of("delta")) > 2)
    chat.stop()
    assert chat.wait(3)
    assert chat.items[0]["mark"] == "Stopped"
    chat.model = "OpenaiTemplate:echo"
    chat.say(type="continue", request="r")
    assert chat.wait(5)
    assert chat.items[1]["continues"]
    assert [message["role"] for message in chat.messages] == ["user", "assistant", "user", "assistant"]


def test_a_turn_is_dropped(panel):
    """It is gone from the page and from what is sent; the others stay."""
    chat = asked(panel(), "one", "two", "three")
    chat.say(type="change", do="drop", id=chat.items[1]["id"])
    assert [each["shown"] for each in chat.items] == ["one", "three"]
    assert "two" not in str(chat.messages)


def test_a_fork_is_a_conversation_of_its_own(panel):
    """It begins as the first one does, up to the turn, and goes its own way."""
    chat = asked(panel(), "one", "two")
    before = chat.conversation
    chat.say(type="change", do="fork", id=chat.items[0]["id"])
    assert chat.conversation is not before
    assert [each["shown"] for each in chat.items] == ["one"]
    asked(chat, "other")
    assert [turn.shown for turn in before.turns] == ["one", "two"]
    # Two that began alike can be told apart.
    first = chat.view.room["list"][0]["name"]
    assert [each["name"] for each in chat.view.room["list"]] == [first, f"{first} (2)"]


# ---- what could not be sent ------------------------------------------------------------------------


def test_a_question_that_could_not_be_sent_is_not_lost(panel, monkeypatch):
    """It stands there with the reason, a field for the key that is missing, and goes out with Retry."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    chat = panel()
    chat.model = "groq:echo"
    assert "needs a key" in chat.problem
    chat.say(type="ask", request="r1", text="Hello")
    (item,) = chat.items
    assert item["unsent"]
    assert item["error"] == chat.problem
    assert item["help"] == "key:Groq"
    assert isinstance(chat.error, MissingAuthError)
    assert chat.turns == ()
    buffers = [b"typed-key-0815"]
    chat.say(type="change", do="key", id="Groq", buffers=buffers)
    assert chat.problem == ""
    assert "typed-key" not in str([chat.sent, chat.get_state(), vars(chat)])
    forget_typed()
    # Nothing is sent to the real one.
    chat.model = "OpenaiTemplate:echo"
    chat.say(type="again", request="r2", turn=item["id"])
    assert chat.wait(5)
    (item,) = chat.items
    assert (item["shown"], item["text"]) == ("Hello", "Hello")


def test_a_key_that_is_refused_can_be_typed_anew(panel):
    """The server's 401 comes with a field for another key."""
    chat = asked(panel("error-401", api_key="wrong-key-0815", max_retries=0), "Hello")
    assert chat.items[0]["help"] == "key:OpenaiTemplate"
    assert "wrong-key" not in str(chat.items)


def test_asking_again_is_not_lost_either(panel, monkeypatch):
    """What could not be sent the second time goes out with Retry, in the place of the first."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    chat = asked(panel(), "one")
    chat.model = "groq:echo"
    chat.say(type="again", request="r1", turn=chat.items[0]["id"])
    assert [item.get("unsent") for item in chat.items] == [None, True]
    chat.model = "OpenaiTemplate:upper"
    chat.say(type="again", request="r2", turn=chat.items[1]["id"])
    assert chat.wait(5)
    (item,) = chat.items
    assert (item["text"], len(item["versions"])) == ("ONE", 2)


def test_a_failed_turn_is_replaced_by_its_answer(panel):
    """Retry on what the server refused leaves no failure behind as a version."""
    chat = panel("error-429", max_retries=0)
    asked(chat, "Hello")
    chat.model = "OpenaiTemplate:echo"
    chat.say(type="again", request="r", turn=chat.items[0]["id"])
    assert chat.wait(5)
    (item,) = chat.items
    assert (item["text"], "versions" in item, "error" in item) == ("Hello", False, False)


# ---- tools -----------------------------------------------------------------------------------------


@pytest.mark.clock
def test_no_tool_runs_without_leave():
    """A call waits, seen by every view, until it is allowed; its result is shown and the answer goes on."""
    ran = []

    def double(number: int) -> int:
        """Double a number."""
        ran.append(number)
        return 2 * number

    chat = Recorded("Demo:demo-fast", tools=[double])
    chat.ask("Please double 21")
    until(lambda: chat.view.live and any(card["state"] == "asks" for card in chat.view.live["calls"]))
    time.sleep(0.2)
    assert ran == []
    assert chat.busy
    (call,) = chat.waiting
    assert (call.name, dict(call.arguments)) == ("double", {"number": 21})
    chat.say(type="change", do="allow", id=call.id)
    assert chat.wait(5)
    assert ran == [21]
    (card,) = chat.items[0]["calls"]
    assert (card["state"], card["result"], card["arguments"]) == ("done", "42", "number = 21")
    assert "42" in chat.value.text


def test_a_denied_call_does_not_run_and_the_model_is_told():
    """The answer goes on without it."""
    chat = Recorded("Demo:demo-fast", tools=[add])
    chat.ask("Please add 2 and 40")
    until(lambda: chat.waiting)
    chat.decide(chat.waiting[0], "deny")
    assert chat.wait(5)
    (card,) = chat.items[0]["calls"]
    assert card["state"] == "failed"
    assert "did not allow" in card["result"]


def test_always_holds_for_the_tool_in_this_panel():
    """Of another tool it says nothing."""

    def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    chat = Recorded("Demo:demo-fast", tools=[add, double])
    chat.ask("Please add 2 and 40")
    until(lambda: chat.waiting)
    chat.decide(chat.waiting[0], "always")
    assert chat.wait(5)
    asked(chat, "Please add 1 and 1")
    assert chat.items[1]["calls"][0]["state"] == "done"
    chat.ask("Please double 4")
    until(lambda: chat.waiting)
    chat.stop()
    assert chat.wait(3)
    assert chat.items[2]["mark"] == "Stopped"


def test_tools_that_need_no_leave_are_not_asked_about():
    """`approve=` of one's own takes the place of the buttons."""
    chat = asked(Recorded("Demo:demo-fast", tools=[add], approve=lambda call: True), "Please add 2 and 40")
    assert chat.items[0]["calls"][0]["result"] == "42"


# ---- conversations ---------------------------------------------------------------------------------


def test_a_panel_goes_on_with_a_conversation(panel, server):
    """What was said elsewhere is there; what is said here is there; neither knows of the other's widget."""
    talk = Conversation("there", model="OpenaiTemplate:memory", api_base=server.api_base)
    talk.ask("one")
    chat = Recorded(conversation=talk)
    assert chat.model == "OpenaiTemplate:memory"
    assert [each["shown"] for each in chat.items] == ["one"]
    talk.ask("two")
    assert [each["shown"] for each in chat.items] == ["one", "two"]
    asked(chat, "three")
    assert len(talk.turns) == 3
    assert "3" in talk.turns[-1].text
    assert chat.view.lost == 0
    chat.close()
    with pytest.raises(InvalidParameterError, match="name of one"):
        Recorded(conversation=7)


def test_conversations_are_begun_named_chosen_and_deleted(panel):
    """An answer on its way goes on in its own conversation while another one is looked at."""
    chat = panel("drip-5")
    chat.ask(WORDS)
    first = chat.conversation
    until(lambda: chat.of("delta"))
    chat.say(type="change", do="new")
    assert chat.items == []
    assert chat.view.live is None
    assert chat.busy
    chat.say(type="change", do="open", id=first.id)
    assert chat.view.live["shown"] == WORDS
    assert chat.wait(10)
    assert chat.items[0]["text"] == WORDS
    assert chat.view.lost == 0
    chat.say(type="change", do="rename", id=first.id, value="Words")
    assert [each["name"] for each in chat.view.room["list"]] == ["Words", "New conversation"]
    chat.say(type="change", do="delete", id=first.id)
    assert [each["name"] for each in chat.view.room["list"]] == ["New conversation"]
    assert chat.items == []


def streaming_elsewhere(panel):
    """Give a panel that shows an empty conversation while it answers in another one, and that one."""
    chat = panel("drip-5")
    chat.ask(WORDS)
    first = chat.conversation
    until(lambda: chat.of("delta"))
    chat.say(type="change", do="new")
    return chat, first


def test_what_is_cleared_is_the_conversation_that_is_shown(panel):
    """An answer on its way in another one goes on, and is kept."""
    chat, first = streaming_elsewhere(panel)
    chat.say(type="change", do="clear")
    assert chat.busy
    assert chat.wait(10)
    assert [turn.text for turn in first.turns] == [WORDS]
    assert not first.on_their_way


def test_leave_can_be_given_after_another_conversation_was_cleared():
    """A tool that waits is still heard."""
    chat = Recorded("Demo:demo-fast", tools=[add])
    chat.ask("Please add 2 and 40")
    first = chat.conversation
    until(lambda: chat.waiting)
    chat.say(type="change", do="new")
    chat.clear()
    chat.decide(chat.waiting[0], "allow")
    assert chat.wait(5)
    assert "42" in first.turns[0].text


def test_only_the_answer_of_the_deleted_conversation_ends(panel):
    """That of another one goes on; that of the deleted one ends, though it is not in sight."""
    chat, first = streaming_elsewhere(panel)
    chat.say(type="change", do="delete", id=chat.conversation.id)
    assert chat.busy
    assert not chat._answers.live.stopped
    chat.say(type="change", do="new")
    chat.say(type="change", do="delete", id=first.id)
    assert not chat.busy
    assert not first.on_their_way
    assert first not in chat.conversations
    assert chat.view.live is None


def test_stop_ends_what_is_named(panel):
    """In another conversation the view is told what is on its way; without a name it is what is shown."""
    chat, first = streaming_elsewhere(panel)
    chat.say(type="stop", request="")
    assert not chat._answers.live.stopped
    request = chat.view.room["elsewhere"]
    assert request == chat._answers.live.id
    chat.say(type="stop", request=request)
    assert chat.wait(5)
    assert first.turns[0].partial
    chat.say(type="change", do="open", id=first.id)
    assert chat.view.room["elsewhere"] == ""


def test_nothing_is_held_of_turns_that_are_gone(panel):
    """What was made to show them goes with them; of every conversation in the list, all branches stay."""
    chat = asked(panel(), "one", "two")
    chat.regenerate()
    assert chat.wait(5)
    kept = (chat._screen._views.items._kept, chat._screen.transcript._html)
    chat._screen.transcript._bundle(chat.turns)
    gone, *_ = chat.turns
    chat.say(type="change", do="drop", id=gone.id)
    assert all(gone.id not in held for held in kept)
    first, there = chat.conversation, {turn.id for turn in chat.conversation.all_turns}
    chat.say(type="change", do="new")
    assert len(there) == 2
    assert set(kept[0]) == there
    chat.say(type="change", do="delete", id=first.id)
    assert [dict(held) for held in kept] == [{}, {}]


def test_nothing_is_held_of_models_that_nobody_can_choose(panel, server):
    """Those of conversations that are gone; that of the panel stays, whichever is chosen."""
    own = Model("OpenaiTemplate:echo", label="Mine", api_base=server.api_base)
    chat = Recorded(own)
    chat.model = "Demo:demo"
    other = Model("OpenaiTemplate:upper", label="Theirs", api_base=server.api_base)
    talk = chat.conversation = Conversation(model=other)
    assert chat.model == "Theirs"
    assert set(chat._choice._named) == {"Mine", "Theirs"}
    chat.model = "Demo:demo"
    chat.say(type="change", do="delete", id=talk.id)
    chat.say(type="change", do="new")
    assert set(chat._choice._named) == {"Mine"}


def test_two_panels_on_one_conversation_agree(panel, server):
    """What one asks the other shows, once it is settled."""
    talk = Conversation("both", model="OpenaiTemplate:echo", api_base=server.api_base)
    one, other = Recorded(conversation=talk), Recorded(conversation=talk)
    asked(one, "Hello")
    assert other.items == one.items
    asked(other, "And back")
    assert [each["shown"] for each in one.items] == ["Hello", "And back"]
    for each in (one, other):
        each.close()


def test_the_limit_and_what_was_used_are_told(panel):
    """A conversation that has reached its limit asks nothing more, and the panel says so."""
    chat = panel("echo", limit="2 USD")
    assert chat.view.room["total"] == "0 USD of 2 USD"
    chat.ask("Hello")
    assert chat.wait(5)
    assert "limit" in chat.items[0]["error"]
    assert chat.items[0]["unsent"]


# ---- settings --------------------------------------------------------------------------------------


def test_the_drawer_knows_the_provider_s_parameters(panel, server):
    """Each with its input and an example, which is not sent; what is filled in is."""
    chat = panel()
    chat.say(type="look", view="v", what="parameters")
    until(lambda: chat.of("parameters"))
    rows = {row["name"]: row for row in chat.of("parameters")[0]["rows"]}
    assert (rows["temperature"]["input"], rows["temperature"]["example"]) == ("number", "1")
    assert rows["max_tokens"]["input"] == "integer"
    assert not {"api_key", "messages", "model", "api_base"} & rows.keys()
    asked(chat, "Hello")
    assert "temperature" not in server.requests[-1].body
    filled = {"temperature": "0.5", "max_tokens": " 7 ", "stop": "a, b", "seed": ""}
    chat.say(type="change", view="v", do="parameters", value=filled)
    assert chat.parameters == {"temperature": 0.5, "max_tokens": 7, "stop": ["a", "b"]}
    asked(chat, "Hello")
    body = server.requests[-1].body
    assert (body["temperature"], body["max_tokens"], body["stop"]) == (0.5, 7, ["a", "b"])
    chat.say(type="change", view="v", do="parameters", value={"temperature": "warm"})
    assert "'warm'" in chat.of("trouble")[0]["words"]
    assert chat.parameters["temperature"] == 0.5


def test_the_system_prompt_is_the_conversation_s(panel, server):
    """Changed in the drawer it holds from the next question on."""
    chat = asked(panel(system="Be brief."), "one")
    assert chat.view.room["system"] == "Be brief."
    chat.say(type="change", do="system", value="Be long.")
    asked(chat, "two")
    assert server.requests[-1].body["messages"][0] == {"role": "system", "content": "Be long."}


def test_templates_have_fields():
    """Names in braces are asked for in a form; other braces are the text's own."""
    chat = Recorded(
        "demo", templates={"Sum": "Sum {text} in {n} words", "Set": "a {} b {{x}} {1}", "Odd": "{"}
    )
    told = {each["name"]: each["fields"] for each in chat.view.room["templates"]}
    assert told == {"Sum": ["text", "n"], "Set": [], "Odd": []}
    with pytest.raises(InvalidParameterError, match="templates"):
        Recorded("demo", templates=["Sum {text}"])


def test_files_go_along(panel, server):
    """Bytes from a view are parts of the question, named on the page, and sent again with it."""
    chat = panel()
    png = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 30
    files = [{"name": "a.png", "kind": "image/png"}]
    chat.say(type="ask", request="r", text="What is this?", files=files, buffers=[png])
    assert chat.view.live is None or chat.view.live["files"] == ["a.png"]
    assert chat.wait(5)
    content = server.requests[-1].body["messages"][-1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "text"]
    assert "a.png" in content[0]["text"]
    assert chat.items[0]["files"] == ["a.png"]


def test_code_of_an_answer_is_left_for_python(panel):
    """Where no cell can be made it is in `last_code`."""
    chat = panel()
    chat.say(type="change", do="code", value="x = 1")
    assert chat.last_code == "x = 1"


def test_callbacks_are_told_of_every_reply(panel, capsys):
    """Also of one that was stopped; one that fails is said, and disturbs nothing."""
    chat, heard = panel(), []
    end = chat.on_reply(lambda reply: heard.append(reply.text))
    chat.on_reply(lambda reply: 1 / 0)
    asked(chat, "one")
    assert "ZeroDivisionError" in capsys.readouterr().err
    end()
    asked(chat, "two")
    assert heard == ["one"]
    assert chat.error is None
