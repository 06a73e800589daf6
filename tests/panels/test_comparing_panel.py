"""The comparing panel's protocol, as a view sees it, against a real server; no kernel, no browser."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pandas as pd
import pytest
from hearing import Comparing
from until import until

import g4f_nb as nb
from g4f_nb import credentials
from g4f_nb.errors import InvalidParameterError, NoProviderError, UnknownParameterError
from g4f_nb.judging.ballots import Ballots
from g4f_nb.panels import comparing_panel as comparing_module
from g4f_nb.panels import round as round_module
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.showing.rendering import safe_html
from g4f_nb.testing import serve

KEY = "planted4711planted4711"
WORDS = " ".join(f"word{number}" for number in range(300))


@pytest.fixture(scope="module")
def server():
    """Give a server whose model names are behaviours."""
    with serve() as server:
        yield server


@pytest.fixture
def compare(server):
    """Make panels of behaviours of the test server, which end with the test."""
    made = []

    def make(*behaviours, **options):
        models = [each if ":" in each else f"OpenaiTemplate:{each}" for each in behaviours]
        made.append(Comparing(models, api_base=server.api_base, api_key="sk-none", **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
        assert one.wait(5)


def test_the_columns_add_up_to_the_answers(compare):
    """Who appends and replaces as told has the same as the whole text rendered at once, in every column."""
    panel = compare("drip-5", "upper", "markdown")
    text = "# Title\n\nA paragraph.\n\n" + WORDS[:500] + "\n\n- one\n- two\n"
    panel.ask(text)
    assert panel.wait(20)
    shown = [panel.seen()[side["id"]] for side in panel.now["sides"]]
    answers = panel.results["answer"].tolist()
    assert [html for html, *_ in shown] == [safe_html(each) for each in answers]
    assert [opened for _, opened, _ in shown] == ["", "", ""]
    assert [side["title"] for side in panel.now["sides"]] == panel.models


def test_it_is_a_comparison(compare, server):
    """The same columns, store and run as `nb.compare`: what was asked there is not asked again here."""
    options = {"api_base": server.api_base, "api_key": "sk-none", "progress": False}
    before = nb.compare({"a": "first"}, ["OpenaiTemplate:upper"], **options)
    panel = compare("upper", "echo", prompts={"a": "first", "b": "second"})
    count = len(server.requests)
    assert panel.ask_next()
    assert panel.wait(10)
    assert len(server.requests) == count + 1
    panel.ask_next()
    assert panel.wait(10)
    assert not panel.ask_next()
    frame = panel.results
    assert list(frame.columns) == list(before.columns)
    assert frame.dtypes.astype(str).tolist() == before.dtypes.astype(str).tolist()
    assert frame["cached"].tolist() == [True, False, False, False]
    wide = frame.llm.wide()
    assert wide.loc["b"].tolist() == ["SECOND", "second"]
    assert nb.attach(frame["run_id"].iloc[0])["answer"].tolist() == ["FIRST", "first"]
    assert compare().results.columns.tolist() == list(before.columns)
    assert compare().results.dtypes.astype(str).tolist() == before.dtypes.astype(str).tolist()


def test_deltas_are_few_however_many_columns(compare):
    """At most 12 messages a second for all columns together, none empty, numbered without a gap."""
    panel = compare("drip-2", "drip-3", "drip-4", "drip-5")
    panel.ask(WORDS[:1200])
    assert panel.wait(30)
    times = [at for at, message in panel.sent if message["type"] == "delta"]
    assert len(times) > 3
    assert (len(times) - 1) / (times[-1] - times[0]) <= 12
    assert all(message["sides"] for message in panel.of("delta"))
    numbers = [message["n"] for _, message in panel.sent if "view" not in message]
    assert numbers == list(range(1, len(numbers) + 1))


def test_one_is_stopped_and_the_others_go_on(compare, server):
    """Its part stays, its connection is closed, its row is cancelled; it can be asked again in its place."""
    panel = compare("drip-20", "drip-3")
    panel.ask(WORDS[:900])
    until(lambda: len(panel.of("delta")) > 3)
    aborted = server.aborted
    panel.say(type="stop", side=panel.now["sides"][0]["id"])
    assert server.wait_for(lambda seen: seen.aborted > aborted, 2)
    assert panel.wait(10)
    assert panel.results["status"].tolist() == ["cancelled", "ok"]
    first, second = panel.now["sides"]
    assert (first["item"]["mark"], second["item"]["mark"]) == ("Stopped", "")
    assert first["item"]["said"]
    panel.say(type="again", column=first["column"])
    assert panel.wait(30)
    assert panel.results["status"].tolist() == ["ok", "ok"]
    assert len(panel.results["answer"].unique()) == 1


def test_a_fault_of_one_column_costs_no_other(compare):
    """What is wrong stands in its column, with the way out; the other has its answer."""
    panel = compare("error-401", "upper", "groq:x")
    panel.ask("hello")
    assert panel.wait(10)
    wrong, right, keyless = (side["item"] for side in panel.now["sides"])
    assert "OpenaiTemplate" in wrong["error"]
    assert (right["said"], right["error"]) == (True, None)
    assert "sk-none" not in str(panel.sent)
    assert panel.results["status"].tolist() == ["error", "ok", "error"]
    assert keyless["error"]


def test_a_slip_is_an_error_where_it_was_written(server):
    """Not in a column an hour later: names, options and prompts are checked at once."""
    with pytest.raises(NoProviderError, match="OpenAI:x"):
        Comparing(["opnai:x"])
    with pytest.raises(UnknownParameterError):
        Comparing(["Demo"], temprature=1)
    with pytest.raises(InvalidParameterError, match=r"use nb.compare\(…, schema=…\)"):
        Comparing(["Demo"], schema="name")
    with pytest.raises(InvalidParameterError, match="prompt"):
        Comparing(["Demo"], prompts=[None])
    with pytest.raises(InvalidParameterError, match="no model to ask"):
        Comparing().ask("hello")


def test_a_column_is_added_and_taken_away(compare, server):
    """The prompt on the page is asked of a new model alone; address and key are for the given ones."""
    panel = compare("upper")
    panel.ask("hello")
    assert panel.wait(10)
    count = len(server.requests)
    panel.say(type="add", view="v", request="r", model="Demo:demo-fast")
    assert panel.wait(10)
    assert panel.models == ["OpenaiTemplate:upper", "Demo:demo-fast"]
    assert (len(panel.results), len(server.requests)) == (2, count)
    panel.say(type="remove", column=panel.now["sides"][0]["column"])
    assert panel.models == ["Demo:demo-fast"]
    assert [side["title"] for side in panel.now["sides"]] == ["Demo:demo-fast"]
    assert len(panel.results) == 2
    panel.say(type="add", view="v", request="r", model="OpenaiTemplate:echo")
    assert panel.wait(10)
    assert len(server.requests) == count
    panel.say(type="add", view="v", request="r", model="nobody:x")
    assert "nobody" in panel.problem
    assert panel.of("refused") == [{"type": "refused", "view": "v", "request": "r"}]


def test_what_is_blind_tells_no_name(compare):
    """Before the vote no message holds a name, a time or a count; after it, all of them."""
    panel = compare("upper", "echo", blind=True, seed=3)
    panel.ask("hello")
    assert panel.wait(10)
    told = str([message for _, message in panel.sent])
    ids = [column.id for column in panel._columns.all]
    for secret in ("upper", "echo", "OpenaiTemplate", "tokens", "first token", *ids):
        assert secret not in told[told.index("hello") :]
    state = panel.now
    assert [side["title"] for side in state["sides"]] == ["Answer A", "Answer B"]
    assert state["ballot"]["ready"]
    left, right = (panel.seen()[state["ballot"][side]][0] for side in ("left", "right"))
    panel.say(type="vote", choice="right")
    titles = {side["id"]: side["title"] for side in panel.now["sides"]}
    better = "OpenaiTemplate:upper" if "HELLO" in right else "OpenaiTemplate:echo"
    assert titles[state["ballot"]["right"]] == better
    assert panel.now["ballot"] is None
    assert {side["badge"] for side in panel.now["sides"]} == {"better", "worse"}
    assert panel.verdicts["winner_model"].tolist() == [better]
    assert {left, right} == {"<p>HELLO</p>\n", "<p>hello</p>\n"}


def test_sides_are_shuffled_by_the_seed(compare):
    """Neither side is always the same model's, and a seed gives the same order again."""
    orders = []
    for seed in (1, 1, 2):
        panel, order = compare("upper", "echo", blind=True, seed=seed), []
        for number in range(6):
            panel.ask(f"hello {number}")
            assert panel.wait(10)
            shown = panel.seen()[panel.now["sides"][0]["id"]][0]
            order.append("HELLO" in shown)
            panel.vote("tie")
        orders.append(order)
    assert orders[0] == orders[1] != orders[2]
    assert 0 < sum(orders[0]) < 6


