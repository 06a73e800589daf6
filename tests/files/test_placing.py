"""Reports, figures and Excel files go where nobody else's file is."""

from __future__ import annotations

import io
import stat
import sys

import openpyxl
import pandas as pd
import pytest
from thorough import THOROUGH

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError


@pytest.fixture(scope="module")
def frame():
    return pd.DataFrame({"answer": ["=1+1", "plain"], "n": [1, 2]})


@pytest.fixture
def result():
    return nb.compare("hi", "Demo:demo-fast", progress=False)


@pytest.fixture
def chart(result):
    return result.llm.plot()


def _report(result, path, **how):
    return result.llm.report(path, **how)


def _excel(result, path, **how):
    return result.llm.to_excel(path, **how)


def _chart(result, path, **how):
    return result.llm.plot().save(path, **how)


ALL = pytest.mark.parametrize(
    ("write", "name"),
    [(_report, "r.html"), (_excel, "r.xlsx"), (_chart, "r.svg")],
    ids=["report", "excel", "chart"],
)


@ALL
def test_a_cell_that_is_run_again_writes_its_file_again(result, tmp_path, write, name):
    """What was written there before is replaced without a word, and the path is given each time."""
    file = tmp_path / "new folder" / name
    assert write(result, str(file)) == file
    first = file.read_bytes()
    assert write(result, file) == file
    assert len(file.read_bytes()) == pytest.approx(len(first), rel=0.2)
    assert [each.name for each in file.parent.iterdir()] == [name]


@ALL
def test_a_file_of_somebody_else_stays(result, tmp_path, write, name):
    """Another file is replaced only with `overwrite=True`, which the error names."""
    file = tmp_path / name
    file.write_bytes(b"years of work")
    with pytest.raises(InvalidParameterError, match=r"is there, and is no .*overwrite=True"):
        write(result, file)
    assert file.read_bytes() == b"years of work"
    assert write(result, file, overwrite=True) == file
    assert b"years of work" not in file.read_bytes()


@ALL
def test_a_link_and_a_folder_of_the_system_are_left_alone(result, tmp_path, write, name):
    """A link is not followed and not replaced, whatever is said; nothing is put into /proc."""
    (tmp_path / "there").write_text("kept")
    (tmp_path / name).symlink_to(tmp_path / "there")
    with pytest.raises(InvalidParameterError, match="no ordinary file"):
        write(result, tmp_path / name, overwrite=True)
    assert (tmp_path / "there").read_text() == "kept"
    if sys.platform != "win32":
        with pytest.raises(InvalidParameterError, match="folder of the system"):
            write(result, f"/dev/{name}")


@ALL
def test_what_is_no_path_is_said(result, write, name):
    """With one that could be."""
    for path in (None, 5, "", "a\0b"):
        with pytest.raises(InvalidParameterError, match=r"path is .*(like|choose)"):
            write(result, path)


def test_an_excel_file_that_somebody_has_worked_on_stays(frame, tmp_path):
    """Programs say who has changed a file last: then it is not ours alone; nor is one of pandas'."""
    file = frame.llm.to_excel(tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(file)
    book.properties.lastModifiedBy = "Ada"
    book.save(file)
    with pytest.raises(InvalidParameterError, match="is there"):
        frame.llm.to_excel(file)
    frame.to_excel(file, engine="openpyxl")
    with pytest.raises(InvalidParameterError, match="is there"):
        frame.llm.to_excel(file)


def test_a_writer_of_pandas_takes_several_tables(frame, tmp_path):
    """A table goes into a sheet of a workbook that is being written, or into memory; options are pandas'."""
    file = tmp_path / "two.xlsx"
    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        assert frame.llm.to_excel(writer, sheet_name="one") is writer
        frame.llm.to_excel(writer, sheet_name="two")
    assert list(pd.read_excel(file, sheet_name=None)) == ["one", "two"]
    memory = io.BytesIO()
    frame.llm.to_excel(memory)
    assert pd.read_excel(memory)["answer"].tolist() == ["'=1+1", "plain"]


def test_an_ending_that_is_not_excels_is_said(frame, tmp_path):
    """With the name that it could have."""
    with pytest.raises(InvalidParameterError, match=r"call it 'r\.xlsx'"):
        frame.llm.to_excel(tmp_path / "r.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_file_is_as_readable_as_others_of_the_user(frame, tmp_path):
    """A new one as the mask says, one that is replaced as it was."""
    (tmp_path / "plain").write_text("")
    file = frame.llm.to_excel(tmp_path / "r.xlsx")
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    file.chmod(0o640)
    assert stat.S_IMODE(frame.llm.to_excel(file).stat().st_mode) == 0o640


# The second name of a form is one more example of it.
_FORMS = ("png", "svg", "pdf", "eps", "jpg", "tif", "webp", *(("ps", "jpeg", "tiff") if THOROUGH else ()))


def test_a_figure_is_known_again_in_each_form(chart, tmp_path):
    """Saved twice it is replaced, also where the call says the form; a drawing of matplotlib's stays."""
    for form in _FORMS:
        file, plain = tmp_path / f"figure.{form}", tmp_path / f"plain-{form}"
        for path, how in ((file, {}), (plain, {"format": form})):
            assert chart.save(path, dpi=20, **how) == path
            assert chart.save(path, dpi=30, **how) == path
        chart.figure.savefig(file, dpi=20)
        drawn = file.read_bytes()
        with pytest.raises(InvalidParameterError, match="is no figure"):
            chart.save(file)
        assert file.read_bytes() == drawn


def test_a_figure_goes_where_matplotlib_would_put_it(chart, tmp_path):
    """Without an ending it is a PNG, and called so; it goes into memory, too; a form that is none is said."""
    assert chart.save(tmp_path / "figure") == tmp_path / "figure.png"
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    memory = io.BytesIO()
    assert chart.save(memory, format="svg") is memory
    assert b"<svg" in memory.getvalue()
    with pytest.raises(InvalidParameterError, match=r"'docx'.*png"):
        chart.save(tmp_path / "figure.docx")
