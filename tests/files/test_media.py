"""Files for a model: everything a user has at hand becomes a part of the message, or a clear error."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import pytest

from g4f_nb.errors import InvalidParameterError
from g4f_nb.files import media
from g4f_nb.files.dataurls import data_url
from g4f_nb.files.media import Media, read_media, with_media

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
WAV = b"RIFF\x24\0\0\0WAVEfmt "
PDF = b"%PDF-1.7\n"
IMAGE = {"type": "image_url", "image_url": {"url": data_url(PNG, "image/png")}}


def _parts(given) -> list:
    return [each.part() for each in read_media(given)]


@pytest.fixture
def picture(tmp_path):
    """A file whose name lies."""
    path = tmp_path / "picture.txt"
    path.write_bytes(PNG)
    return path


def test_every_way_to_give_an_image(picture):
    """Bare or in a list; a path as text or Path, bytes of any kind, an open file, a `data:` URL."""
    given = [picture, str(picture), PNG, bytearray(PNG), memoryview(PNG), io.BytesIO(PNG)]
    given += [data_url(PNG, "text/plain"), read_media(PNG)[0]]
    for item in given:
        assert _parts(item) == _parts([item]) == _parts((item,)) == _parts([(item, "x.jpg")]) == [IMAGE]
    with picture.open("rb") as file:
        assert _parts(file) == [IMAGE]
    assert _parts(None) == _parts([]) == []


def test_an_open_file_stays_where_it_is():
    """It may be asked again, by the next question or model."""
    file = io.BytesIO(b"skip" + PNG)
    file.seek(4)
    assert _parts([file]) == _parts([file]) == [IMAGE]
    assert file.tell() == 4


def test_an_address_is_passed_on_and_not_fetched():
    """The server fetches it; only what is certainly no image is refused."""
    for url in ("https://h.invalid/a.png", "HTTP://h.invalid/x?y=1", "https://h.invalid/%70hoto"):
        assert _parts(url) == [{"type": "image_url", "image_url": {"url": url}}]
    film = "https://h.invalid/a.MP4?t=1"
    assert _parts(film) == [{"type": "video_url", "video_url": {"url": film}}]
    with pytest.raises(InvalidParameterError, match=r"a.pdf' is no image.*fetch it yourself") as caught:
        _parts("https://h.invalid/a.pdf?token=planted")
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(read_media("https://h.invalid/a?token=planted"))


def test_sound_files_and_text(tmp_path):
    """Each kind has its own part; the name goes along where it means something."""
    assert _parts(WAV) == [
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"}}
    ]
    (tmp_path / "report.pdf").write_bytes(PDF)
    named = {"filename": "report.pdf", "file_data": data_url(PDF, "application/pdf")}
    assert _parts(tmp_path / "report.pdf") == [{"type": "file", "file": named}]
    assert _parts([(PDF, None)])[0]["file"]["filename"] == "file.pdf"
    assert _parts([(PDF, "other.pdf")])[0]["file"]["filename"] == "other.pdf"
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8-sig")
    assert _parts(table) == [{"type": "text", "text": "table.csv:\n\na,b\n1,2\n\n\n"}]
    assert _parts(io.StringIO("words")) == [{"type": "text", "text": "words\n\n"}]


def test_pictures_of_pil():
    """Any mode; a photo stays a JPEG, anything else becomes a PNG."""
    image = pytest.importorskip("PIL.Image")
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "HSV", "F", "I"):
        (made,) = read_media(image.new(mode, (3, 2)))
        assert made.type == "image/png"
        assert image.open(io.BytesIO(made.data)).size == (3, 2)
    photo = io.BytesIO()
    image.new("RGB", (3, 2)).save(photo, "JPEG")
    (made,) = read_media([image.open(photo)])
    assert made.type == "image/jpeg"


def test_figures_of_matplotlib():
    """A figure, or the axes in it."""
    figure_of = pytest.importorskip("matplotlib.figure").Figure
    figure = figure_of(figsize=(2, 1))
    axes = figure.subplots()
    axes.plot([1, 2])
    for item in (figure, axes):
        (made,) = read_media(item)
        assert (made.type, made.data[:4]) == ("image/png", b"\x89PNG")


def test_whatever_shows_itself_as_a_picture_in_a_notebook():
    """By IPython's protocol: bytes, base64, or a pair of them and what belongs to it."""
    for shown in (PNG, base64.b64encode(PNG).decode(), (PNG, {"width": 1})):
        item = type("Shows", (), {"_repr_png_": lambda self, shown=shown: shown})()
        assert _parts(item) == _parts([item]) == [IMAGE]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("no-such-file.png", r"'no-such-file.png' cannot be read in .*: No such file.*check the path"),
        (Path("/nowhere/at/all.png"), r"'/nowhere/at/all.png' cannot be read: No such file"),
        (".", r"'.' cannot be read in .*: Is a directory"),
        ("nul\0.png", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        (b"", "the data is empty"),
        (io.BytesIO(b""), "is empty"),
        ("data:image/png;base64,$", r"the data: URL '.*' cannot be decoded"),
        ("data:image/png;base64,", "the data: URL is empty"),
        (b"PK\x03\x04\0", "the content of the data is of no kind that models take.*give images"),
        ([(b"PK\x03\x04\0", "notes.docx")], r"of 'notes.docx' is of no kind .*\(number 1 of media=\)"),
        ([PNG, 7], r"media= takes no int \(number 2 of media=\): give a path"),
        ([None], "media= takes no NoneType"),
        ({"a": PNG}, "media= takes no dict"),
        (7, "media= takes no int: give a path"),
        (object(), "media= takes no object"),
    ],
)
def test_what_cannot_be_sent_is_told(given, words):
    """Which of them, why, and what to give instead; the value is cut."""
    with pytest.raises(InvalidParameterError, match=words) as caught:
        read_media(given)
    assert len(str(caught.value)) < 700
    assert str(caught.value).endswith("nothing was sent")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """A closed one, one of another kind, one opened as text that is none."""
    closed = io.BytesIO(PNG)
    closed.close()
    with pytest.raises(InvalidParameterError, match=r'cannot be read: .*"rb"'):
        read_media(closed)
    (tmp_path / "a.png").write_bytes(PNG)
    with (
        (tmp_path / "a.png").open(encoding="utf-8") as file,
        pytest.raises(InvalidParameterError, match=r"a.png.* cannot be read: .*binary mode"),
    ):
        read_media(file)
    odd = type("Odd", (), {"read": lambda self: 7, "seekable": lambda self: False})()
    with pytest.raises(InvalidParameterError, match="gives int instead of bytes"):
        read_media(odd)
    broken = type("Plot", (), {"savefig": lambda self, *_, **__: 1 / 0})()
    with pytest.raises(InvalidParameterError, match="the Plot cannot be drawn: division by zero"):
        read_media(broken)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such devices")
