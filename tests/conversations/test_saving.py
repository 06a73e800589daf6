"""A conversation goes to a file and comes back: whole from JSON, its texts from Markdown and a notebook."""

from __future__ import annotations

import copy
import json
import os
import pickle
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from later import Later
from thorough import examples, rounds

import g4f_nb as nb
from g4f_nb.conversations import markdownform, notebookform
from g4f_nb.conversations.turnjson import Saved, saved_from_json, saved_json
from g4f_nb.errors import InvalidParameterError, ServerError, StreamInterruptedError
from g4f_nb.testing import serve

nbformat = Later("nbformat")
_KEY = "sk-planted-0123456789abcdef"
_PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def talk(server):
    """One of everything that there is in a conversation."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    talk = nb.Conversation(
        "physics & more",
        model=nb.Model("OpenaiTemplate:echo", price=(3, 7), top_p=0.5, api_base=server.api_base),
        api_base=server.api_base,
        api_key=_KEY,
        system="Be brief.",
        temperature=0.5,
        max_retries=0,
    )
    talk.ask("one", place="cell-1")
    talk.ask("add 2 and 40", "OpenaiTemplate:tools", tools=[add])
    talk.ask("think", "OpenaiTemplate:reason")
    talk.ask("pages", "OpenaiTemplate:cite")
    talk.ask("say it", "OpenaiTemplate:speak")
    talk.ask("what is this?", media=[_PICTURE])
    talk.ask("two", "OpenaiTemplate:vary", n=2)
    talk.ask("Ann is 7", "OpenaiTemplate:json-mended", schema="name, age int")
    talk.edit(talk.turns[-1], "Bob is 8", schema=None)
    with pytest.raises(ServerError):
        talk.ask("fail", "OpenaiTemplate:error-500")
    with pytest.raises(StreamInterruptedError):
        talk.ask("break off", "OpenaiTemplate:cut")
    talk.ask(None, "OpenaiTemplate:echo", continues=True)
    talk.ask("typed", shown="what I typed", system="For once.")
    return talk


def _same(one, other):
    """Whether two turns say the same, up to the ids."""
    assert (one.id, one.parent, one.prompt, one.shown, one.place) == (
        other.id, other.parent, other.prompt, other.shown, other.place,
    )  # fmt: skip
    assert (one.asked_at, one.error, one.continues, one.model, one.system, one.dialogue) == (
        other.asked_at, other.error, other.continues, other.model, other.system, other.dialogue,
    )  # fmt: skip
    assert (one.reply is None) == (other.reply is None)
    for name in _FACTS if one.reply is not None else ():
        assert getattr(one.reply, name) == getattr(other.reply, name), name


_FACTS = (
    "text", "reasoning", "usage", "cost", "price_source", "ttft", "seconds", "provider", "model", "url",
    "finish_reason", "partial", "stopped_by", "tool_calls", "tool_results", "steps", "sources", "images",
    "audio", "refusal", "failed", "parse_error", "data", "returns_reasoning", "last_text", "running_text",
)  # fmt: skip


def test_json_brings_everything_back(talk, tmp_path):
    """Branches, usage, cost, models, times, tools, reasoning, sources, sound, pictures, errors, limits."""
    talk.limit = 3
    back = nb.Conversation.load(talk.save(tmp_path / "talk.json"))
    talk.limit = None
    assert len(back.all_turns) == len(talk.all_turns) == 13
    for one, other in zip(talk.all_turns, back.all_turns, strict=True):
        _same(one, other)
        if one.reply is not None:
            texts = [[each.text for each in turn.reply.alternatives] for turn in (one, other)]
            assert texts[0] == texts[1]
    assert [turn.id for turn in back] == [turn.id for turn in talk]
    assert back.messages == talk.messages
    assert (back.name, back.system, back.limit) == ("physics & more", "Be brief.", 3)
    assert (back.cost, back.spent, back.tokens) == (talk.cost, talk.spent, talk.tokens)
    assert (back.model.name, back.model.price) == (talk.model.name, talk.model.price)
    assert dict(back.options) == {"temperature": 0.5, "max_retries": 0, "top_p": 0.5}
    assert back.id != talk.id


def test_what_came_back_goes_on(talk, server, tmp_path):
    """The next question is sent with everything before it, and regenerating asks the same again."""
    back = nb.Conversation.load(talk.save(tmp_path / "talk.json"))
    sent = len(talk.messages)
    back.ask("and now?", "OpenaiTemplate:echo", api_base=server.api_base)
    assert len(server.requests[-1].body["messages"]) == 1 + sent + 1
    back.regenerate(back.turns[-1], "OpenaiTemplate:upper", api_base=server.api_base)
    assert back.turns[-1].text == "AND NOW?"


@pytest.mark.parametrize("ending", ["json", "md", "ipynb", "html"])
def test_no_file_holds_a_key_or_an_address(talk, tmp_path, ending):
    """Neither the key nor the server that it is for."""
    text = talk.save(tmp_path / f"talk.{ending}").read_text(encoding="utf-8")
    assert "planted" not in text
    assert "api_base" not in text


def _pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, _pickled])
def test_copies_hold_no_key(talk, copied):
    """A copy is what a file would give."""
    made = copied(talk)
    assert [turn.id for turn in made] == [turn.id for turn in talk]
    assert _KEY not in str(vars(made))
    assert "api_key" not in made.options


@pytest.mark.parametrize("ending", ["md", "ipynb"])
def test_the_texts_come_back_from_readable_forms(talk, tmp_path, ending):
    """Questions, answers, who answered, when, what broke off and what failed; of one branch."""
    back = nb.Conversation.load(talk.save(tmp_path / f"talk.{ending}"))
    assert (back.name, back.model, back.system) == (talk.name, "OpenaiTemplate:echo", talk.system)
    assert len(back) == len(talk)
    for one, other in zip(talk, back, strict=True):
        assert (one.text, one.error, one.partial) == (other.text, other.error, other.partial)
        assert (one.asked_at, one.model, one.continues) == (other.asked_at, other.model, other.continues)
        assert one.shown == other.shown
    texts = [each["content"] for each in back.messages if each["role"] == "assistant"]
    assert texts == [turn.text for turn in talk if turn.text and "Ann" not in turn.shown]


def test_a_saved_notebook_is_valid_and_reads_well(talk, tmp_path):
    """Nbformat accepts it; answers are outputs in text and safe Markdown; cells keep their ids."""
    notebook = nbformat.read(talk.save(tmp_path / "talk.ipynb"), as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source == "# physics &#38; more"
    assert "nb.Conversation('physics-&-more'" in notebook.cells[1].source
    cell = notebook.cells[2]
    assert cell.id == "cell-1"
    assert cell.source == "%%chat -n 'physics-&-more'\none"
    assert cell.outputs[0].data["text/plain"] == "one"
    assert cell.outputs[0].data["text/markdown"].startswith("one")
    assert "widgets" not in notebook.metadata


def test_markdown_says_what_broke_off_and_what_failed(talk, tmp_path):
    """To whoever reads it, too."""
    text = talk.save(tmp_path / "talk.md").read_text(encoding="utf-8")
    assert "*Error 500: " in text
    assert "## OpenaiTemplate:cut\n\nThis answer breaks off" in text
    assert text.count("<!-- g4f_nb note {} -->") == 2


def test_markdown_that_was_edited_by_hand_is_read(talk, tmp_path):
    """Other line ends, a changed answer and more blank lines are no damage."""
    file = talk.save(tmp_path / "talk.md")
    text = file.read_text(encoding="utf-8").replace("\n\none\n\n", "\n\nEINS\n\n")
    file.write_bytes(text.replace("\n", "\r\n").encode())
    back = nb.Conversation.load(file)
    assert (back.turns[0].prompt, back.turns[0].text) == ("EINS", "EINS")


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


def _line(prompts, answers):
    turns = []
    for prompt, answer in zip(prompts, answers, strict=False):
        facts = {"model": "m:n", "provider": "m"}
        turn = markdownform.user_turn({}, prompt, turns[-1] if turns else None)
        turns.append(markdownform.answered(turn, facts, answer))
    return markdownform.in_a_line({"name": "x"}, turns)


_AWKWARD = st.one_of(
    _TEXTS,
    st.sampled_from(
        [
            '<!-- g4f_nb user {"a":1} -->', "## You\n\nhello", "&lt;!-- g4f_nb user {} -->", "a --> b",
            "\n\nx\n\n", "<!-- g4f_nb end {} -->", "&amp;lt;!-- g4f_nb x", "--\n---\n<!--", "## ",
            "```\n## You\n```", "x\r\ny", "{braces} {{}}", "%%chat -n y",
        ]
    ),
)  # fmt: skip


@examples(150)
@given(st.lists(_AWKWARD, min_size=1, max_size=4), st.lists(_AWKWARD, min_size=1, max_size=4))
def test_any_text_survives_markdown_and_notebooks(prompts, answers):
    """Also text that looks like the form itself."""
    saved = _line(prompts, answers)
    said = [(turn.prompt, turn.text) for turn in saved.turns]
    text = markdownform.as_markdown(saved)
    if text.count("\r\n") != text.count("\n"):
        assert [(turn.prompt, turn.text) for turn in markdownform.from_markdown(text).turns] == said
    notebook = json.loads(json.dumps(notebookform.as_notebook(saved)))
    nbformat.validate(nbformat.from_dict(notebook))
    assert [(turn.prompt, turn.text) for turn in notebookform.from_notebook(notebook).turns] == said


def test_the_page_is_one_file_that_loads_and_runs_nothing(talk, tmp_path):
    """It locks scripts and the net out, and what models and users wrote is text."""
    hostile = replace(talk.turns[0], prompt="<script>alert(1)</script>", error="<img src=x onerror=alert(2)>")
    saved = replace(talk.as_saved(), name="</title><script>alert(3)</script>", system="<b onclick=x>")
    saved = replace(saved, turns=tuple(hostile if each.id == hostile.id else each for each in saved.turns))
    from g4f_nb.conversations.page import html_page

    page = html_page(saved)
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "<b onclick" not in page
    assert "default-src 'none'" in page
    assert "http-equiv" in page
    for shown in ("Reasoning", "Tool add", "data:image/png", "<audio", "stopped early"):
        assert shown in page, shown


@pytest.mark.parametrize("name", ["talk.txt", "talk", "", 3, None])
def test_an_ending_says_the_form(talk, name):
    """What has none, or is no path, is refused with those there are."""
    for call in (talk.save, nb.Conversation.load):
        with pytest.raises(InvalidParameterError, match=r"\.json"):
            call(name)


def test_html_is_not_loaded(talk, tmp_path):
    """It is to be read alone; the error names what can be loaded."""
    file = talk.save(tmp_path / "talk.html")
    with pytest.raises(InvalidParameterError, match=r"loaded as \.json, \.md, \.ipynb"):
        nb.Conversation.load(file)


def test_a_file_is_written_whole_or_not_at_all(talk, tmp_path, monkeypatch):
    """What was there stays if writing fails, and nothing is left beside it."""
    file = tmp_path / "talk.json"
    file.write_text("mine", encoding="utf-8")
    file.chmod(0o640)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", full)
        with pytest.raises(InvalidParameterError, match="No space left"):
            talk.save(file, overwrite=True)
    assert file.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [file]
    talk.save(file, overwrite=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def _somebody_elses():
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "source": ["1+1"], "outputs": []}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    yield "analysis.ipynb", json.dumps(notebook)
    yield "package.json", '{"name": "x"}'
    yield "torn.json", '{"g4f_nb": "conversation", "version": 1'
    yield "README.md", "# Mine\n"
    yield "index.html", "<!doctype html><p>mine"


@pytest.mark.parametrize(("name", "text"), list(_somebody_elses()), ids=lambda each: each[:8])
def test_somebody_elses_file_is_not_replaced(talk, tmp_path, name, text):
    """The error names the file and both ways out; `overwrite=True` replaces it, and then any save does."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidParameterError, match=rf"{name}.*another name.*overwrite=True.*--force"):
        talk.save(file)
    assert file.read_text(encoding="utf-8") == text
    talk.save(file, overwrite=True)
    talk.save(file)
    assert list(tmp_path.iterdir()) == [file]


