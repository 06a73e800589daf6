from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser
from time import process_time
from urllib.parse import unquote

import mistune
import pytest
from hostile_markdown import FENCE, PAYLOADS, RUN, hostile_cell_outputs, settings
from hypothesis import given
from hypothesis import strategies as st
from later import Later
from markdown_it import MarkdownIt
from thorough import THOROUGH, examples, some

from g4f_nb.chunks import (
    Reasoning,
    RequestLogin,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    ToolResult,
    Usage,
)
from g4f_nb.reply import Reply
from g4f_nb.showing import parts
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.showing.rendering import (
    HtmlStream,
    MarkdownStream,
    safe_html,
    safe_link,
    safe_markdown,
    safe_text,
)

nbconverts = Later("nbconvert.filters.markdown_mistune")
MARKDOWN_IT = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MISTUNE = mistune.create_markdown(
    escape=False,
    plugins=["table", "strikethrough", "url", "task_lists", "footnotes", "def_list", "math"],
)
CODE_WITH_DOLLARS = (
    r"^(?P<fence>`{3,}|(?:~T){3,})[^`\n]*\n[\s\S]*?^(?P=fence)`*$",
    r"(?:^|[^\\])(?P<run>`+)[^\n]*?[^`\n](?P=run)(?!`)",
)
FORMULA_PARTS = re.compile(
    r"(\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|(?:\n\s*)+|@@\d+@@|\\\\[()\[\]])", re.IGNORECASE
)


class _Formulas:
    """What JupyterLab 4.6 does before it renders: `@@0@@` in the place of each formula."""

    def __init__(self, text):
        for pattern in CODE_WITH_DOLLARS:
            text = text.replace("~", "~T") if "fence" in pattern else text
            text = re.sub(pattern, lambda found: found[0].replace("$", "~D"), text, flags=re.MULTILINE)
        self.parts = FORMULA_PARTS.split(text)
        self.taken = []
        self.start = self.last = self.end = None
        self.depth = 0
        for at in range(1, len(self.parts), 2):
            self.step(at, self.parts[at])
        if self.start is not None and self.last is not None:
            self.take(self.start, self.last)
        self.text = self.unguarded("".join(self.parts))
        self.taken = [self.unguarded(formula) for formula in self.taken]

    def step(self, at, part):
        if part.startswith("@"):
            self.take(at, at)
        elif self.start is None:
            self.begin(at, part)
        elif part == self.end and not self.depth:
            self.take(self.start, at)
            self.start = self.last = None
        elif part == self.end:
            self.last = at
        elif re.search(r"\n.*\n", part):
            if self.last is not None:
                self.take(self.start, self.last)
            self.start, self.last, self.depth = None, None, 0
        else:
            self.depth = max(0, self.depth + (part == "{") - (part == "}"))

    def begin(self, at, part):
        closing = {"\\\\(": "\\\\)", "\\\\[": "\\\\]", "$": "$", "$$": "$$"}.get(part)
        if closing or part[1:6] == "begin":
            self.start, self.last, self.depth = at, None, 0
            self.end = closing or "\\end" + part[6:]

    def take(self, first, final):
        self.taken.append(escape("".join(self.parts[first : final + 1]), quote=False))
        self.parts[first : final + 1] = [f"@@{len(self.taken) - 1}@@", *[""] * (final - first)]

    @staticmethod
    def unguarded(text):
        return re.sub("~[TD]", lambda found: "~" if found[0] == "~T" else "$", text)


def with_formulas(render):
    """A renderer as JupyterLab uses one: formulas out before and back after, wherever they ended up."""

    def rendered(text):
        formulas = _Formulas(text)
        # An unknown number is an error, as it is there: JupyterLab would show nothing.
        return re.sub(r"@@(\d+)@@", lambda found: formulas.taken[int(found[1])], render(formulas.text))

    return rendered


