"""Images from a prompt: when they are asked for, what is sent, and what comes of every form of answer."""

from __future__ import annotations

import base64
import http.server
import threading
from contextlib import contextmanager

import orjson
import pytest

from g4f_nb import errors
from g4f_nb.chunks import ImageResponse, ProviderInfo, Usage
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.providers.models.abilities import makes_images
from g4f_nb.providers.openai.images import ImageReader
from g4f_nb.providers.reading.answerer import Answerer
from g4f_nb.showing.exhibits import exhibits

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
B64 = base64.b64encode(PNG).decode()
URL = "https://h.invalid/1.png"
ASKED = [{"role": "user", "content": "a red circle"}]
CHAT = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}


@contextmanager
def _server(answer, *, listing=None, media_type="application/json", status=200):
    """A server that knows images, chat and a list of models; gives its address and what it saw."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            size = int(self.headers.get("Content-Length") or 0)
            seen.append((self.path, orjson.loads(self.rfile.read(size) or b"null"), dict(self.headers)))
            made = listing if self.path.endswith("/models") else CHAT
            code, kind = 200, "application/json"
            if self.path.endswith("/images/generations"):
                made, code, kind = answer, status, media_type
            body = made if isinstance(made, bytes) else orjson.dumps(made)
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    seen = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.daemon_threads = True
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{web.server_port}/v1", seen
        finally:
            web.shutdown()
            thread.join()


def _ask(base, model="m", *, own=None, stream=True, **given) -> list:
    cls = type("Mine", (OpenaiTemplate,), {"api_base": base, "api_key": "class-key"} | (own or {}))
    return list(cls.create_completion(model, ASKED, stream, **({"max_retries": 0, "timeout": 5} | given)))


@pytest.mark.parametrize(
    "answer",
    [
        {"created": 1, "data": [{"url": URL}]},
        {"data": [{"b64_json": B64, "url": None, "revised_prompt": "x"}]},
        {"images": [{"url": URL}]},
        {"data": [URL]},
        [{"url": URL}],
        {"data": [{"image_url": {"url": URL}}]},
        {"data": {"url": URL}},
        {"data": [{"b64_json": f"data:image/png;base64,{B64}"}]},
        {"output": [URL]},
    ],
)
def test_every_form_of_answer(answer):
    """Addresses and base64, in whichever list; one `ImageResponse` with the prompt as its description."""
    with _server(answer) as (base, seen):
        who, image = _ask(base, prompt="a circle")
    url = URL if URL.encode() in orjson.dumps(answer) else f"data:image/png;base64,{B64}"
    assert (who, image) == (ProviderInfo("Mine", "m", base), ImageResponse((url,), "a circle"))
    assert seen[0][0] == "/v1/images/generations"
    assert seen[0][1] == {"model": "m", "prompt": "a circle"}
    assert (seen[0][2]["Authorization"], seen[0][2]["Accept"]) == ("Bearer class-key", "application/json")


def test_several_images_and_their_cost():
    """All of them in one value; usage as the server counts it."""
    answer = {"data": [{"url": URL}, {"b64_json": B64}], "usage": {"input_tokens": 1, "output_tokens": 2}}
    with _server(answer) as (base, seen):
        chunks = _ask(base, prompt="x", n=2, size="64x64", seed=1, response_format="b64_json")
    assert chunks[1:] == [ImageResponse((URL, f"data:image/png;base64,{B64}"), "x"), Usage(1, 2, 3)]
    sent = {"model": "m", "prompt": "x", "n": 2, "size": "64x64", "seed": 1, "response_format": "b64_json"}
    assert seen[0][1] == sent


def test_the_image_itself_as_the_body():
    """Some servers send no JSON around it."""
    with _server(PNG, media_type="image/png") as (base, _):
        assert _ask(base, prompt="x")[1].urls == (f"data:image/png;base64,{B64}",)


def test_a_long_image_may_take_its_time():
    """Each piece is a sign of work, unlike a server's bare signs of life; one without end is refused."""
    who = Answerer(provider="P", model="m", url="http://h/v1")
    reader = ImageReader(who, prompt="x", limit=100)
    assert reader.feed(b" " * 60) == []
    assert reader.held == 60
    with pytest.raises(errors.UnreadableResponseError, match="max_event_bytes"):
        reader.feed(b" " * 60)


def test_when_an_image_is_asked_for():
    """By the class's list, by a listing that marks the model, by `prompt=`; else it is a chat."""
    marks = [{"id": "painter", "type": "image"}, {"id": "marked", "image": True}, {"id": "chats"}]
    listing = {"data": marks}
    with _server({"data": [{"url": URL}]}, listing=listing) as (base, seen):
        assert str(_ask(base, "painter")[1]) == "hi"
        assert OpenaiTemplate.get_models(api_base=base, api_key="k") == ["chats", "marked", "painter"]
        for model in ("painter", "marked"):
            assert _ask(base, model)[1] == ImageResponse((URL,), "a red circle")
        assert str(_ask(base, "chats")[1]) == "hi"
        assert _ask(base, "own", own={"image_models": ["own"]})[1].urls == (URL,)
        assert _ask(base, "own", own={"image_models": ["own"], "models": ["chats"]})[1].urls == (URL,)
        seen.clear()
        assert _ask(base, "", prompt="x", own={"image_models": ["own"]})[0].model == "own"
        assert _ask(base, "", prompt="x")[0].model is None
    assert [body for _, body, _ in seen] == [{"model": "own", "prompt": "x"}, {"prompt": "x"}]