def test_three_meet_in_pairs(compare):
    """Each two are voted on once; a pair can be skipped and a vote taken back before the names are shown."""
    panel = compare("upper", "echo", "markdown", blind=True)
    panel.ask("hello")
    assert panel.wait(10)
    assert (panel.now["ballot"]["done"], panel.now["ballot"]["total"]) == (0, 3)
    skipped = panel.now["ballot"]["left"], panel.now["ballot"]["right"]
    panel.say(type="skip")
    panel.say(type="vote", choice="left")
    assert len(panel.verdicts) == 1
    panel.say(type="undo")
    assert len(panel.verdicts) == 0
    panel.say(type="vote", choice="bad")
    panel.say(type="vote", choice="tie")
    ballot = panel.now["ballot"]
    assert (ballot["left"], ballot["right"]) == skipped
    panel.say(type="vote", choice="left")
    assert panel.now["ballot"] is None
    assert panel.verdicts["reason"].fillna("").tolist().count("both bad") == 1
    ranked = panel.results.llm.rank()
    assert len(ranked) == 3


def test_a_failed_answer_is_not_voted_on(compare):
    """Two of three meet; with one left there is nothing to vote on, and names are shown with the reason."""
    panel = compare("error-401", "upper", "echo", blind=True)
    panel.ask("hello")
    assert panel.wait(10)
    assert panel.now["ballot"]["total"] == 1
    hidden = [side["item"]["error"] for side in panel.now["sides"] if side["item"]["error"]]
    assert hidden == ["This model gave no answer. Whose it is and why is shown after the vote."]
    panel.vote("left")
    assert [side["item"]["error"] for side in panel.now["sides"]] not in (hidden, [None] * 3)
    alone = compare("error-401", "upper", blind=True)
    alone.ask("hello")
    assert alone.wait(10)
    assert (alone.now["blind"], alone.now["ballot"]) == (False, None)