def test_a_saved_notebook_with_cells_of_the_users_is_not_replaced(talk, tmp_path):
    """They would be lost: it is refused as any other notebook of theirs."""
    file = talk.save(tmp_path / "talk.ipynb")
    notebook = nbformat.read(file, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("work_of_hours = 1"))
    nbformat.write(notebook, file)
    with pytest.raises(InvalidParameterError, match="has more in it"):
        talk.save(file)
    assert "work_of_hours" in file.read_text(encoding="utf-8")


def test_an_empty_file_is_nobodys(talk, tmp_path):
    """As `tempfile` and `touch` make it: there is nothing to lose."""
    file = tmp_path / "talk.json"
    file.touch()
    assert len(nb.Conversation.load(talk.save(file))) == len(talk)


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_ordinary_file_is_never_replaced(talk, tmp_path, overwrite):
    """A link, a pipe, a folder stay what they are; a loose link does, too."""
    real = talk.save(tmp_path / "real.json")
    before = real.read_bytes()
    (tmp_path / "link.json").symlink_to(real)
    (tmp_path / "loose.json").symlink_to(tmp_path / "gone.json")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("link", "loose", "pipe", "folder"):
        file = tmp_path / f"{name}.json"
        with pytest.raises(InvalidParameterError, match="no ordinary file"):
            talk.save(file, overwrite=overwrite)
        kind = stat.S_IFMT(file.lstat().st_mode)
        assert kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR)
    assert real.read_bytes() == before
    assert not (tmp_path / "gone.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such folders")
