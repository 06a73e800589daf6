"""`--attach`: files, addresses and variables, and clear words where they cannot be had."""

import os
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from g4f_nb.errors import InvalidParameterError
from g4f_nb.prompting import attachments
from g4f_nb.prompting.composing import compose

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAA"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("first\nsecond", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sales 2024.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    Image.new("RGB", (6, 4)).save(tmp_path / "plot.png")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n...")
    (tmp_path / "talk.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    return tmp_path


def sent(*attach, **names):
    return compose("go", names, attach=attach)


@pytest.mark.usefixtures("folder")
def test_files_of_every_kind():
    """Texts as text with their names, images, sound and PDF as parts."""
    assert sent("notes.txt").content == "notes.txt:\n\nfirst\nsecond\n\ngo"
    assert sent("data/sales 2024.csv").content.startswith("sales 2024.csv:\n\na,b\n1,2")
    kinds = {name: sent(name).content[1]["type"] for name in ("plot.png", "paper.pdf", "talk.wav")}
    assert kinds == {"plot.png": "image_url", "paper.pdf": "file", "talk.wav": "input_audio"}
    assert sent("paper.pdf").pieces[1].tokens is None
    assert sent(Path("notes.txt")).content == sent("./notes.txt").content


@pytest.mark.usefixtures("folder")
def test_variables_of_every_kind():
    """A table, a path, bytes, a text and an item of a list; a file of the same name goes before."""
    assert "`df`: DataFrame" in sent("df", df=pd.DataFrame({"a": [1]})).content
    assert sent("where", where=Path("notes.txt")).content.startswith("where:\n\nfirst")
    assert sent("raw", raw=Path("plot.png").read_bytes()).content[1]["type"] == "image_url"
    assert "pieces[1]:\n\ntwo" in sent("pieces[1]", pieces=["one", "two"]).content
    assert sent("notes.txt", notes="x").content.startswith("notes.txt:\n\nfirst")


def test_addresses_go_on_as_addresses_and_nothing_is_fetched():
    """An image by its address is the service's to fetch; a data: URL is its content."""
    made = sent("https://example.com/a.png?sig=hidden")
    assert made.content[1]["image_url"]["url"] == "https://example.com/a.png?sig=hidden"
    assert type(made.content[1]["image_url"]["url"]) is str
    assert "hidden" not in repr(made.pieces)
    assert sent(PNG).content[1]["image_url"]["url"] == PNG


def refused(*attach, **names):
    with pytest.raises(InvalidParameterError) as caught:
        sent(*attach, **names)
    assert str(caught.value).endswith("nothing was sent")
    return str(caught.value)


def test_what_is_not_there_is_told_with_the_nearest(folder):
    """A slip in a file's name, in a variable's, or in neither."""
    assert "did you mean 'notes.txt'?" in refused("note.txt")
    assert "did you mean 'data/sales 2024.csv'?" in refused("data/sales 2042.csv")
    assert "did you mean 'frame'?" in refused("farme", frame=1)
    assert f"neither a file in {folder} nor one of your variables: check the spelling" in refused("zzz")
    assert "is a folder: name a file in it (sales 2024.csv)" in refused("data")
    assert "the value that is asked for" not in refused("")
    assert "IndexError" in refused("items[9]", items=[])


def test_what_cannot_be_taken_is_told_with_the_way_out(folder, monkeypatch):
    """Too large, empty, of no kind, or an address of another sort."""
    (folder / "huge.csv").write_text("a,b\n" * 1_000, encoding="utf-8")
    (folder / "empty.txt").touch()
    (folder / "a.xlsx").write_bytes(b"PK")
    (folder / "odd.bin").write_bytes(bytes(range(256)))
    monkeypatch.setattr(attachments, "MOST_TEXT", 2**10)
    assert "put the variable into the prompt: {df}" in refused("huge.csv")
    monkeypatch.setattr(attachments, "MOST_BYTES", 2**9)
    assert "has 0.0 MiB" in refused("huge.csv")
    assert "is empty" in refused("empty.txt")
    assert "of no kind that models take" in refused("odd.bin")
    assert "pd.read_excel" in refused("a.xlsx")
    assert "fetch it yourself" in refused("s3://bucket/key")
    assert "fetch it yourself" in refused("https://example.com/a.pdf")
    assert "cannot be decoded" in refused("data:image/png;base64,%%%")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such devices")
def test_what_never_ends_is_refused_unread(folder):
    """A device and a pipe, also behind a link or an object with a path; a link to itself is told."""
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "loop").symlink_to("loop")
    (folder / "nowhere").symlink_to("gone.txt")
    os.mkfifo(folder / "pipe")
    given = type("Given", (), {"__fspath__": lambda self: "/dev/zero"})()
    for each in ("/dev/zero", "zero.txt", "pipe", given, Path("/dev/zero")):
        assert "is no regular file" in refused(each)
    assert "is no regular file" in refused("given", given=given)
    assert "is no regular file" in refused("given", given=Path("pipe"))
    assert "'loop' cannot be read: Too many levels" in refused("loop")
    assert "'nowhere' cannot be read: No such file" in refused("nowhere")


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_longer_than_it_says_is_read_to_the_limit(monkeypatch):
    """What `/proc` holds has no length at all; an open file has the same limit as a path."""
    monkeypatch.setattr(attachments, "MOST_BYTES", 10)
    if Path("/proc/self/status").exists():
        assert "has more than 0 MiB" in refused("/proc/self/status")
    with Path("paper.pdf").open("rb") as file:
        assert "are the most for a file" in refused(file)


@pytest.mark.usefixtures("folder")
def test_keys_in_text_files_are_masked():
    """A file `.env` that is attached by mistake does not give the keys away that are known."""
    Path(".env").write_text("GROQ_API_KEY=plainly-a-key-of-mine\n", encoding="utf-8")
    assert "plainly-a-key-of-mine" not in sent(".env").content
