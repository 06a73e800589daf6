"""What `--format` makes of an answer; where there is no such thing, the answer and a line about it."""

from __future__ import annotations

import re

import pytest
from later import Later
from markdown_it import MarkdownIt
from thorough import some

from g4f_nb.cells.looks import Look
from g4f_nb.chunks import Reasoning, Source, Sources, ToolCall, ToolCalls, ToolResult, Usage
from g4f_nb.errors import InvalidParameterError
from g4f_nb.prices import Price
from g4f_nb.reply import Reply
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.showing.formats import FORMATS
from g4f_nb.showing.markdown import safe_markdown
from g4f_nb.showing.rendering import safe_html

nbconvert, nbformat = map(Later, ("nbconvert", "nbformat"))
FENCE = "`" * 3
TABLE = "| a | b |\n|---|---:|\n| x | 1 |\n| y | 2 |\n"


def _reply(text):
    reply = Reply(provider="P", model="m")
    reply.add(text)
    return reply


def _bundle(text, kind, **how):
    return mimebundle(_reply(text), kind=kind, **how)


def test_text_is_verbatim():
    """Marks, spaces and tags as they are."""
    bundle = _bundle("**a**\n  <b>&amp;", "text", quiet=True)
    assert bundle["text/plain"] == "**a**\n  <b>&amp;"
    assert "**a**\n  &lt;b&gt;&amp;amp;</pre>" in bundle["text/html"]


@pytest.mark.parametrize("text", [f"Here:\n{FENCE}html\n<h1>Hi</h1>\n{FENCE}\nbye", "<h1>Hi</h1>"])
def test_html_is_shown_as_a_page(text):
    """That of the fenced blocks, else the whole."""
    bundle = _bundle(text, "html", quiet=True)
    assert bundle == {"text/plain": text, "text/html": "<h1>Hi</h1>" + "\n" * text.count("\nbye")}


@pytest.mark.parametrize(
    "text",
    [
        "Use **List<String>** and more.\n\n- Map<K,V> is\n\nthe end",
        "if a<b then all of this",
        "Use `<title>` for it, and then this",
        "The <script> tag is used. More here",
        "see <https://a.example/c> first",
        "<think about it> well",
        f"{FENCE}python\n<p>\n{FENCE}\nafter it",
        "It ends in a <!-- comment",
    ],
)
def test_stray_brackets_are_no_page(text):
    """Nothing of the answer is taken for a tag and thrown away: it is Markdown, and that is said."""
    bundle = _bundle(text, "html", quiet=True)
    assert "text/html" not in bundle
    assert bundle["text/markdown"].startswith("**There is no HTML")
    assert bundle["text/plain"] == text


@pytest.mark.parametrize(
    "text",
    [
        "Use List<String> here.\n\n<p>Hi <b>you</b></p>\n\nif a<c then the end",
        "<p>Hi you</p> a `<title>` or <script> is String, here, c, the end",
        "<h1>Hi you</h1>\n<!-- String here c the end",
    ],
)
def test_beside_html_nothing_is_lost(text):
    """What is no element stays as text."""
    shown = _bundle(text, "html", quiet=True)["text/html"]
    assert all(word in shown for word in ("Hi", "you", "String", "here", "c", "the end")), shown
    assert "<script" not in shown


def test_json_is_a_tree_that_folds():
    """As plain text it is JSON, whatever stood around it."""
    bundle = _bundle('Sure: {"b": [1, "é"]} ok?', "json", quiet=True)
    assert bundle["text/plain"] == '{\n  "b": [\n    1,\n    "é"\n  ]\n}'
    assert bundle["text/html"].count("<details open>") == 2
    assert "<b>b</b>" in bundle["text/html"]


def test_code_is_the_code_alone():
    """Every block with its language; as plain text that of the first language."""
    text = f"One:\n{FENCE}python\nx = 1\n{FENCE}\nTwo:\n{FENCE}sh\nls\n{FENCE}\nThree."
    bundle = _bundle(text, "code", quiet=True)
    assert bundle["text/plain"] == "x = 1\n"
    assert bundle["text/markdown"] == f"{FENCE}python\nx = 1\n{FENCE}\n\n{FENCE}sh\nls\n{FENCE}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"x = \frac{1}{2}", r"$$x = \frac{1}{2}$$"),
        (f"{FENCE}latex\n\\sqrt{{2}}\n{FENCE}", r"$$\sqrt{2}$$"),
        (r"So \(a^2\) holds.", r"So $a^2$ holds."),
        ("\\[\na = b\n\\]", "$$a = b$$"),
        ("$a$ and $$b$$", "$a$ and $$b$$"),
    ],
)
def test_math_is_set(text, shown):
    """However the model has marked it, or has not."""
    assert _bundle(text, "math", quiet=True)["text/markdown"] == shown


@pytest.mark.parametrize(
    "text",
    [
        f"Here:\n\n{TABLE}",
        f"{FENCE}csv\na,b\nx,1\ny,2\n{FENCE}",
        '[{"a": "x", "b": 1}, {"a": "y", "b": 2}]',
        'Sure: {"rows": [{"a": "x", "b": 1}, {"a": "y", "b": 2}]}',
        '{"a": ["x", "y"], "b": [1, 2]}',
    ],
)
def test_tables_are_frames(text):
    """From Markdown, CSV and JSON."""
    bundle = _bundle(text, "df", quiet=True)
    assert bundle["text/plain"].split() == ["a", "b", "0", "x", "1", "1", "y", "2"]
    assert bundle["text/html"].count("<tr") == 3
    assert 'class="dataframe"' in bundle["text/html"]