@pytest.mark.parametrize("folder", ["/dev", "/proc/self", "/sys"])
def test_a_folder_of_the_system_gets_no_file(talk, folder):
    """What is written there would be gone; nothing is, whatever the mode of the folder is."""
    file = Path(folder) / "g4f_nb-test.json"
    with pytest.raises(InvalidParameterError, match="folder of the system"):
        talk.save(file)
    assert not file.exists()


@pytest.mark.parametrize("path", ["x\0.json", "y\udfff.json", "~nobody-of-this-name/x.json"])
def test_a_path_that_no_file_can_have_is_told(talk, path):
    """For saving and for loading."""
    for act in (talk.save, nb.Conversation.load):
        with pytest.raises(InvalidParameterError, match="no file can be called"):
            act(path)


def test_what_never_ends_is_not_loaded(tmp_path):
    """A device, a pipe that nobody writes to: told at once, and nothing waits."""
    (tmp_path / "z.json").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "p.json")
    for name in ("z.json", "p.json"):
        with pytest.raises(InvalidParameterError, match="no regular file"):
            nb.Conversation.load(tmp_path / name)


@pytest.mark.parametrize("ending", ["json", "md", "ipynb"])
def test_a_byte_order_mark_is_no_damage(talk, tmp_path, ending):
    """As Windows' editors put it in front."""
    file = talk.save(tmp_path / f"talk.{ending}")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert len(nb.Conversation.load(file)) == len(talk)


