"""A real Jupyter kernel, spoken to the way a notebook does."""

from __future__ import annotations

import sys

import pytest
from real_kernel import start, user_env

from g4f_nb.testing import serve

PREPARED = """
import asyncio, contextvars, os, threading
import g4f_nb
from g4f_nb import asking
from g4f_nb import loops
from g4f_nb.loops import ownloop
from g4f_nb.providers.openai_template import OpenaiTemplate

def options(model, base, text="one two three four " * 50):
    return dict(model=model, messages=[dict(role="user", content=text)], stream=True, api_base=base)

def go(*given):
    return OpenaiTemplate.create_completion(**options(*given))

def stream(*given):
    return OpenaiTemplate.create_async_generator(**options(*given))

def text(*given):
    return "".join(chunk for chunk in go(*given) if isinstance(chunk, str))

def ask(model, base, text="one two three four " * 50, form=asking.ask):
    return form(text, model, provider=OpenaiTemplate, api_base=base)

def left():
    "How many tasks of ours are still there, on the kernel's loop and on our own."
    def is_ours(task):
        return os.path.dirname(g4f_nb.__file__) in task.get_coro().cr_code.co_filename
    return sum(map(is_ours, asyncio.all_tasks())), len(asyncio.all_tasks(ownloop.own_loop().loop))
"""


@pytest.fixture(scope="session")
def clean_env(tmp_path_factory):
    """The environment of a user without any settings."""
    return user_env(tmp_path_factory.mktemp("home"))


def _start(clean_env):
    kernel = start(clean_env)
    assert kernel.run(PREPARED).error is None
    return kernel


@pytest.fixture(scope="session")
def kernel(clean_env):
    """One kernel for the tests that leave it as it was."""
    kernel = _start(clean_env)
    yield kernel
    kernel.shutdown()


@pytest.fixture
def fresh_kernel(clean_env):
    """A kernel of the test's own."""
    kernel = _start(clean_env)
    yield kernel
    kernel.shutdown()


@pytest.fixture
def server():
    """A server of the test's own."""
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def python():
    """How a script of a user is run; every warning is an error."""
    return [sys.executable, "-W", "error"]