def test_people_and_judges_are_compared(compare):
    """After a vote on what a judge has voted on, too, the panel says how far they agree."""
    panel = compare("upper", "echo", blind=True)
    panel.ask("hello")
    assert panel.wait(10)
    with nb.testing.serve(answers={"judge": lambda _: '{"reason": "r", "winner": "tie"}'}) as server:
        judge = nb.Model("OpenaiTemplate:judge", api_base=server.api_base)
        panel.results.llm.judge(judge, progress=False)
    panel.vote("tie")
    assert panel.now["notes"] == ["You and OpenaiTemplate:judge agree on 1 of 1 pairs (100%)."]


def test_answers_of_others_do_not_wait_for_tables(compare, monkeypatch):
    """The loop that all answers come on takes the panel's lock: what reads tables and the disk does not."""
    free = []

    def is_free(panel):
        def look():
            free.append(panel._lock.acquire(timeout=2))
            if free[-1]:
                panel._lock.release()

        other = threading.Thread(target=look)
        other.start()
        other.join()

    panel = compare("upper", "echo", blind=True)
    places = [
        (round_module, "frame_of"),
        (comparing_module, "agreed"),
        (Ballots, "score"),
        (Ballots, "__init__"),
    ]
    for place, name in places:
        real = getattr(place, name)

        def looked(*given, real=real, **named):
            is_free(panel)
            return real(*given, **named)

        monkeypatch.setattr(place, name, looked)
    panel.ask("hello")
    assert panel.wait(20)
    panel.vote("tie")
    assert len(panel.results) == 2
    panel.say(type="hello", view="late")
    assert len(free) > 3
    assert all(free)
    assert {side["badge"] for side in panel.now["sides"]} == {"a tie"}


def test_words_are_compared(compare):
    """What one has and the other has not, as markup of ours around text of theirs."""
    panel = compare("upper", "echo")
    panel.ask("<b>hello</b> 42 times")
    assert panel.wait(10)
    one, other = (side["id"] for side in panel.now["sides"])
    panel.say(type="diff", view="v", one=one, other=other)
    until(lambda: panel.of("diff"))
    (told,) = panel.of("diff")
    assert (told["view"], told["same"]) == ("v", False)
    assert "<del>" in told["html"]
    assert "&lt;" in told["html"]
    assert "<b>" not in told["html"]
    panel.say(type="diff", view="v", one=one, other="none")


