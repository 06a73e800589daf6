"""`view`, `diff`, `plot` and `report`: what is in an answer is text there, and nothing of it acts."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser

import pandas as pd
import pytest
from hostile_markdown import PAYLOADS
from thorough import some

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError
from g4f_nb.presenting import sheets
from g4f_nb.presenting.differences import pieces
from g4f_nb.presenting.sheets import SCRIPT
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.testing import serve

SHOWN = some(PAYLOADS, of=3)
NASTY = "\n\n".join(SHOWN)
SAYS = {
    "hostile": lambda text: SHOWN[int(text)],
    "quoting": lambda text: f"They said: {SHOWN[int(text)]} 🙂 $x$ שלום \x00\x1b[31m",
}


pytestmark = pytest.mark.runs_stay


@pytest.fixture(scope="module")
def result():
    """Every payload as an answer, beside it in another; and a model that fails, with a name of its own."""
    with serve(answers=SAYS, models=["error-500"]) as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in SAYS]
        models.append(
            nb.Model("OpenaiTemplate:error-500", api_base=server.api_base, label="<b onclick=x>$\\frac{ 模型")
        )
        data = {
            "number": list(range(len(SHOWN))),
            "<script>": ["</td><script>window.pwned=1</script>"] * len(SHOWN),
        }
        made = nb.compare(
            "{number}", models, data=data, retries=0, progress=False, prices={"OpenaiTemplate": (1, 2)}
        )
    return made.llm.score(len, into="chars")


class _Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.bad, self.scripts, self._in = set(), [], [], None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._in = tag
        for name, value in attrs:
            url = re.sub(r"[\x00-\x20]", "", (value or "")).lower()
            loads = name in ("src", "href", "srcset", "action", "background", "xlink:href")
            fine = url.startswith(("data:image/png;base64,", "https:", "http:", "mailto:"))
            if (
                name.startswith("on")
                or (loads and not fine)
                or (name == "src" and not url.startswith("data:"))
            ):
                self.bad.append((tag, name, value))

    def handle_data(self, data):
        if self._in == "script":
            self.scripts.append(data)

    def handle_endtag(self, _):
        self._in = None


def _check(html, *, more=()):
    page = _Page(html)
    assert page.bad == []
    ours = {"div", "style", "table", "thead", "tbody", "tr", "th", "td", "script", "p", "b", "del", "ins"}
    formulas = {tag for tag in page.tags if tag == "math" or re.fullmatch(r"m[a-z]{1,9}", tag)} - {"marquee"}
    assert page.tags - formulas <= ours | set(more)
    assert page.scripts in ([], [SCRIPT])
    return page


def test_a_view_is_text_only(result):
    """No payload in a cell, in a column's name or in a label is markup; MathJax is kept out."""
    shown = result.llm.view(most=1000)
    html = shown._repr_html_()
    _check(html)
    assert 'class="g4f-sheet tex2jax_ignore mathjax_ignore"' in html
    assert html.count("<tr>") == len(result) + 1
    assert "&lt;script&gt;window.pwned=1" in html
    assert "\x00" not in html
    assert "\x1b" not in html


def test_a_view_has_the_columns_that_are_wanted():
    """Columns without any value are left out; named ones come in their order; wrong ones are told."""
    frame = pd.DataFrame({"a": [1, None], "b": [None, None], "c": ["x", "y"], "d": [0.123456, 2.0]})
    html = frame.llm.view().html
    assert re.findall(r"<th.*?>(\w+)</th>", html) == ["a", "c", "d"]
    assert re.findall(r"<th.*?>(\w+)</th>", frame.llm.view(["d", "a"]).html) == ["d", "a"]
    assert 'data-value="0.123456">0.1235<' in html
    assert "none" in html
    assert "1 more rows are not shown" in frame.llm.view(most=1).html
    with pytest.raises(InvalidParameterError, match="no column 'e'"):
        frame.llm.view(["e"])


def test_a_difference_is_told_word_by_word():
    """What both have stands once, what one has is marked; together they are either text."""
    made = pieces("The sky is blue today.", "The sea is blue, today.")
    assert made == [
        ("same", "The "), ("gone", "sky"), ("new", "sea"), ("same", " is blue"), ("new", ","),
        ("same", " today."),
    ]  # fmt: skip
    assert "".join(words for kind, words in made if kind != "new") == "The sky is blue today."
    assert pieces("no idea", "It is Rome") == [("gone", "no idea"), ("new", "It is Rome")]
    assert pieces("same", "same") == [("same", "same")]