def test_a_folder_that_is_not_there_is_made(talk, tmp_path):
    """The path is given back."""
    assert talk.save(str(tmp_path / "new" / "talk.md")).exists()


def test_a_file_that_is_not_there_is_told(tmp_path):
    """With its name."""
    with pytest.raises(InvalidParameterError, match=r"gone\.json.*cannot be read"):
        nb.Conversation.load(tmp_path / "gone.json")


def _damages(whole):
    turn = whole["turns"][1]
    yield "no object", [], r"list, no object"
    yield "foreign", {"messages": []}, "does not say"
    yield "newer", {**whole, "version": 99}, "newer g4f_nb"
    yield "turns", {**whole, "turns": {}}, "no list"
    yield "a turn", {**whole, "turns": [3]}, "no object"
    for name in ("id", "prompt", "asked_at"):
        less = {key: value for key, value in turn.items() if key != name}
        yield f"no {name}", {**whole, "turns": [whole["turns"][0], less]}, "missing"
    for name, value in (
        ("prompt", 3), ("asked_at", "yesterday"), ("asked_at", 3), ("parent", "nobody"), ("parent", 3),
        ("dialogue", [{}]), ("dialogue", "x"), ("reply", []), ("reply", {"steps": 3}), ("shown", 1),
        ("reply", {"provider": 1}), ("reply", {"running": {"usage": {"x": 1}}}), ("reply", {"cost": 3}),
        ("reply", {"steps": [{"tool_calls": [{"id": 1}]}]}), ("reply", {"audio": {"data": "%"}}),
        ("reply", {"ttft": "x"}), ("reply", {"sources": [3]}), ("reply", {"sources": [["a", "b", "c"]]}),
    ):  # fmt: skip
        yield f"{name} {value!r}", {**whole, "turns": [whole["turns"][0], {**turn, name: value}]}, ""
    first = whole["turns"][0]
    yield "ring", {**whole, "turns": [{**first, "parent": turn["id"]}, turn]}, ""
    yield "twice", {**whole, "turns": [first, first]}, "same id"
    yield "no branch", {**whole, "chosen": []}, "current"
    yield "chosen", {**whole, "chosen": [[None, "nobody"]]}, "chosen"
    yield "costs", {**whole, "costs": {"x": 3}}, ""
    for value in ([[1]], {"a": 1}, "x", True):
        for at in range(3):
            costs = [None, None, None]
            costs[at] = value
            yield f"costs {at} {value}", {**whole, "costs": {first["id"]: costs}}, "no number"
        for calls in ([value], [{"function": value}]) if value != {"a": 1} else (value,):
            said = [{"role": "assistant", "tool_calls": calls}]
            yield f"calls {calls}", {**whole, "turns": [{**first, "dialogue": said}, turn]}, ""
        usage = {"steps": [{"text": "a", "usage": {"input_tokens": 1, "cached_tokens": value}}]}
        yield f"usage {value}", {**whole, "turns": [{**first, "reply": usage}, turn]}, "cached_tokens"
    yield "limit", {**whole, "limit": "x"}, "no number"
    yield "price", {**whole, "price": [1]}, "its price"
    yield "options", {**whole, "options": []}, "no object"