def test_a_view_that_comes_later_gets_everything(compare):
    """In the middle of the answers as well; the next delta fits on."""
    panel = compare("drip-10", "drip-5")
    panel.ask("A paragraph.\n\n" + WORDS[:600])
    until(lambda: len(panel.of("delta")) > 3)
    panel.say(type="hello", view="late")
    whole = next(message for message in panel.of("state") if message.get("view") == "late")
    assert [side["status"] for side in whole["sides"]] == ["live", "live"]
    assert panel.wait(20)
    after = [m for _, m in panel.sent if m["n"] > whole["n"] or m is whole]
    panel.sent = [(0, message) for message in after]
    assert [html for html, *_ in panel.seen().values()] == [
        safe_html(each) for each in panel.results["answer"]
    ]


def test_rounds_can_be_looked_at_again(compare):
    """Earlier prompts with their answers; late tokens of the one that is on its way disturb nothing."""
    panel = compare("upper")
    for text in ("first", "second"):
        panel.ask(text)
        assert panel.wait(10)
    panel.say(type="go", to=0)
    assert (panel.now["question"], panel.now["at"], panel.now["rounds"]) == ("first", 0, 2)
    assert panel.now["contents"][0]["finished"] == ["<p>FIRST</p>\n"]
    panel.say(type="go", to=7)
    assert panel.now["at"] == 0


def test_a_conversation_goes_before(compare, server):
    """Its turns are sent with every prompt, and it stays as it was."""
    talk = nb.Conversation(model="Demo:demo-fast", system="Be brief.")
    talk.ask("What is pandas?")
    panel = compare("echo", conversation=talk)
    panel.ask("And polars?")
    assert panel.wait(10)
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert len(talk) == 1
    assert panel.now["question"] == "And polars?"


def test_another_try_starts_afresh(compare):
    """What a failed try had shown is taken away before the next one's text."""
    panel = compare("flaky-1")
    panel.ask("hello")
    assert panel.wait(20)
    assert panel.seen()[panel.now["sides"][0]["id"]][0] == "<p>hello</p>\n"


def test_a_prompt_while_another_is_answered(compare):
    """The one on its way is stopped with what there is of it; both are in the results under their names."""
    panel = compare("drip-10")
    panel.ask(WORDS, name="long")
    until(lambda: panel.of("delta"))
    panel.ask("short", name="short")
    assert panel.wait(10)
    until(lambda: len(panel.results) == 2)
    assert panel.results["prompt_id"].tolist() == ["long", "short"]
    assert panel.results["status"].tolist() == ["cancelled", "ok"]


def test_one_budget_for_all_prompts(compare):
    """It is spent by the prompts together; what is over it is told, and not asked."""
    prices = pd.DataFrame({"model": ["OpenaiTemplate:echo"], "input": [1e6], "output": [1e6]})
    panel = compare("echo", budget="5 USD", prices={"OpenaiTemplate:echo": (1e6, 1e6)})
    del prices
    panel.ask("hello there you")
    assert panel.wait(10)
    panel.ask("and another")
    assert panel.wait(10)
    assert panel.results["status"].tolist() == ["ok", "skipped"]
    assert "budget" in panel.now["sides"][0]["item"]["error"]


def test_no_key_is_in_what_is_told_or_kept(compare, server):
    """A key given to the panel is in no message, state, repr or result, though the server repeats it."""
    panel = Comparing(["OpenaiTemplate:leak", "OpenaiTemplate:echo"], api_base=server.api_base, api_key=KEY)
    panel.ask("hello")
    assert panel.wait(10)
    kept = [panel.sent, panel.get_state(), repr(panel), panel.results.to_csv(), panel.problem]
    assert KEY not in str(kept) + str({name: repr(value) for name, value in vars(panel).items()})
    assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
    panel.ask(f"my key is {KEY}")
    panel.wait(10)
    assert "my key is •••" in panel._to_keep()[1]
    assert KEY not in str(panel._to_keep())
    panel.close()