RENDERERS = {
    "markdown-it": MARKDOWN_IT.render,
    "mistune": MISTUNE,
    "nbconvert": lambda text: nbconverts.markdown2html_mistune(text),  # noqa: PLW0108  # loaded later
    "markdown-it in JupyterLab": with_formulas(MARKDOWN_IT.render),
    "mistune in JupyterLab": with_formulas(MISTUNE),
}
ELEMENTS = {
    "a",
    "blockquote",
    "br",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "hr",
    "input",
    "li",
}
ELEMENTS |= {
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ol",
    "p",
    "pre",
    "s",
    "section",
    "span",
    "strong",
    "sub",
    "sup",
}
ELEMENTS |= {"summary", "table", "tbody", "td", "th", "thead", "tr", "ul"}
ATTRIBUTES = {"align", "checked", "class", "data-language", "disabled", "href", "id", "rel", "start", "style"}
ATTRIBUTES |= {"target", "title", "type"}
# What frames an answer.
OUR_STYLES = {parts._WRAPPED, parts._FOLD, parts._QUIET, parts._HEADING}
SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
WORDS = ["script", "img", "src=x", "onerror=1", "javascript:", "http://b.invalid", "www.", "data:", "href"]
WORDS += ["](", "]:", "![", "```", "~~~", "$$", "\\(", "\\[", "\\begin{a}", "\\end{a}", "\\href", "@@0@@"]
WORDS += ["\n\n", "\n    ", "\n- ", "\n> ", "\n1. ", "\n| ", "\n|-|\n", "&lt;", "&#", "html", "<br>", "\r\n"]
HEAVY = st.lists(
    st.sampled_from(WORDS) | st.sampled_from("<>[]()!`*_$\\&;:\n \"'|~#={}ab2./\t\r"), max_size=60
)

# Repeated thousands of times after an opener, each has cost someone's parser the square of its length.
LONG = [
    ("", piece)
    for piece in (
        *"\\`$[<*_{@~#|&!(-",
        *(
            "\\\\",
            "\\(",
            "\\[",
            "[\\",
            "\\\\[",
            "](",
            "]:",
            ":]",
            "![",
            "!\\[",
            "[![a](",
            "[a](",
            "*a",
            "*a_",
            "> ",
        ),
        *("\n\n", "://", "&#", "\\begin{a}", "- a\n", "[a]: b\n", "$a$ ", "$$\n", "`a``", "a|b\n-|-\n"),
    )
]
LONG += [("](", " "), ("]:", " "), ("](a", "\t"), ("{a", " "), ("{", 'a="'), ("![", "[a]"), ("$", "\\$")]
LONG += [(f"{FENCE}\n", "\\"), ("- ", "\\"), ("|a|\n|-|\n|", "\\"), ("`", "\\"), ("&#", "1"), ("<a.", "a.")]

