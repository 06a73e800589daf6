"""A magic sees the names that Python would see where it stands: the function's own before the notebook's."""

from __future__ import annotations

import gc
import textwrap
import weakref

import pytest

_HEAD = """
x = "the global"
def said(reply):
    return reply.messages[0]["content"]
"""


@pytest.fixture
def run(asked, shell, server):
    """A way to run code in the notebook; gives what `found` is then."""
    del asked
    shell.run_cell(_HEAD)

    def run(code):
        result = shell.run_cell(textwrap.dedent(code))
        assert result.success, result.error_in_exec
        return shell.user_ns["found"]

    return run


_IN_FUNCTIONS = {
    "a parameter": """
        def ask(x):
            y = %chat -m echo --new say {x}
            return said(y)
        found = [ask("here")]
    """,
    "a variable that no global is called like": """
        def ask():
            city = "here"
            y = %chat -m echo --new say {city}
            return said(y)
        found = [ask()]
    """,
    "a nested function's own": """
        def outer(x):
            def inner(x):
                y = %chat -m echo --new say {x}
                return said(y)
            return inner("here")
        found = [outer("outside")]
    """,
    "one of the function around it": """
        def outer(x):
            def inner():
                y = %chat -m echo --new say {x}
                return said(y)
            return inner()
        found = [outer("here")]
    """,
    "one of the function around it, and not of whoever calls it": """
        def ask(x):
            def inner():
                y = %chat -m echo --new say {x}
                return said(y)
            return between(inner)
        def between(function):
            x = "between"
            return function()
        found = [ask("here")]
    """,
    "a loop's in a function": """
        def ask():
            for x in ["here"]:
                y = %chat -m echo --new say {x}
            return said(y)
        found = [ask()]
    """,
    "a comprehension's": """
        def ask(what):
            chat = lambda line: get_ipython().run_line_magic("chat", line)
            return [said(get_ipython().run_line_magic("chat", "-m echo --new {what} {x}")) for x in ["here"]]
        found = ask("say")
    """,
    "a cell magic's": """
        def ask(x):
            return said(get_ipython().run_cell_magic("chat", "-m echo --new", "say {x}"))
        found = [ask("here")]
    """,
    "a method's": """
        class Asker:
            x = "the class's"
            def ask(self, x):
                y = %chat -m echo --new say {x}
                return said(y)
        found = [Asker().ask("here")]
    """,
    "a loop's of the notebook": """
        for x in ["here"]:
            y = %chat -m echo --new say {x}
        found = [said(y)]
    """,
}


@pytest.mark.parametrize("code", _IN_FUNCTIONS.values(), ids=_IN_FUNCTIONS)
def test_a_value_is_the_one_that_python_would_take(run, code):
    """Never a global of the same name, and never the name itself."""
    assert run(code) == ["say here"]


def test_methods_see_no_names_of_their_class(run):
    """As in Python."""
    code = """
        class Asker:
            x = "the class's"
            def ask(self):
                y = %chat -m echo --new say {x}
                return said(y)
        found = Asker().ask()
    """
    assert run(code) == "say the global"


def test_flags_name_local_things_too(run, server, tmp_path):
    """Models, tools, types, attachments and system prompts."""
    code = """
        def ask():
            own = nb.Model("OpenaiTemplate:upper", api_base=BASE)
            style, notes = "short", "some notes"
            def add(a: int) -> int:
                "Add."
                return a
            y = %chat -m own --new -s 'be {style}' --tool add --yes --attach notes hello
            return y
        found = ask()
    """
    reply = run(code)
    assert reply.model == "upper"
    body = server.requests[-1].body
    assert body["messages"][0]["content"] == "be short"
    assert "some notes" in str(body["messages"][1])
    assert body["tools"][0]["function"]["name"] == "add"


def test_a_schema_may_be_a_local_class(run):
    """The type of a function's own."""
    code = """
        def ask():
            import dataclasses
            Person = dataclasses.make_dataclass("Person", [("name", str)])
            y = %chat -m echo --new --dry-run --schema Person hello
            return y
        found = str(ask())
    """
    assert "Person" in run(code)


def test_out_does_not_miss_a_local_variable(run, shell, server):
    """A function's own variable can be set by nobody else: it is said before anything is sent."""
    before = len(server.requests)
    result = shell.run_cell("def ask():\n    y = None\n    %chat -m echo -o y hi\n    return y\nask()")
    assert "write y = %chat … there" in str(result.error_in_exec)
    assert len(server.requests) == before
    code = "def ask():\n    %chat -m echo -o kept hi\nask()\nfound = kept"
    assert run(code).text


def test_nothing_of_the_function_outlives_it(run, shell):
    """What a magic has seen is let go of with it."""
    code = """
        class Big: pass
        def ask():
            import weakref
            big = Big()
            x = "here"
            %chat -m echo --new --quiet say {x}
            return weakref.ref(big)
        found = ask()
    """
    seen = run(code)
    gc.collect()
    assert isinstance(seen, weakref.ref)
    assert seen() is None


def test_a_question_in_a_question_has_its_own(run):
    """A tool that asks by itself sees its own names, and the first question has its own again."""
    code = """
        inner = []
        def tool(city: str = "") -> str:
            "Weather."
            x = "inside"
            y = %chat -m echo --new -n other --quiet say {x}
            inner.append(said(y))
            return "fine"
        def ask(x):
            y = %chat -m tools --new --tool tool --yes say {x}
            z = %chat -m echo --new say {x}
            return said(z)
        tools = model("tools")
        found = [ask("here"), *inner]
    """
    found = run(code)
    assert found[0] == "say here"
    assert set(found[1:]) <= {"say inside"}