def test_a_key_that_a_model_repeats_is_masked_in_its_column():
    """While it comes, in the end, and in what is copied; the results have what was said."""
    says = {"leaky": lambda _: f"your key is {KEY}, is it not?"}
    with serve(answers=says) as server:
        panel = Comparing(["OpenaiTemplate:leaky"], api_base=server.api_base, api_key=KEY)
        panel.ask("hello")
        assert panel.wait(10)
    panel.say(type="text", view="v", side=panel.now["sides"][0]["id"])
    assert KEY not in str(panel.sent)
    assert panel.of("text")[0]["text"].endswith(", is it not?")
    assert KEY in panel.results["answer"][0]
    panel.close()


SENSELESS = [
    {},
    {"type": "nonsense"},
    {"type": "ask", "text": " "},
    {"type": "vote", "choice": "x"},
    {"type": "vote", "choice": "left"},
    {"type": "undo"},
    {"type": "skip"},
    {"type": "go", "to": "1"},
    {"type": "stop", "side": "none"},
    {"type": "again", "column": "none"},
    {"type": "next"},
    {"type": None},
    {"type": ["ask"], "text": "x"},
    {"type": "ask", "text": "x"},
    {"type": "ask", "view": "v", "request": 5, "text": "x"},
    {"type": "ask", "view": "v", "request": "r", "text": {"a": 1}},
    {"type": "vote", "choice": ["left"]},
    {"type": "go", "to": True},
    {"type": "go", "to": 1.5},
    {"type": "stop", "side": 5},
    {"type": "hello", "view": None},
    {"type": "key", "column": "none"},
    {"type": "add", "view": "v", "request": "r", "model": None},
    {"type": "remove", "column": "none"},
    {"type": "diff", "view": "v", "one": [], "other": {}},
    {"type": "text", "view": "v"},
    {"type": "models", "view": "v", "provider": 5},
]


@pytest.mark.parametrize("message", SENSELESS)
def test_messages_that_make_no_sense_now_are_ignored(compare, message):
    """A view of another version, or one that is late, does no harm."""
    panel = compare("echo")
    panel.say(**message)
    assert (panel.busy, panel.results.empty, panel.problem) == (False, True, "")
    assert panel.models == ["OpenaiTemplate:echo"]


def test_a_prompt_that_nobody_could_be_asked_is_still_the_next_one():
    """Once there is a model, the list goes on where it was."""
    panel = Comparing(prompts={"rain": "About rain", "snow": "About snow"})
    with pytest.raises(InvalidParameterError, match="no model to ask"):
        panel.ask_next()
    panel.say(type="next")
    assert "no model to ask" in panel.problem
    panel.add("Demo:demo-fast")
    assert panel.ask_next()
    assert panel.wait(10)
    assert panel.results["prompt_id"].tolist() == ["rain"]
    panel.close()


def test_states_that_make_no_sense_are_ignored(compare):
    """What a view sets and cannot be meant changes nothing; the view is told what holds."""
    panel = compare("echo")
    for state in ({"blind": "x"}, {"height": 5}, {"problem": None}, {"nonsense": 1}):
        panel.set_state(state)
    assert (panel.blind, panel.height, panel.problem) == (False, "34rem", "")


def test_what_was_typed_stays_until_it_was_taken_up(compare):
    """The view that asked reads its own name in the state; what was refused is told to it alone."""
    panel = compare()
    panel.say(type="ask", view="v", request="r1", text="hello")
    assert panel.of("refused") == [{"type": "refused", "view": "v", "request": "r1"}]
    assert "there is no model to ask" in panel.problem
    panel.add("Demo:demo-fast")
    panel.say(type="ask", view="v", request="r2", text="hello")
    assert (panel.now["asked"], panel.now["question"]) == ("r2", "hello")
    assert panel.wait(10)
    panel.ask("from a cell")
    assert panel.now["asked"] == ""


class Steady(AsyncGeneratorProvider):
    """1,000 tokens, 600 a second, in paragraphs with some Markdown; `ended` is when the last one left."""

    working = True
    ended = 0.0

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        """Say them."""
        start = time.perf_counter()
        for n in range(1000):
            await asyncio.sleep(max(0.0, start + n / 600 - time.perf_counter()))
            yield ("**bold** " if n % 40 == 0 else f"word{n} ") + ("\n\n" if n % 80 == 79 else "")
        cls.ended = time.monotonic()


class Second(Steady):
    """Another one."""


class Third(Steady):
    """A third one."""