SAMPLES = {
    "prose": """# Answer

Yes — *mostly*. Prices fell from $20 to $15, so 5 < 7 and 7 > 5 & that's "it".
A soft
break, a hard\\
break, and two spaces\x20\x20
too. Data: see [this](https://a.invalid/x_y?a=1&b=2 "The title"), file: none, C:\\temp\\x.

Setext
------

***

Copyright &copy; 2024 &mdash; done\\. Array\\[0\\], `a[0](x)` and a_b_c.
""",
    "code": """Use this:

```python
def f(items: list[int]) -> dict[str, int]:
    return {f"<{x}>": x for x in items if x < 3}
```
Then `f([1])`, `List<int>`, `a && b`, `` a ` b `` and `x|y`.

```
plain
```

~~~bash
echo "$HOME" && curl https://a.invalid/$USER
~~~

    indented <b>
    code

Done.
""",
    "nested": """1. Install it:

   ```bash
   pip install g4f_nb
   ```

2. Write:
   - in a cell
     ```python
     print("hello")
     ```
   - or `<b>` in a file
     ```html
     <p>Hi &amp; bye</p>

     <i>x</i>
     ```
   - done
3. Run **it**

* other
* list
""",
    "table": """| Name | Type | Note |
|:-----|:----:|-----:|
| `a` | `List<T>` | one<br>two |
| b | `x \\| y` | [c](https://c.invalid) |
| *d* | 1 < 2 | ~~old~~ |

After.
""",
    "quote": """> Note: **careful** with `rm -rf`.
> ```sql
> SELECT * FROM t WHERE a < 3
> ```
> - one
> - two

As he said:
> a
lazy line
""",
    "links": """See [the docs][1], [more][two] and <https://plain.invalid/a_b>, or <me@a.invalid>.

- [x] done
- [ ] open: [relative](docs/a.md#part), [anchor](#part), [mail](mailto:a@b.invalid)
- [wiki](https://en.invalid/wiki/A_(b)) and [Straße](https://de.invalid/Straße)
- https://bare.invalid/?q=1

[1]: https://docs.invalid
[two]: <https://two.invalid> "Two"
""",
    "math": """The area is $\\pi r^2$ and $a_1 + b_1$:

$$
\\sum_{i=1}^{n} x_i
= \\frac{a}{b}
- c
$$

Also \\\\(x^2\\\\) and \\(y\\). It costs $5 and $6.

\\begin{align}
a &= b \\\\\\\\
c &= d
\\end{align}
""",
    "loose": """- a

  more of a

- b

      code in b

  1. deep
     > quote

     deeper


Paragraph

1) x
2) y
""",
    "headings": """# One
Text right below
## Two ##
- list right below
### Three `code`
```js
const x = arr.map(v => v * 2);
```
#### Four
> quote
***
| a |
|---|
| b |
""",
    "html in words": """Call `<script>` tags *with care*; `</div>` too. `a < b`

Generic: `Map<String, List<Integer>>` — and `std::vector<int> v;`

```html
<!DOCTYPE html>
<script>alert("x")</script>
```

H<sub>2</sub>O, x<sup>2</sup>, `` `<b>` ``.
""",
}


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str]]]] = []
        self.shape: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [(name, value or "") for name, value in attrs]))
        kept = [f"{name}={unquote(value or '')}" for name, value in attrs if name != "class"]
        self.shape.append(" ".join([f"<{tag}", *sorted(kept)]))

    def handle_endtag(self, tag):
        self.shape.append(f"</{tag}")

    def handle_data(self, data):
        words = " ".join(data.split())
        if not words:
            return
        if self.shape and not self.shape[-1].startswith("<"):
            words = f"{self.shape.pop()} {words}"
        self.shape.append(words)

    def handle_comment(self, _):
        self.tags.append(("!comment", []))

    handle_decl = unknown_decl = handle_pi = handle_comment


MATHML = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup"}
MATHML |= {
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mtable",
    "mtr",
    "mtd",
    "mstyle",
    "mpadded",
    "mphantom",
}


def _plain_in_math(name, value):
    """No address, no handler, no style: words and lengths of how a formula is set."""
    return not name.startswith(("on", "xlink", "href", "src", "style", "action", "id", "class")) and bool(
        re.fullmatch(r"[A-Za-z0-9.+\-% ]*", value)
    )


def faults(html: str) -> list[str]:
    """Whatever in the page could act."""
    found = []
    for tag, attrs in _Page(html).tags:
        if tag in MATHML:
            found += [f"<{tag} {name}>" for name, value in attrs if not _plain_in_math(name, value)]
            continue
        if tag not in ELEMENTS:
            found.append(f"<{tag}>")
        for name, value in attrs:
            url = re.sub(r"[\x00-\x20]", "", unescape(value))
            scheme = SCHEME.match(url)
            styled = name == "style" and not re.fullmatch(r"text-align: ?\w+;?", value)
            if name not in ATTRIBUTES or (styled and value not in OUR_STYLES):
                found.append(f"<{tag} {name}>")
            if name == "href" and scheme and scheme[1].lower() not in ("http", "https", "mailto"):
                found.append(f"<{tag} {name}={value}>")
            if name == "class" and not re.fullmatch(r"[\w +#.\-]*", value):
                found.append(f"<{tag} {name}={value}>")
    return found


def assert_safe(text: str) -> None:
    """Fail if any renderer makes anything of the text act."""
    out = safe_markdown(text)
    for name, render in RENDERERS.items():
        assert not faults(render(out)), f"{name}: {text!r} -> {out!r}"
    assert not faults(safe_html(text))


