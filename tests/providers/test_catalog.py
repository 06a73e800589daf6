"""The catalog: every row is an importable class, and whatever lists them is current."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import g4f_nb.providers
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.providers.__main__ import main, stub, table
from g4f_nb.providers.catalog import catalog
from g4f_nb.providers.finding import homes
from g4f_nb.providers.registry import provider_names
from g4f_nb.providers.services.rows import rows

README = Path(__file__).resolve().parents[2] / "README.md"
STUB = Path(g4f_nb.providers.__file__).with_suffix(".pyi")


def test_the_stub_is_current(capsys):
    """What type checkers see is what `python -m g4f_nb.providers --stub` prints."""
    assert STUB.read_text(encoding="utf-8") == stub()
    tree = ast.parse(stub())
    told = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    told |= {
        each.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names
    }
    assert told == set(dir(g4f_nb.providers)) == set(catalog()) | set(homes.PARTS) | set(homes.PROVIDERS)
    assert main(["--stub"]) == 0
    assert capsys.readouterr().out == stub()


def test_the_readme_s_table_is_current():
    """It is what `dev.py table` makes of the catalog."""
    found = README.read_text(encoding="utf-8").partition("<!-- dev.py table -->\n")[2]
    assert found.partition("<!-- end of table -->")[0] == table()


def test_the_table_names_every_row(capsys):
    """With what one writes, the class and the variables of the key."""
    assert main([]) == 0
    assert capsys.readouterr().out == table()
    for name, row in rows().items():
        (line,) = [line for line in table().splitlines() if f"`{name}:…`" in line]
        assert row.label in line
        assert f"`{row.class_name}`" in line
        assert all(f"`{key}`" in line for key in row.api_key_env)
        assert row.checked == ("not verified" not in line)


@pytest.mark.parametrize("name", list(rows()))
def test_every_row_is_an_importable_class(name):
    """With the row's data, which says where it goes and what is not verified."""
    row = rows()[name]
    cls = getattr(g4f_nb.providers, row.class_name)
    assert cls is catalog()[row.class_name]
    assert (cls.__name__, cls.row, cls.label, cls.api_base) == (row.class_name, row, row.label, row.api_base)
    assert cls.label in cls.__doc__
    assert row.checked == ("Not verified" not in cls.__doc__)
    assert cls.row.needs_auth <= bool(cls.row.api_key_env)
    if not row.module:
        assert issubclass(cls, OpenaiTemplate)
        assert cls.__module__ == "g4f_nb.providers"


@pytest.mark.parametrize("name", ["Nobody", "_private", "groq"])
def test_what_is_no_provider_is_no_attribute(name):
    """A wrong import fails as it does everywhere."""
    with pytest.raises(AttributeError, match=name):
        getattr(g4f_nb.providers, name)


def test_services_come_before_a_server_of_one_s_own():
    """Demo and the template first, Berlin last: its public server is gone."""
    names = provider_names()
    assert names[:3] == ["Demo", "OpenaiTemplate", "OpenAI"]
    assert names[-1] == "Berlin"