def test_many_tokens_cost_little():
    """3,000 tokens in three columns: 60 bytes each on the wire at most, envelopes among them, and no lag."""
    panel = Comparing([Steady, Second, Third])
    panel.ask("go")
    assert panel.wait(30)
    assert sum(len(json.dumps(message)) + 630 for _, message in panel.sent) < 3_000 * 60
    ended = max(at for at, message in panel.sent if message["type"] == "settled")
    assert ended - max(each.ended for each in (Steady, Second, Third)) < 0.5
    panel.close()


def test_a_text_is_told_to_whoever_copies_it(compare):
    """As the model wrote it, to that view alone."""
    panel = compare("upper")
    panel.ask("**bold**")
    assert panel.wait(10)
    side = panel.now["sides"][0]["id"]
    panel.say(type="text", view="v", side=side)
    assert panel.of("text") == [{"type": "text", "view": "v", "side": side, "text": "**BOLD**"}]


def test_what_is_kept_is_asked_again_if_one_says_so(compare, server):
    """The same prompt costs nothing; a model that is to answer once more is asked."""
    panel = compare("upper", "echo")
    for expected in (2, 2):
        panel.ask("kept by the store")
        assert panel.wait(10)
        assert sum("kept by the store" in str(each) for each in server.requests) == expected
    panel.ask_again("OpenaiTemplate:upper")
    assert panel.wait(10)
    assert sum("kept by the store" in str(each) for each in server.requests) == 3


def test_a_prompt_that_is_kept_can_be_stopped_before_it_begins(compare):
    """Nothing is left to ask then, and it ends; so does what follows."""
    before = compare("upper")
    before.ask("kept, then stopped")
    assert before.wait(10)
    panel = compare("upper")
    panel.ask("kept, then stopped")
    panel.stop()
    assert panel.wait(10)
    assert panel.results["answer"].tolist() == ["KEPT, THEN STOPPED"]


@pytest.mark.clock
def test_the_cell_returns_at_once(compare):
    """`ask` does not wait for the slowest."""
    panel = compare("drip-50")
    began = time.monotonic()
    panel.ask(WORDS)
    assert time.monotonic() - began < 1
    assert panel.busy
    panel.stop()


def test_what_a_notebook_keeps_is_safe_and_small(compare):
    """Each prompt is a table of text under the names, within limits; nothing a model wrote is run."""
    panel = compare("echo", "error-401")
    panel.ask("<img src=x onerror=alert(1)> **bold** <script>x</script>")
    assert panel.wait(10)
    html, text = panel._to_keep()
    assert "<strong>bold</strong>" in html
    assert "<img" not in html.replace("&lt;img", "")
    assert "<script" not in html
    assert "<b>Error:</b>" in html
    assert "OpenaiTemplate:error-401:" in text
    for number in range(12):
        panel.ask(f"{number} " + WORDS[:2400])
        assert panel.wait(10)
    html, text = panel._to_keep()
    assert len(html) < 21_000
    assert len(text) <= 5_000
    assert "Earlier prompts are not kept here" in html
    assert "11 word0" in html


def test_what_is_kept_tells_no_name_before_the_vote(compare):
    """A notebook that is saved too early gives nothing away."""
    panel = compare("upper", "echo", blind=True)
    panel.ask("hello")
    assert panel.wait(10)
    assert "OpenaiTemplate" not in str(panel._to_keep())
    assert "Answer B" in str(panel._to_keep())
    panel.vote("left")
    assert "OpenaiTemplate:upper" in str(panel._to_keep())


def test_a_missing_key_is_typed_where_it_is_missed(server):
    """It is used at once and told nowhere; the other columns are not asked again."""
    nb.register("locked", api_base=server.api_base, api_key_env="LOCKED_API_KEY")
    panel = Comparing(["Demo:demo-fast", "locked:upper"])
    panel.ask("hello")
    assert panel.wait(10)
    ready, lacking = panel.now["sides"]
    assert (ready["key"], lacking["key"]) == (None, "Locked")
    panel._handle_custom_msg({"type": "key", "column": lacking["column"]}, [memoryview(b"not a key")])
    assert "No key is kept" in panel.problem
    buffers = [memoryview(KEY.encode())]
    panel._handle_custom_msg({"type": "key", "column": lacking["column"]}, buffers)
    assert (buffers, panel.problem) == ([], "")
    assert panel.wait(10)
    assert panel.results["answer"].tolist()[1] == "HELLO"
    assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(panel.sent) + str(panel.get_state()) + repr(vars(panel)) + repr(vars(panel._rounds))
    panel.close()
    credentials.forget_typed()