@pytest.mark.parametrize(("number", "payload"), list(enumerate(PAYLOADS)))
def test_no_payload_acts_in_any_setting_and_renderer(number, payload):
    """Bare, in code, lists, tables, quotes, links, definitions and alt texts: nothing comes alive."""
    # Else each in an eighth of the settings, and each setting with an eighth of them.
    every = 1 if THOROUGH else 8
    for text in list(settings(payload))[number % every :: every]:
        assert_safe(text)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_stream_is_safe_at_every_moment(payload):
    """Nothing acts half-way through either: each prefix is safe and equals its own whole."""
    stream = MarkdownStream()
    every = 1 if THOROUGH else 3
    for end, char in enumerate(payload, 1):
        stream.add(char)
        if end % every and end < len(payload):
            continue
        out = stream.safe()
        assert out == safe_markdown(payload[:end])
        assert not faults(MARKDOWN_IT.render(out))


@examples(300)
@given(HEAVY)
def test_no_random_text_acts(pieces):
    """Whatever is strung together from marks and tag words, no renderer makes it act."""
    assert_safe("".join(pieces))


@examples(300)
@given(HEAVY, HEAVY)
def test_code_from_another_reading_stays_inert(before, inside):
    """Raw `<` in a fence is code whatever stands before the fence."""
    assert_safe("".join(before) + f"\n\n{FENCE}html\n{''.join(inside)}<script>{RUN}</script>\n{FENCE}\n")


@examples(300)
@given(HEAVY)
def test_any_splitting_gives_the_same(pieces):
    """However a text is cut into pieces, the stream ends with `safe_markdown` of the whole."""
    stream = MarkdownStream()
    for end, piece in enumerate(pieces, 1):
        stream.add(piece)
        assert stream.safe() == safe_markdown("".join(pieces[:end]))


@examples(30)
@given(st.sampled_from(sorted(SAMPLES)), st.lists(st.integers(0, 900)))
def test_an_answer_streams_to_its_whole(name, cuts):
    """Real answers too, read after each piece or only now and then."""
    text, stream, at = SAMPLES[name] * 2, MarkdownStream(), 0
    for cut in sorted(cuts):
        stream.add(text[at:cut])
        at = max(at, cut)
        assert stream.safe() == safe_markdown(text[:at])
    stream.add(text[at:])
    assert stream.safe() == safe_markdown(text)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_ordinary_answer_looks_as_it_would_without_us(name):
    """Same elements, same links, same words in CommonMark."""
    text = SAMPLES[name]
    expected = text.replace(r"\(y\)", "$y$")
    assert _Page(MARKDOWN_IT.render(safe_markdown(text))).shape == _Page(MARKDOWN_IT.render(expected)).shape


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in ("code", "nested", "quote")])
def test_an_ordinary_answer_is_converted_as_without_us(name):
    """And in nbconvert, formulas included; only code with `<` in lists or indents may change colours."""
    text = SAMPLES[name]
    expected = nbconverts.markdown2html_mistune(text.replace(r"\(y\)", "$y$"))
    assert _Page(nbconverts.markdown2html_mistune(safe_markdown(text))).shape == _Page(expected).shape


@pytest.mark.parametrize(
    "name", sorted(set(SAMPLES) - {"links", "table", "nested", "quote", "html in words"})
)
def test_ordinary_text_stays_as_typed(name):
    """Nothing but fences, raw `<` and blank lines around code is written anew."""
    text = SAMPLES[name].replace(r"\(y\)", "$y$")
    kept = [line for line in text.splitlines() if line.strip() and "<" not in line and "~~~" not in line]
    out = safe_markdown(SAMPLES[name]).splitlines()
    assert [line for line in kept if line not in out and not line.startswith("    ")] == []


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a < b", "a &lt; b"),
        ("\\<b>", "&#60;b>"),
        ("`a<b`", "<code>a&#60;b</code>"),
        ("`a[0]`", "`a[0]`"),
        ("![a cat](https://x.invalid/c.png)", "[image: a cat from x.invalid](https://x.invalid/c.png)"),
        ("![](https://x.invalid/c.png)", "[image from x.invalid](https://x.invalid/c.png)"),
        ("![a][b]", "[image: a][b]"),
        ("[![b](https://x.invalid/b)](https://y.invalid)", "[image: b](https://y.invalid)"),
        ("![big](data:image/png;base64,AAAA)", "&#91;image: big&#93;"),
        ("[x](javascript:1)", "[x&#93;(javascript:1)"),
        ("[x](<https://a.invalid/b c>)", "[x](https://a.invalid/b%20c)"),
        ("$a<b$", "$a\\lt b$"),
        ("$\\href{x}{y}$", "$\\ href{x}{y}$"),
        (r"so \(a<b\) and \[c\]", r"so $a\lt b$ and $$c$$"),
        (r"f\(x\), a\[0\], \(a$b\)", r"f\(x\), a\[0\], \(a$b\)"),
        (f"{FENCE}html\n<b>", f"{FENCE}html\n<b>\n{FENCE}"),
        (f"a\n{FENCE}\nb\n{FENCE}\nc", f"a\n\n{FENCE}\nb\n{FENCE}\n\nc"),
        (f"{FENCE}mermaid\ngraph TD\n{FENCE}", f"{FENCE}text\ngraph TD\n{FENCE}"),
        ("    <b>", f"{FENCE}text\n<b>\n{FENCE}"),
        ("x<br>y", "x<br>y"),
        ("", ""),
    ],
)
def test_each_rewriting_is_the_smallest(text, safe):
    """What is rewritten, and into what."""
    assert safe_markdown(text) == safe


