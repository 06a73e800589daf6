"""A login in a real kernel: the link is there while it is waited for, and gone with the answer."""

from __future__ import annotations

import re
import urllib.request

import pytest

pytestmark = pytest.mark.kernel

# The login of a program on the user's machine: the service sends the browser back to an address of ours.
SERVICE = """
import asyncio
import g4f_nb as nb
from g4f_nb.chunks import AuthResult, RequestLogin
from g4f_nb.providers import AsyncAuthedProvider

class Service(AsyncAuthedProvider):
    working = True

    @classmethod
    async def on_auth_async(cls, **kwargs):
        came = asyncio.Event()

        async def back(reader, writer):
            await reader.readline()
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nthanks")
            await writer.drain()
            writer.close()
            came.set()

        async with await asyncio.start_server(back, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            yield RequestLogin("the [service]", f"http://127.0.0.1:{port}/")
            await came.wait()
        yield AuthResult(token="planted-token")

    @classmethod
    async def create_authed(cls, model, messages, auth_result, **kwargs):
        if auth_result.token != "planted-token":
            raise ValueError
        yield "You are in."

def out():
    Service.write_cache_file(Service.get_cache_file())
"""


@pytest.fixture
def service(kernel):
    """The provider in the kernel, with nobody logged in."""
    assert kernel.run("%reload_ext g4f_nb").error is None
    assert kernel.run(SERVICE).error is None
    yield kernel
    assert kernel.run("out()\n%unload_ext g4f_nb").error is None


def _run(kernel, code, *, person=True):
    """Run a cell, following the first link that it shows; give its messages and its reply."""
    sent = kernel._client.execute(code, allow_stdin=person)
    messages, followed = [], False
    while True:
        message = kernel._client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != sent:
            continue
        messages.append((message["msg_type"], message["content"]))
        found = re.search(r"http://127\.0\.0\.1:\d+/", str(message["content"]))
        if found and message["msg_type"] != "execute_input" and not followed:
            followed = True
            with urllib.request.urlopen(found[0], timeout=10) as page:  # noqa: S310  # our own
                assert page.read() == b"thanks"
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    reply = kernel._client.get_shell_msg(timeout=30)
    assert followed
    return messages, reply["content"]


def test_a_cell_shows_the_link_while_it_waits(service):
    """As a link that can be clicked; the finished answer is shown without it."""
    messages, reply = _run(service, "%%chat -m Service\nhello")
    assert reply["status"] == "ok"
    shown = [content["data"] for kind, content in messages if "display" in kind]
    link = re.compile(r"Log in to go on: \[the .*service.*\]\(<?http://127")
    assert any(link.match(one["text/markdown"]) for one in shown)
    assert shown[-1]["text/plain"] == "You are in."
    assert "127.0.0.1" not in shown[-1]["text/markdown"]
    assert "planted" not in str(messages)


def test_a_cell_that_nobody_looks_at_tells_it(service):
    """Where only the finished answer is displayed, the link comes as a line of its own."""
    messages, reply = _run(service, "%%chat -m Service\nhello", person=False)
    assert reply["status"] == "ok"
    assert [kind for kind, _ in messages if "display" in kind] == ["display_data"]
    said = "".join(content["text"] for kind, content in messages if kind == "stream")
    assert said.startswith("g4f_nb: the [service] waits for your login: http://127.0.0.1")


@pytest.mark.parametrize(
    "code",
    [
        "nb.ask('hello', Service).text",
        "(await nb.ask_async('hello', Service)).text",
        "await Service.create_async('', [])",
        "''.join(str(c) for c in Service.create_completion('', []) if print(repr(c)) or 1)",
        "''.join([str(c) async for c in Service.create_async_generator('', []) if print(repr(c)) or 1])",
    ],
)
def test_every_other_call_shows_it_too(service, code):
    """In a line of its own, or in the stream that the cell reads; the login is made once."""
    messages, reply = _run(service, code)
    assert reply["status"] == "ok", reply
    results = [content["data"]["text/plain"] for kind, content in messages if kind == "execute_result"]
    assert results == ["'You are in.'"]
    assert service.run(code.replace("print(repr(c)) or ", "")).value == "'You are in.'"


def test_on_auth_in_a_cell(service):
    """The generator is read synchronously, in the running loop of the kernel."""
    messages, reply = _run(service, "for step in Service.on_auth(): print(repr(step), flush=True)")
    assert reply["status"] == "ok", reply
    said = "".join(content["text"] for kind, content in messages if kind == "stream")
    assert said.endswith("AuthResult(token='***')\n")