def test_what_only_images_have_asks_for_one():
    """As `nb.ask` needs it, whose question is the prompt; let through for chats where the caller says so."""
    with _server({"data": [{"url": URL}]}) as (base, seen):
        for given in ({"size": "64x64"}, {"quality": "high"}, {"response_format": "b64_json"}):
            _ask(base, **given)
            assert seen[-1][:2] == (
                "/v1/images/generations",
                {"model": "m", "prompt": "a red circle"} | given,
            )
        _ask(base, stream=False, style="formal", extra_parameters=["style"])
        assert (seen[-1][0], seen[-1][1]["style"]) == ("/v1/chat/completions", "formal")
        _ask(base, stream=False, response_format={"type": "json_object"}, moderation={"mode": "score"})
        assert seen[-1][0] == "/v1/chat/completions"


def test_a_row_knows_its_service_s_models_for_images():
    """By pattern, at the service's own address only, without a listing."""
    base = OpenaiTemplate.row.api_base
    assert makes_images(base, "gpt-image-9")
    assert makes_images(base, "dall-e-3")
    assert not makes_images(base, OpenaiTemplate.row.default_model)
    assert not makes_images("http://127.0.0.1:1/v1", "gpt-image-9")


def test_an_svg_is_an_image_too():
    """It is given, and never shown: it may hold a script."""
    svg = base64.b64encode(b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>').decode()
    with _server({"data": [{"b64_json": svg}]}) as (base, _):
        image = _ask(base, prompt="x", output_format="svg")[1]
    assert image.urls == (f"data:image/svg+xml;base64,{svg}",)
    assert list(exhibits(image.urls, None)) == []


def test_width_and_height_and_what_the_server_alone_knows():
    """Both become `size`; `extra_data` and `extra_parameters` hold here, too."""
    with _server({"data": [{"url": URL}]}) as (base, seen):
        _ask(base, prompt="x", width=64, height=32, negative_prompt="blue")
        _ask(base, prompt="x", extra_data={"steps": 4}, extra_parameters=["loras"], loras=["a"])
    assert seen[0][1] == {"model": "m", "prompt": "x", "negative_prompt": "blue", "size": "64x32"}
    assert seen[1][1] == {"model": "m", "prompt": "x", "loras": ["a"], "steps": 4}


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"prompt": "x", "temperature": 0}, "UnknownParameterError", "temperature= is for a chat"),
        ({"prompt": "x", "tools": []}, "UnknownParameterError", "tools= is for a chat"),
        ({"prompt": "x", "width": 5}, "UnknownParameterError", "give both, or size="),
        ({"prompt": "x", "sise": "1"}, "UnknownParameterError", "did you mean 'size'"),
        ({"prompt": " "}, "InvalidParameterError", "nothing to make an image of"),
        ({"prompt": 7}, "InvalidParameterError", "prompt= is a text"),
        ({"prompt": "x", "media": PNG}, "InvalidParameterError", "media= cannot go with"),
        ({"size": "64x64", "temperature": 0}, "UnknownParameterError", "temperature= is for a chat"),
        ({"size": "64x64", "media": PNG}, "InvalidParameterError", "media= cannot go with"),
        ({"response_format": "png"}, "InvalidParameterError", "response_format= is a dict, or"),
    ],
)
def test_what_belongs_to_the_other_kind_of_call_is_refused(given, kind, words):
    """By name, before anything is sent."""
    with (
        _server({"data": [{"url": URL}]}) as (base, seen),
        pytest.raises(getattr(errors, kind), match=words),
    ):
        _ask(base, **given)
    assert seen == []


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        ({}, 200, "UnreadableResponseError"),
        ({"data": []}, 200, "UnreadableResponseError"),
        ({"data": [{"b64_json": "bm8gaW1hZ2U="}]}, 200, "UnreadableResponseError"),
        ({"data": [{"url": None}]}, 200, "UnreadableResponseError"),
        ({"data": [7]}, 200, "UnreadableResponseError"),
        (CHAT, 200, "UnreadableResponseError"),
        (b"<html>Sign in</html>", 200, "UnreadableResponseError"),
        (b"", 200, "UnreadableResponseError"),
        (b"[" * 5000, 200, "UnreadableResponseError"),
        ({"error": {"message": "broke", "code": 503}}, 200, "ServerError"),
        ({"error": {"message": "no"}}, 401, "MissingAuthError"),
        ({"error": {"code": "content_policy_violation", "message": "no"}}, 400, "ContentFilterError"),
    ],
)
def test_what_is_no_image_is_an_error(answer, status, kind):
    """Never an empty reply."""
    with _server(answer, status=status) as (base, _), pytest.raises(errors.G4FError) as caught:
        _ask(base, prompt="x")
    assert type(caught.value).__name__ == kind
    assert caught.value.provider == "Mine"