def test_a_fence_cannot_be_closed_from_within():
    """A fence is longer than every run of backticks in it."""
    text = f"{FENCE}`md\n{FENCE}python\nx\n{FENCE}\n{FENCE}`\n"
    assert _Page(MARKDOWN_IT.render(safe_markdown(text))).shape == _Page(MARKDOWN_IT.render(text)).shape


def _seconds(render, text):
    began = process_time()
    render(text)
    return process_time() - began


@pytest.mark.clock
@pytest.mark.parametrize(
    ("opener", "piece", "render"),
    [
        (*each, render)
        for number, each in enumerate(LONG)
        for render in some([safe_markdown, safe_html], of=2, but=number)
    ],
)
def test_long_and_pathological_text_takes_little_time(opener, piece, render):
    """Four times the text takes about four times as long, and no text more than seconds."""
    long = 30_000 if THOROUGH else 8_000
    texts = [opener + piece * (size // len(piece)) for size in (long // 4, long // 2, long)]
    least = [_seconds(render, text) for text in texts]
    for _ in range(4):
        if _grows_evenly(*least):
            break
        # Garbage and other programs come in between, but not in each try.
        least = [min(known, _seconds(render, text)) for known, text in zip(least, texts, strict=True)]
    assert least[-1] < 20
    assert _grows_evenly(*least), least


def _grows_evenly(short, middle, whole):
    """Whether of double and fourfold it is less than 3.3 and 10 times as much; a square would be 4 and 16."""
    return whole < max(3.3 * middle, 0.002) and whole < max(10 * short, 0.002)


def test_what_takes_the_square_of_its_length_does_not_grow_evenly():
    """Or the promise above would hold of everything."""
    sizes = (2, 4, 8)
    assert _grows_evenly(*(0.01 * size for size in sizes))
    assert not _grows_evenly(*(0.01 * size**2 for size in sizes))


def test_numbers_of_thousands_of_digits_are_no_characters():
    """Python refuses to read them, which must not stop anything."""
    for number in ("1" * 5000, "0" * 5000 + "58"):
        for text in (f"a &#{number}; b", f"[x](javascript&#{number};1)", f"[x]: &#{number};"):
            assert not faults(safe_html(text))
            assert "javascript:" not in unescape(safe_markdown(text)[:20])
    assert "](" not in safe_markdown(f"[x](javascript&#{'0' * 5000}58;1)")


def test_brackets_past_all_measure_are_shown_as_typed():
    """What would take minutes to read is shown unread; what is around it is read."""
    html = safe_html("**a**\n\n" + "![" * 20_000 + "<b>\n\n**c**")
    assert "![" * 20_000 + "&lt;b&gt;" in html
    assert html.count("<strong>") == 2


def test_hostile_cells_are_many_and_ready():
    """The list for the browser test holds every payload in every setting."""
    assert len(PAYLOADS) >= 80
    assert len(hostile_cell_outputs()) == len(PAYLOADS) * len(settings(""))


@pytest.mark.parametrize("text", ["a*b_[c](d)<e>`f`$g$\n# h", "1. x", "- y", "www.a.invalid", "&lt;", "|"])
def test_safe_text_is_only_text(text):
    """Any string becomes words within one paragraph, in any renderer."""
    for render in RENDERERS.values():
        page = _Page(render(safe_text(text)))
        assert [tag for tag, _ in page.tags] == ["p"]
        assert page.shape[1] == " ".join(text.split())


def test_safe_link_drops_a_harmful_address():
    """A link's text always shows, its address only if it is harmless."""
    assert safe_link("a]b", "https://x.invalid") == "[a&#93;b](https://x.invalid)"
    assert safe_link("a", "javascript:1") == "a"


def test_panel_html_is_made_for_our_styles():
    """Code has colour classes, math is drawn or keeps its source, links open elsewhere, images are links."""
    html = safe_html(
        f"{FENCE}python\nprint(1)\n{FENCE}\n\n$a<b$\n\n$$\nx\n$$\n\n[l](https://a.invalid) [r](local.md) "
        "![i](https://b.invalid)\n\n|a|\n|-:|\n|1|"
    )
    assert '<pre class="g4f-code" data-language="python"><code><span class="hl-nb">print</span>' in html
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in html
    assert '<div class="g4f-math"><math display="block">' in html
    assert '<a href="https://a.invalid" target="_blank" rel="noopener noreferrer nofollow">l</a>' in html
    assert "local.md" not in html
    assert ">[image: i]</a>" in html
    assert '<td align="right">1</td>' in html


@pytest.mark.parametrize("language", ["", "python", "no-such", "html+jinja", "c++"])
def test_any_language_is_shown(language):
    """An unknown language is plain, and code stays what it was."""
    html = safe_html(f"{FENCE}{language}\n<a>\n  b\n{FENCE}")
    assert "".join(re.split(r"<[^>]*>", html)).strip() == "&lt;a&gt;\n  b"


@examples(100)
@given(HEAVY)
def test_each_finished_block_is_given_once(pieces):
    """Finished blocks and the open rest are the whole page, whatever the pieces."""
    stream, finished, update = HtmlStream(), [], None
    for piece in [*pieces, ""]:
        stream.add(piece)
        update = stream.take()
        finished += update.finished
        assert not faults("".join(finished) + update.open)
    text = re.sub(r"\]:", "] :", "".join(pieces))  # a definition resolves only links that come later
    if text == "".join(pieces) and not text.endswith("\r"):
        assert "".join(finished) + update.open == safe_html(text)


def _reply(text: str = "Hi") -> Reply:
    reply = Reply(provider="<b>Prov", model="m_1*")
    reply.add(Reasoning(f"hm</details><script>{RUN}</script>\n{FENCE}\n</details>\n- $$"), at=0.25)
    reply.add(text)
    reply.add(Usage(3, 4))
    reply.seconds = 1.5
    reply.partial = True
    return reply


def test_a_bundle_holds_the_answer_and_what_surrounds_it():
    """Plain text is the answer itself; Markdown adds thoughts, sources, calls and facts, all inert."""
    reply = _reply(f"{FENCE}html\n$$ <script>{RUN}</script>\n{FENCE}")
    reply.add(Sources((Source("https://a.invalid", f"<img src=x onerror={RUN}>"), Source("javascript:1"))))
    reply.add(
        ToolCalls((ToolCall("1", "f", f'{{"a": "{FENCE}</details><script>"}}'), ToolCall("2", "g", "<")))
    )
    bundle = mimebundle(reply)
    assert bundle["text/plain"] == reply.text
    for render in RENDERERS.values():
        assert not faults(render(bundle["text/markdown"]))
    page = _Page(MARKDOWN_IT.render(bundle["text/markdown"]))
    assert page.shape.count(f"<details style={parts._FOLD}") == page.shape.count("</details") == 3
    assert page.shape[-4:-1] == [
        f"<sub style={parts._QUIET}",
        "<b>Prov · m_1* · first token 250 ms · total 1.5 s · 3 → 4 tokens · stopped early",
        "</sub",
    ]


def test_a_bundle_without_text_says_what_there_is():
    """No text: the refusal, else the calls, else nothing."""
    reply = Reply()
    assert mimebundle(reply) == {"text/plain": "", "text/markdown": ""}
    reply.add(ToolCalls((ToolCall("1", "f", '{"a":1}'), ToolCall("2", "g", ""))))
    assert mimebundle(reply)["text/plain"] == 'f({"a":1})\ng()'
    reply.refusal = "I <b>will not"
    assert mimebundle(reply)["text/plain"] == "I <b>will not"
    assert "I &lt;b>will not" in mimebundle(reply)["text/markdown"]


@pytest.mark.parametrize("arguments", ["[" * 50_000, '{"a":' * 50_000, "1" * 5000, "{", "", "\ud800"])
def test_arguments_that_are_no_json_are_shown_as_they_are(arguments):
    """However deep or broken they are."""
    reply = Reply()
    reply.add("The answer")
    reply.add(ToolCalls((ToolCall("1", "f", arguments),)))
    shown = mimebundle(reply)["text/markdown"]
    assert re.search(
        r"^(<div [^>]*>\n\n)?The answer\n\n<details style=[^>]*><summary>Calls <code>f&#40;", shown
    )


@pytest.mark.parametrize("error", [ValueError, RecursionError, KeyError])
def test_an_answer_is_not_lost_by_its_display(error, monkeypatch):
    """If its Markdown fails, it is shown as text, as inert as ever."""

    def fails(*_, **__):
        raise error("x")

    monkeypatch.setattr("g4f_nb.showing.bundles.safe_markdown", fails)
    text = f"**Hi** <script>{RUN}</script>\n\n{FENCE}\n</code></pre>$$"
    bundle = mimebundle(_reply(text))
    assert bundle["text/plain"] == text
    for render in RENDERERS.values():
        html = render(bundle["text/markdown"])
        assert not faults(html)
        assert "**Hi** <script>" in unescape(html)
        assert f"shown as plain text: its Markdown could not be read, {error.__name__}" in html


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_the_display_is_one(error, monkeypatch):
    """Only what goes wrong is covered up."""

    def stops(*_, **__):
        raise error

    monkeypatch.setattr("g4f_nb.showing.bundles.safe_markdown", stops)
    with pytest.raises(error):
        mimebundle(_reply())


def test_a_login_is_shown_until_the_answer_comes():
    """As a link with a harmless label, and the address in the plain text; an answer stands alone."""
    reply = Reply()
    reply.add(RequestLogin("<b>[Me](http://x.invalid)</b>", "https://a.invalid/?a=1&b=2"))
    shown = mimebundle(reply)
    assert "https://a.invalid/?a=1&b=2" in shown["text/plain"]
    assert shown["text/markdown"].startswith("Log in to go on: [")
    assert "](https://a.invalid/?a=1&b=2)" in shown["text/markdown"]
    assert "<b>" not in shown["text/markdown"]
    reply.login = RequestLogin("Me", "javascript:alert(1)")
    assert "javascript" not in mimebundle(reply)["text/markdown"]
    reply.add("Hi")
    assert "Log in" not in "".join(mimebundle(reply).values())


def test_results_stand_beside_their_calls():
    """Shortened, complaints told apart; a limit that ended it is named in the footer."""
    reply = Reply(provider="P")
    reply.add(
        ToolCalls((ToolCall("1", "add", '{"a": 1}'), ToolCall("2", "get", "{}"), ToolCall("3", "x", "{}")))
    )
    reply.add(ToolResult("1", "add", "<b>3</b>" * 1000))
    reply.add(ToolResult("2", "get", "no such city", error=True))
    reply.partial, reply.stopped_by = True, "the limit of 2 rounds is reached"
    shown = mimebundle(reply)["text/markdown"]
    assert "Called <code>add&#40;a&#61;1&#41;</code> → <code>&#60;b&#62;3" in shown
    assert '"a": 1' in shown.split("```json")[1].split("```")[0]
    assert shown.split("```text")[1].startswith("\n<b>3</b><b>3</b>")
    assert "Called <code>get&#40;&#41;</code> → error: <code>no such city</code>" in shown
    assert "Calls <code>x&#40;&#41;</code></summary>" in shown
    assert len(shown) < 2000
    assert "stopped early · the limit of 2 rounds is reached" in shown
