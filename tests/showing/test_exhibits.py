"""Images and sound beside an answer: shown where they are there already, and never fetched."""

from __future__ import annotations

import base64
import io
import re
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.chunks import Alternative, AudioResponse, FinishReason, ImageResponse
from g4f_nb.files.dataurls import data_url
from g4f_nb.reply import Reply
from g4f_nb.showing import exhibits as module
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.showing.exhibits import exhibits

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
WAV = b"RIFF\x24\0\0\0WAVEfmt "
ELEMENT = re.compile(
    r'<img alt="image(?: \d+)?" src="data:image/[a-z]+;base64,[A-Za-z0-9+/=]+">'
    r'|<audio controls src="data:audio/[a-z0-9]+;base64,[A-Za-z0-9+/=]+"></audio>'
)


def _shown(*urls, audio=None) -> list:
    return list(exhibits(urls, audio))


def test_what_came_with_the_answer_is_shown():
    """An image as an image, sound with a player; several are numbered."""
    url = data_url(PNG, "image/png")
    assert _shown(url) == [f'<img alt="image" src="{url}">']
    assert _shown(url, url)[1] == f'<img alt="image 2" src="{url}">'
    (player,) = _shown(audio=AudioResponse(WAV, "wav"))
    assert player == f'<audio controls src="{data_url(WAV, "audio/wav")}"></audio>'


@pytest.mark.parametrize(
    "url",
    [
        "https://h.invalid/beacon.png?q=secret",
        "//h.invalid/beacon.png",
        "javascript:alert(1)",
        "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload='alert(1)'/>").decode(),
        "data:image/png;base64," + base64.b64encode(b"<script>alert(1)</script>").decode(),
        "data:text/html,<script>alert(1)</script>",
        'data:image/png;base64,AA" onerror="alert(1)',
        "data:image/png;base64",
        "",
    ],
)
def test_nothing_is_loaded_from_elsewhere_and_nothing_is_alive(url):
    """Neither an address nor what is no plain image."""
    assert _shown(url) == []


def test_the_type_is_what_the_bytes_are():
    """Whatever the URL says; and whatever else it says does not come along."""
    url = 'data:text/html;x=">;base64,' + base64.b64encode(PNG).decode()
    assert _shown(url) == [f'<img alt="image" src="{data_url(PNG, "image/png")}">']


@given(st.lists(st.text(max_size=30) | st.binary(max_size=30).map(lambda b: data_url(PNG + b, "a/b"))))
def test_only_these_elements_ever_come(urls):
    """Whatever a server sends."""
    assert all(ELEMENT.fullmatch(shown) for shown in _shown(*urls))


def test_bare_samples_get_a_head():
    """A stream's sound can be played and kept as a file; half a sample at its end does no harm."""
    sound = AudioResponse(b"\1\0\2\0\3", "pcm16", "words")
    with wave.open(io.BytesIO(sound.as_file())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.readframes(9) == b"\1\0\2\0"
    assert "data:audio/wav;base64," in _shown(audio=sound)[0]
    assert AudioResponse(WAV, "wav").as_file() == WAV
    assert _shown(audio=AudioResponse(b"what is this", "mp3")) == []
    assert _shown(audio=AudioResponse(b"", "mp3", "words")) == []


def test_what_is_too_long_for_a_notebook_is_left_out(monkeypatch):
    """All of one answer together."""
    monkeypatch.setattr(module, "_MOST", 2 * len(PNG))
    url = data_url(PNG, "image/png")
    assert len(_shown(url, url, url, audio=AudioResponse(WAV, "wav"))) == 2


def test_a_cell_shows_them_below_the_text():
    """The text has a short word for an image that it cannot hold; the remote one is a link."""
    reply = Reply(provider="P", model="m")
    reply.add("Here:\n\n")
    long = data_url(PNG + b"\0" * 500, "image/png")
    reply.add(ImageResponse((long, "https://h.invalid/a.png"), "a cat"))
    reply.add(AudioResponse(WAV, "wav"))
    bundle = mimebundle(reply)
    assert bundle["text/plain"].startswith("Here:\n\n![a cat](data:image/png;base64,…)\n![a cat](https://h")
    shown = bundle["text/markdown"]
    assert f'\n\n<img alt="image 1" src="{long}">\n\n<audio controls' in shown
    assert "[image: a cat from h.invalid](https://h.invalid/a.png)" in shown
    assert "![" not in shown
    assert reply.images == (long, "https://h.invalid/a.png")


def test_a_cell_shows_alternatives_folded():
    """Each below the answer, as inert as the answer is."""
    reply = Reply(provider="P", model="m")
    for chunk in ("one", Alternative(1, "<b>two</b>"), Alternative(1, FinishReason("stop"))):
        reply.add(chunk)
    shown = mimebundle(reply)["text/markdown"]
    assert "><summary>Alternative 1</summary>" in shown
    assert "<b>" not in shown
    assert "1 more in &#46;alternatives" in shown
    assert mimebundle(reply)["text/plain"] == "one"
