"""What some bytes are: told by their content, and only where it is certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.files.dataurls import data_url, from_base64, is_data_url, read_data_url
from g4f_nb.files.kinds import media_type_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"GIF89a" + b"\0" * 20, "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0", "image/bmp"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "image/avif"),
        (b"\0\0\0\x20ftypheic\0\0\0\0", "image/heic"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0\0", "audio/mpeg"),
        (b"\xff\xf1\x50\x80\0\0", "audio/aac"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"OggS\0\x02\0\0", "audio/ogg"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "video/mp4"),
        (b"\x1aE\xdf\xa3\x01\0", "video/webm"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"plain words\n", "text/plain"),
        ("Grüße \U0001f44b\t\r\n".encode(), "text/plain"),
        (b"\xef\xbb\xbfwith a mark", "text/plain"),
        (b"\x1b[31mred", "text/plain"),
        # What only looks like something.
        (b"BMW builds cars in many places", "text/plain"),
        (b"ID3 tags are old", "text/plain"),
        (b"OggS is a mark", "text/plain"),
        (b"RIFF raff", "text/plain"),
        ("\ufeffhallo".encode("utf-16-le"), None),
        (b"PK\x03\x04\0\0", None),
        (b"\x7fELF\x02\x01", None),
        ("café".encode("latin-1"), None),
        (b"nul\0byte", None),
        (b"", None),
    ],
)
def test_the_content_tells(data, kind):
    """Images, sound, film, PDF and text; nothing else is guessed at."""
    assert media_type_of(data) == kind


@given(st.binary(max_size=40))
def test_no_bytes_break_it(data):
    """Whatever they are, it is a type or none."""
    assert media_type_of(data) is None or "/" in media_type_of(data)


@given(st.binary(max_size=50))
def test_a_data_url_comes_back(data):
    """Bytes to text and back, also without padding, with line ends, and in the alphabet for addresses."""
    url = data_url(data, "image/png")
    assert is_data_url(url)
    assert read_data_url(url) == ("image/png", data)
    text = url.partition(",")[2]
    assert from_base64(text.rstrip("=")) == data
    assert from_base64("\n".join(text)) == data
    assert from_base64(text.replace("+", "-").replace("/", "_")) == data


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("data:,a%20b", ("", b"a b")),
        ("DATA:text/plain;charset=utf-8,%C3%BC", ("text/plain", b"\xc3\xbc")),
        ("data:image/png;name=x;BASE64,QUJD", ("image/png", b"ABC")),
        ("data:;base64,QUI%3D", ("", b"AB")),
    ],
)
def test_every_form_of_a_data_url(url, found):
    """With and without a type, options and base64."""
    assert read_data_url(url) == found


@pytest.mark.parametrize("url", ["data:image/png;base64", "data:image/png;base64,a$b", "data:;base64,Ä", "x"])
def test_what_is_no_data_url(url):
    """It is refused rather than half read."""
    with pytest.raises(ValueError, match="no "):
        read_data_url(url)
