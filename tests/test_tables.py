"""A table of texts in a terminal and in a notebook."""

from __future__ import annotations

from g4f_nb.tables import Table

TABLE = Table(
    (("groq", "set"), ("openrouter", "<b>&none</b>")), ("name", "key"), title="Keys", note="That's all."
)


def test_as_text_its_columns_stand_below_each_other():
    """Title, headings, rows, note; no blanks at the ends of lines."""
    assert repr(TABLE) == ("Keys\nname        key\ngroq        set\nopenrouter  <b>&none</b>\nThat's all.")
    assert repr(Table((("a", "b"),))) == "a  b"
    assert repr(Table((), note="nothing")) == "nothing"


def test_as_html_nothing_in_it_is_markup():
    """Names may come from a user's file."""
    html = TABLE._repr_html_()
    assert "&lt;b&gt;&amp;none&lt;/b&gt;" in html
    assert "<b>&" not in html
    assert html.count("<tr>") == 3
    assert "<thead>" not in Table((("a",),))._repr_html_()


def test_a_long_text_does_not_push_the_next_column_out_of_sight():
    """It is broken between words; the last column, and a word of its own, stay whole."""
    told, address = ("set a variable " * 9).strip(), "https://example.org/" + "x" * 80
    first, second, third = repr(Table((("one", told, address),))).splitlines()
    assert first.index(address) <= 72
    assert f"{first[5 : first.index(address)].strip()} {second.strip()} {third.strip()}" == told
    assert repr(Table(((address, told),))) == f"{address}  {told}"


def test_a_note_of_several_lines_keeps_them():
    """In HTML, too."""
    assert "white-space: pre-line" in Table((("a", "b"),), note="one\ntwo")._repr_html_()
    assert "<div>one</div>" in Table((("a", "b"),), note="one")._repr_html_()