def test_long_texts_are_compared_by_lines():
    """Comparing takes time with the square of the words: thousands are compared by lines."""
    left = "".join(f"line {at} of a long text\n" for at in range(2000))
    made = pieces(left, left.replace("line 1000 of", "row 1000 of"))
    assert [kind for kind, _ in made] == ["same", "gone", "new", "same"]


def test_differences_of_two_models(result):
    """The first two, or those that are named; as text like wdiff's, as HTML without any markup of theirs."""
    found = result.llm.diff()
    assert len(found) == len(SHOWN)
    assert found.names == ("OpenaiTemplate:hostile", "OpenaiTemplate:quoting")
    _check(found._repr_html_())
    assert "{+They said: +}" in found[0].text
    assert "<ins>They said: </ins>&lt;script&gt;" in found[0].html
    assert str(len(SHOWN)) in repr(found)
    turned = result.llm.diff("quoting", "hostile")
    assert "[-They said: -]" in turned[0].text
    with pytest.raises(InvalidParameterError, match="no one model 'nobody'"):
        result.llm.diff("nobody")


def test_answers_that_are_the_same_are_counted():
    """They are not listed."""
    made = nb.compare(
        ["a", "b"], ["Demo:demo-fast", nb.Model("Demo:demo-fast", label="twin")], progress=False
    )
    found = made.llm.diff()
    assert len(found) == 0
    assert "2 are the same" in repr(found)


def test_a_plot_shows_every_model(result):
    """Quality with error bars against time, every answer beside it; names are words and no formulas."""
    chart = result.llm.plot("chars")
    assert chart._repr_png_().startswith(b"\x89PNG")
    quality, spread = chart.figure.axes
    assert quality.get_ylabel() == "chars"
    assert [text.get_text() for text in quality.get_legend().get_texts()] == [
        "OpenaiTemplate:hostile",
        "OpenaiTemplate:quoting",
    ]
    assert len(quality.containers) == 2  # error bars
    assert len(spread.get_yticklabels()) == 3
    assert r"\$" in spread.get_yticklabels()[2].get_text()
    assert len(result.llm.plot().figure.axes) == 1  # no scores and no verdicts: only the spread
    assert len(result.llm.plot("chars", against="cost_usd").figure.axes) == 2
    with pytest.raises(InvalidParameterError, match="against"):
        result.llm.plot(against="weather")


def test_what_rows_are_called_is_shown(result):
    """A view of a table whose rows have names, like that of `wide`, has them as its first columns."""
    wide = result.llm.wide()
    shown = wide.llm.view().html
    heads = re.findall(r"<th[^>]*>([^<]*)</th>", shown)
    assert heads[: len(wide.index.names)] == list(wide.index.names)
    assert shown.count("<tr>") == min(len(wide), 500) + 1
    several = pd.concat([wide], axis=1, keys=[0]).swaplevel(axis=1)
    assert f"<th>{wide.columns[0]} · 0</th>" in several.llm.view().html
    assert f"{wide.columns[0]} · 0" in repr(several.llm.view())
    assert "columns 7" in repr(pd.DataFrame({7: ["x"]}).llm.view())
    named = pd.DataFrame({"n": [1]}, index=pd.Index(["Ada"], name="n"))
    assert re.findall(r"Ada|>n<|>1<", named.llm.view().html) == [">n<", ">n<", "Ada", ">1<"]


def test_a_plot_is_none_of_pyplots(result, tmp_path):
    """No figure stays open that a notebook would show a second time, and it can be saved."""
    from matplotlib import pyplot as plt

    chart = result.llm.plot("chars")
    chart.save(tmp_path / "chart.svg")
    assert b"<svg" in (tmp_path / "chart.svg").read_bytes()
    assert plt.get_fignums() == []


def test_a_report_is_one_file_in_which_nothing_acts(result, tmp_path):
    """Tables, figures, failures and answers, with all payloads; nothing to load, one script, and a policy."""
    file = result.llm.report(tmp_path / "report.html", "chars", title="<script>x</script>", most=999)
    html = file.read_text(encoding="utf-8")
    safe = {
        "html",
        "head",
        "body",
        "meta",
        "title",
        "h1",
        "h2",
        "h3",
        "section",
        "img",
        "details",
        "summary",
        "article",
    }
    safe |= {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "pre", "s", "span", "strong", "ul"}
    page = _check(html, more=safe)
    assert page.tags >= {"article", "img", "details"}
    assert page.scripts == [SCRIPT]
    assert "default-src 'none'" in html
    assert html.count("<article>") == len(result)
    for heading in ("Models", "Ranking by chars", "Figures", "What has no answer", "Answers"):
        assert f"<h2>{heading}</h2>" in html
    assert "ServerError" in html