def test_every_damage_is_told_and_never_half_a_conversation(talk, tmp_path):
    """The error names the file, what is wrong with it and the way out."""
    short = nb.Conversation("short", model="Demo:demo-fast")
    short.ask("one")
    short.ask("two")
    whole = saved_json(short.as_saved())
    file = tmp_path / "talk.json"
    tried = 0
    for what, data, words in _damages(json.loads(json.dumps(whole))):
        file.write_text(json.dumps(data), encoding="utf-8")
        with pytest.raises(
            InvalidParameterError, match=rf"talk\.json.*{words}.*conversation\.save"
        ) as caught:
            nb.Conversation.load(file)
        assert type(caught.value) is InvalidParameterError, what
        tried += 1
    assert tried > 30


@pytest.mark.parametrize("ending", ["json", "md", "ipynb"])
@pytest.mark.parametrize("keep", [0, 1, 200, -10])
def test_a_torn_file_is_told(talk, tmp_path, ending, keep):
    """Wherever it was cut, nothing is loaded in part."""
    file = talk.save(tmp_path / f"talk.{ending}")
    whole = file.read_bytes()
    file.write_bytes(whole[:keep])
    with pytest.raises(InvalidParameterError, match=r"cannot be loaded: .*; load a file that"):
        nb.Conversation.load(file)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"# hello", b'{"cells": []}', b"{}", b"[1]", b"null"])
@pytest.mark.parametrize("ending", ["json", "md", "ipynb"])
def test_a_foreign_file_is_told(tmp_path, ending, content):
    """Somebody else's file of that ending is no conversation."""
    file = tmp_path / f"talk.{ending}"
    file.write_bytes(content)
    with pytest.raises(InvalidParameterError, match="cannot be loaded"):
        nb.Conversation.load(file)


def test_an_empty_conversation_can_be_saved(tmp_path):
    """In every form."""
    talk = nb.Conversation("empty")
    for ending in ("json", "md", "ipynb", "html"):
        file = talk.save(tmp_path / f"talk.{ending}")
        if ending != "html":
            assert len(nb.Conversation.load(file)) == 0


def test_a_long_conversation_is_saved_and_loaded(tmp_path):
    """Ten thousand turns in a row are no recursion and no square."""
    many = rounds(10_000, 2_000)
    saved = _line(["question"] * many, ["answer"] * many)
    assert len(saved_from_json(json.loads(json.dumps(saved_json(saved)))).turns) == many
    assert isinstance(saved, Saved)