def test_what_never_ends_is_refused(tmp_path, monkeypatch):
    """A device or a pipe by its path is not even opened; an open one is read to the limit."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.png").symlink_to("/dev/zero")
    for path in ("/dev/zero", tmp_path / "pipe", tmp_path / "a.png"):
        with pytest.raises(InvalidParameterError, match="cannot be read: it is no regular file"):
            read_media(path)
    monkeypatch.setattr(media, "MOST_BYTES", 1_000)
    for buffering in (0, -1):
        with (
            Path("/dev/zero").open("rb", buffering=buffering) as file,
            pytest.raises(InvalidParameterError, match="cannot be read: it has more than"),
        ):
            read_media(file)


def test_an_open_file_that_gives_little_at_a_time_is_read_whole():
    """A pipe gives what is there, which is not all of it."""
    pieces = [PNG[:5], PNG[5:], b""]
    slow = type("Slow", (), {"read": lambda self, _: pieces.pop(0), "seekable": lambda self: False})()
    assert read_media(slow)[0].data == PNG


def test_files_go_before_the_text_of_the_last_user_message():
    """Into a copy; parts that are there already stay behind them."""
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "what is it?"},
        {"role": "assistant", "content": "wait"},
    ]
    changed = with_media(messages, [*read_media(PNG), *read_media(WAV)])
    assert [part["type"] for part in changed[2]["content"]] == ["image_url", "input_audio", "text"]
    assert changed[2]["content"][2]["text"] == messages[2]["content"] == "what is it?"
    assert changed[0] == messages[0]
    again = with_media(changed, read_media(WAV))
    assert [part["type"] for part in again[2]["content"]] == [
        "input_audio",
        "image_url",
        "input_audio",
        "text",
    ]
    assert with_media([{"role": "user", "content": None}], read_media(PNG))[0]["content"] == [IMAGE]
    assert with_media(messages, []) == messages
    with pytest.raises(InvalidParameterError, match="the last user message, and there is none"):
        with_media([{"role": "system", "content": "x"}], read_media(PNG))


def test_a_file_s_repr_shows_no_content():
    """It may be long, or private."""
    assert repr(Media("image/png", PNG, name="a.png")) == "Media(type='image/png', name='a.png')"