def test_cells_of_a_table_are_text():
    """What a model writes into one is no HTML."""
    shown = _bundle("| <b>a</b> |\n|---|\n| <img src=x onerror=1> |\n", "df")["text/html"]
    assert "<img" not in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("html", "no HTML"),
        ("json", "no JSON"),
        ("code", "no block of code"),
        ("math", "no math"),
        ("df", "no table"),
    ],
)
def test_what_is_not_there_is_said(kind, missing):
    """The answer is shown as it came, below a line that says why."""
    bundle = _bundle("Just *words*.", kind, quiet=True)
    assert bundle["text/plain"] == "Just *words*."
    assert bundle["text/markdown"].startswith(f"**There is {missing}")
    assert bundle["text/markdown"].endswith("Just *words*.")


def test_a_mistyped_format_is_told():
    """With those there are."""
    with pytest.raises(InvalidParameterError, match="no format 'jsno': it must be one of markdown, text"):
        Look(format="jsno")


def test_the_footer_says_what_is_known():
    """Who, how fast, for how many tokens and how much, which turn; with `quiet` nothing."""
    reply = _reply("Hi")
    reply.add(Usage(1200, 345, cached_tokens=1024))
    reply.ttft, reply.seconds, reply.price = 0.25, 2.5, Price(input=1.0, output=2.0)
    shown = mimebundle(reply, turn="turn 3 of main", notices=["4 turns are left out"])["text/markdown"]
    assert shown.startswith("Hi\n\n<sub")
    for words in (
        "250 ms",
        "1,200 → 345 tokens, 1,024 of them cached",
        "turn 3 of main",
        "4 turns are left out",
    ):
        assert words.replace(",", "&#44;") in shown
    assert "USD" in shown
    assert mimebundle(reply, quiet=True)["text/markdown"] == "Hi"


_TURNS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
_WRITTEN = [
    *_TURNS,
    "&#x202E;",
    "&#x00202e;",
    "&#8238;",
    "&#8238",
    "&#X2066;",
    "&#08297;",
    '<bdo dir="rtl">x</bdo>',
]
_PLACES = ["{}", "a `{}` b", "```python\n{}\n```", "| a |\n|---|\n| {} |", "- [{}](https://x.org)", "**{}**",
           "<p>{}</p>", '{{"a": "{}"}}', "a,b\n{},2\n3,4", "![{}](https://x.org/a.png)"]  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("place", _PLACES)
def test_nothing_turns_text_around(kind, place):
    """What is read is what is there: overrides, embeddings and isolates are made visible, in all forms."""
    for written in some(_WRITTEN, of=3, but=_PLACES.index(place)):
        text = place.format(written)
        reply = _reply(text)
        shown = mimebundle(reply, kind=kind)
        seen = [shown["text/plain"], shown.get("text/html", ""), safe_html(text)]
        seen += [safe_html(safe_markdown(text)), *map(_cooked, [shown.get("text/markdown", "")])]
        if written not in _TURNS:
            # As plain text it is harmless.
            seen = seen[1:]
        for each in seen:
            assert not set(each) & set(_TURNS), (written, each)
            assert "<bdo" not in each
        assert reply.text == text


def _cooked(markdown):
    """As a renderer would that knows neither us nor mercy."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)


@pytest.mark.parametrize("kind", FORMATS)
def test_plain_text_holds_nothing_that_a_terminal_obeys(kind):
    """`jupyter console` writes text/plain as it is; the reply's own text stays verbatim."""
    text = (
        "a\x1b]0;owned\x07\x9b31m `b\x1b[2J`\n\n```python\nx = '\x1b[8m'\n```\n\n| a\x1b |\n|---|\n| \x9b |"
    )
    reply = _reply(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", mimebundle(reply, kind=kind)["text/plain"])
    assert reply.text == text


def _everything():
    reply = _reply("Let me look.")
    reply.add(Reasoning("First I think.\n\n- a\n- b"))
    reply.add(ToolCalls((ToolCall("1", "weather", '{"city": "Paris"}'),)))
    reply.add(ToolResult("1", "weather", '{"today": "sunny"}'))
    reply.end_round()
    reply.add(
        f"It is **sunny**.\n\n{TABLE}\n{FENCE}python\nx = 1\n{FENCE}\n\n<script>window.pwned=1</script>"
    )
    reply.add(Sources((Source("https://a.invalid/p", "A page"),)))
    reply.end_round()
    return reply


def test_a_notebook_with_an_answer_converts_to_html():
    """nbconvert, and with it nbviewer, shows folds, table, code and links, and no script of the model's."""
    notebook = nbformat.v4.new_notebook()
    for kind in FORMATS:
        bundle = mimebundle(_everything(), kind=kind)
        cell = nbformat.v4.new_code_cell("%%chat\nhi", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
        notebook.cells.append(cell)
    page, _ = nbconvert.HTMLExporter(embed_images=True).from_notebook_node(notebook)
    assert page.count("<summary>Reasoning</summary>") == 1
    assert "Called <code>weather" in page
    assert "<strong>sunny</strong>" in page
    assert '<a href="https://a.invalid/p">A page</a>' in page
    assert page.count("<td") >= 8
    assert "<script>window.pwned" not in page
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt;" in page