def test_a_report_holds_no_key(monkeypatch, tmp_path):
    """One that was typed into a prompt, or that an answer repeats, is masked; the table has it as it was."""
    key = "planted/Key+0123456789abcdef=="
    monkeypatch.setenv("GROQ_API_KEY", key)
    with serve(answers={"echo": lambda text: text}, models=["error-500"]) as server:
        names = ("echo", "error-500")
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in names]
        prompt = f"my key is {key}, see https://tok-en@h/x?token=abc"
        made = nb.compare(prompt, models, retries=0, progress=False)
    html = made.llm.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert key in made["answer"].tolist()[0]
    assert html.count("my key is •••, see") >= 2
    for said in ("planted/Key", "tok-en", "token=abc"):
        assert said not in html


@pytest.mark.parametrize("given", ["a model", "the call", "a class", "one of several"])
def test_no_file_of_a_comparison_holds_a_key_that_it_used(given, tmp_path):
    """Report, figure and Excel file know the keys of the models, however they were given, and mask all alike.

    The answer repeats the key, as do the names of model, prompt and column, and the report's title.
    """
    key = "planted/Key+0123456789abcdef=="
    with serve(answers={"m": lambda text: f"{text}: {key}"}) as server:
        name, options = "OpenaiTemplate:m", {"api_base": server.api_base, "api_key": key}
        model = {
            "a model": lambda: nb.Model(name, label=f"mine {key}", **options),
            "the call": lambda: nb.Model(name, label=f"mine {key}"),
            "a class": lambda: nb.Model(type("Mine", (OpenaiTemplate,), {**options, "default_model": "m"})),
            "one of several": lambda: nb.FallbackProvider([nb.Model(name, **options)]),
        }[given]()
        other = nb.Model("OpenaiTemplate:m", api_base=server.api_base, label="other")
        call = options if given == "the call" else {}
        made = nb.compare({f"name {key}": "x", "y": "y"}, [model, other], progress=False, **call)
    assert key in made["answer"].tolist()[0]
    made[f"score {key}"] = [1.0, 0.0] * 2
    made["parts"] = [{"said": key}, [key]] * 2
    chart = made.llm.plot(f"score {key}")
    chart.save(tmp_path / "chart.svg", metadata={"Date": None})
    made.llm.report(tmp_path / "report.html", f"score {key}", title=f"of {key}")
    made.llm.to_excel(tmp_path / "table.xlsx")
    made.llm.wide().llm.to_excel(tmp_path / "wide.xlsx")
    texts = [(tmp_path / "report.html").read_text(encoding="utf-8")]
    for name in ("table", "wide"):
        with zipfile.ZipFile(tmp_path / f"{name}.xlsx") as parts:
            texts += [parts.read(part).decode() for part in parts.namelist()]
    texts += [label.get_text() for axes in chart.figure.axes for label in axes.get_yticklabels()]
    texts += [axes.get_ylabel() for axes in chart.figure.axes]
    assert "planted" not in " ".join(texts)
    assert "•••" in texts[0]


def test_a_report_of_verdicts(tmp_path):
    """With verdicts there are a ranking and what is wrong with the judge; answers left out are told."""
    says = {"one": lambda text: f"{text}!", "two": lambda text: f"{text}?"}
    says["judge"] = lambda _: '{"reason": "<img src=x onerror=window.pwned=1>", "winner": "first"}'
    with serve(answers=says) as server:
        models = {name: nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in says}
        made = nb.compare(["a", "b", "c"], [models["one"], models["two"]], progress=False)
        made.llm.judge(models["judge"], progress=False)
    html = made.llm.report(tmp_path / "report.html", most=2).read_text(encoding="utf-8")
    assert "<h2>Ranking by verdicts</h2>" in html
    assert "<h2>Judges</h2>" in html
    assert "4 more answers are not in this file" in html
    assert len(made.llm.plot().figure.axes) == 2


def test_without_matplotlib_the_extra_is_named(result, monkeypatch):
    """The error says what to install."""
    from g4f_nb.errors import MissingRequirementsError
    from g4f_nb.presenting import plotting

    monkeypatch.setattr(plotting.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingRequirementsError, match=r"g4f_nb\[plots\]"):
        result.llm.plot()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (9e-05, "0.00009"), (0.0013041, "0.001304"), (167634.43, "167634"), (12.3456, "12.35"), (1.0, "1"),
        (0.0, "0"), (-0.69314, "-0.6931"), (2026, "2026"), (1.5e12, "1.5e+12"), (float("inf"), "inf"),
        (999.96, "1000"), (1e-12, "1e-12"), (True, "True"),
    ],
)  # fmt: skip
def test_figures_are_written_as_people_do(value, shown):
    """Four digits, no powers of ten where they are not needed, and years without commas."""
    assert sheets._figure(value) == shown
