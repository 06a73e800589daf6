"""Providers of the user's own: one call, a file, a package; whatever is wrong with one, the others work."""

from __future__ import annotations

import sys
import textwrap

import pytest

import g4f_nb as nb
from g4f_nb import providers
from g4f_nb.errors import (
    InvalidParameterError,
    ProviderNotFoundError,
    ProviderNotWorkingError,
    UnknownParameterError,
)
from g4f_nb.providers import AsyncGeneratorProvider, OpenaiTemplate
from g4f_nb.providers.finding.known import everything, look_up, registered
from g4f_nb.providers.registry import find_provider, ready, resolve
from g4f_nb.testing import serve

BASE = "http://127.0.0.1:1/v1"


class Parrot(AsyncGeneratorProvider):
    """Says it again."""

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):  # noqa: D102
        yield messages[-1]["content"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))


@pytest.fixture
def file(tmp_path):
    """Writes the user's file."""

    def write(text):
        (tmp_path / "providers.toml").write_text(textwrap.dedent(text), encoding="utf-8")

    return write


# ---- nb.register -----------------------------------------------------------------------------------


def test_one_call_makes_a_provider(monkeypatch):
    """By its name it is then called from everywhere; its key goes to it, its default model is used."""
    monkeypatch.setenv("MYBOX_KEY", "planted")
    with serve(api_key="planted") as server:
        cls = nb.register("mybox", api_base=server.api_base, api_key_env="MYBOX_KEY", default_model="upper")
        assert nb.ask("hello", "mybox").text == "HELLO"
        assert nb.ask("hello", "MyBox:echo").text == "hello"
    assert (cls.__name__, cls.row.local, cls.row.needs_auth) == ("Mybox", True, True)
    assert "mybox" in cls.__doc__
    assert providers.Mybox is cls
    assert "Mybox" in dir(providers)
    assert "Mybox" in ready()


def test_its_key_is_looked_for_and_told_like_any_other(monkeypatch):
    """Without it the error names the variable; another host does not get it."""
    nb.register("mybox", api_base="https://mybox.invalid/v1", api_key_env=["MYBOX_KEY", "OTHER"])
    assert "MYBOX_KEY" in repr(resolve("mybox:m"))
    with pytest.raises(nb.G4FError, match=r"Mybox needs a key and none was found.*MYBOX_KEY"):
        nb.ask("hello", "mybox:m")
    monkeypatch.setenv("OTHER", "planted")
    assert resolve("mybox:m").key == "the environment variable OTHER"
    assert resolve("mybox:m", api_base=BASE).key is None


def test_everything_a_row_may_say_can_be_given():
    """And is checked like a row."""
    cls = nb.register("mybox", api_base=BASE, drop=["seed"], rename={"max_tokens": "n"}, label="My box")
    assert (cls.label, cls.row.drop, cls.row.rename) == ("My box", ("seed",), {"max_tokens": "n"})
    with pytest.raises(
        InvalidParameterError, match=r"nb.register\('mybox'\) has the key 'api_bse'.*'api_base'"
    ):
        nb.register("mybox", api_bse=BASE)
    with pytest.raises(InvalidParameterError, match="has no address: give api_base"):
        nb.register("mybox")
    with pytest.raises(InvalidParameterError, match="a class of your own is given to"):
        nb.register("mybox", api_base=BASE, module="demo")
    with pytest.raises(InvalidParameterError, match="did you mean 'api_key_env'") as caught:
        nb.register("mybox", api_base=BASE, api_key="planted")
    assert "planted" not in str(caught.value)


def test_an_address_in_the_place_of_a_class_is_told():
    """With what to write instead, without a password; and a class whose name stands in quotes."""
    with pytest.raises(InvalidParameterError, match=r"nb.register\('mine', api_base='http://mine:1/v1'\)"):
        nb.register("mine", "http://mine:1/v1")
    with pytest.raises(InvalidParameterError, match="api_base=") as caught:
        nb.register("mine", "http://me:planted@mine:1/v1?key=planted")
    assert "planted" not in str(caught.value)
    with pytest.raises(InvalidParameterError, match="a class of your own stands there without quotes"):
        nb.register("mine", "Parrot")


def test_a_class_gets_a_name():
    """Its own stays known, too, so that what a listing shows can be written."""
    assert nb.register("polly", Parrot) is Parrot
    assert nb.ask("hello", "polly").text == "hello"
    assert find_provider("Parrot") is Parrot
    with pytest.raises(UnknownParameterError, match="say api_base= on the class Parrot itself"):
        nb.register("polly", Parrot, api_base=BASE)
    with pytest.raises(InvalidParameterError, match="is no provider class"):
        nb.register("polly", int)
    with pytest.raises(InvalidParameterError, match="name is letters"):
        nb.register("po:lly", Parrot)
    own = type("Own", (OpenaiTemplate,), {"api_base": BASE})
    nb.register("own", own)
    assert look_up("own").row is None, "the template's row is not this class's"


def test_the_same_name_again_replaces_it():
    """A cell is run more than once."""
    first = nb.register("mybox", api_base=BASE)
    second = nb.register("my-box", api_base=f"{BASE}/2")
    assert find_provider("mybox") is second is not first
    assert [known.short for known in everything() if known.source == "this session"] == ["my-box"]


@pytest.mark.parametrize("name", ["groq", "GROQ", "open-ai", "demo", "inFile"])
def test_a_name_that_is_taken_is_refused(name, file):
    """With whose it is; and a class whose own name is taken."""
    file(f"[infile]\napi_base = '{BASE}'")
    with pytest.raises(InvalidParameterError, match=r"belongs to \w+ of .*: choose another"):
        nb.register(name, api_base=BASE)
    with pytest.raises(InvalidParameterError, match="'Groq' belongs to Groq of g4f_nb"):
        nb.register("mine", type("Groq", (Parrot,), {}))
    assert not registered


# ---- the file --------------------------------------------------------------------------------------


def test_the_file_s_tables_are_providers(file, monkeypatch):
    """With the keys of the catalog; they can be named, imported and listed."""
    monkeypatch.setenv("MYBOX_KEY", "planted")
    with serve(api_key="planted") as server:
        file(f"""
            [my-box]
            label = "My box"
            api_base = "{server.api_base}"
            api_key_env = "MYBOX_KEY"
            default_model = "upper"
        """)
        assert nb.ask("hello", "my-box").text == "HELLO"
        assert nb.ask("hello", "mybox:echo").text == "hello"
    from g4f_nb.providers import MyBox

    assert MyBox is find_provider("MyBox")
    assert (MyBox.label, MyBox.row.dedicated) == ("My box", False)
    assert "MyBox" in ready()


def test_the_file_is_read_anew_when_it_changes(file):
    """And its classes stay the same until then."""
    file(f"[mybox]\napi_base = '{BASE}'")
    first = find_provider("mybox")
    assert find_provider("mybox") is first
    file(f"[mybox]\napi_base = '{BASE}/other'")
    assert find_provider("mybox").api_base == f"{BASE}/other"
    file("")
    with pytest.raises(ProviderNotFoundError):
        find_provider("mybox")


def test_a_bad_table_spoils_no_other(file, tmp_path):
    """It is told with file and key, by whoever calls for it."""
    file(f"""
        [bad]
        api_bse = "{BASE}"
        [worse]
        api_base = 7
        [groq]
        api_base = "{BASE}"
        [good]
        api_base = "{BASE}"
    """)
    assert find_provider("good").api_base == BASE
    assert find_provider("groq").api_base == "https://api.groq.com/openai/v1"
    path = str(tmp_path / "providers.toml")
    for name, told in [("bad", "'api_bse'"), ("worse", "api_base is 7")]:
        with pytest.raises(InvalidParameterError) as caught:
            nb.ask("hello", f"{name}:m")
        assert path in str(caught.value)
        assert f"[{name}]" in str(caught.value)
        assert told in str(caught.value)
    faults = {known.name: known.fault for known in everything() if known.fault}
    assert set(faults) == {"bad", "worse", "Groq"}
    assert "the name 'groq' belongs to Groq of g4f_nb: choose another" in faults["Groq"]


def test_a_file_that_cannot_be_read_is_told_where_it_matters(file, tmp_path):
    """To who names something unknown; the package's providers do not need it."""
    file("[mybox\napi_base = 1")
    assert find_provider("groq")
    with pytest.raises(
        ProviderNotFoundError, match=r"providers.toml cannot be read .*: mend it or delete it"
    ):
        find_provider("mybox")
    (tmp_path / "providers.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProviderNotFoundError, match="cannot be read"):
        find_provider("mybox")


def test_the_package_s_providers_need_no_file(tmp_path, monkeypatch):
    """It is not even looked at for them."""
    monkeypatch.setattr("g4f_nb.providers.finding.known.in_own_file", lambda: pytest.fail("read"))
    assert find_provider("groq")
    assert providers.OpenaiTemplate


# ---- other packages --------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Installs a small package that brings providers."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def install(points, code, name="nbbox"):
        (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[g4f_nb.providers]\n{points}\n")

    yield install
    sys.modules.pop("nbbox", None)


CODE = """
    from g4f_nb.providers import AsyncGeneratorProvider

    class Box(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            yield "from the box"

    number = 7
"""


def test_a_package_s_provider_is_imported_when_it_is_named(package):
    """Not when names are looked up or listed."""
    with pytest.raises(ProviderNotFoundError):
        find_provider("box")
    package("box = nbbox:Box", CODE)
    assert "box" in [known.name for known in everything()]
    assert "nbbox" not in sys.modules
    assert nb.ask("hello", "box:m").text == "from the box"
    assert "nbbox" in sys.modules
    assert look_up("Box").source == "the package nbbox"


def test_a_broken_package_is_reported_and_nothing_more(package):
    """By whoever names its provider."""
    package("broken = nbbox:Box\nnumber = nbbox:number", "raise ImportError('no such thing')")
    assert "broken" in [known.name for known in everything()]
    assert find_provider("groq")
    with pytest.raises(
        ProviderNotWorkingError, match=r"of the package nbbox cannot be loaded \(ImportError: no"
    ):
        nb.ask("hello", "broken:m")
    with pytest.raises(ProviderNotWorkingError, match="update or uninstall nbbox"):
        find_provider("number")


def test_a_package_s_value_that_is_no_class(package):
    """It is told as what it is."""
    package("number = nbbox:number", CODE)
    with pytest.raises(ProviderNotWorkingError, match="nbbox:number is no provider class"):
        find_provider("number")


def test_a_package_cannot_take_a_name(package):
    """Neither the package's own nor one that the user gave."""
    nb.register("mine", Parrot)
    package("Groq = nbbox:Box\nmine = nbbox:Box", CODE)
    assert find_provider("groq").__module__ == "g4f_nb.providers"
    assert find_provider("mine") is Parrot
    told = [known.fault for known in everything() if known.fault]
    assert any("the package nbbox: the name 'Groq' belongs to Groq of g4f_nb" in fault for fault in told)


# ---- typos -----------------------------------------------------------------------------------------


def test_a_typo_is_told_with_the_nearest_names(file):
    """The user's own among them."""
    file(f"[mybox]\napi_base = '{BASE}'\n[mybook]\napi_base = '{BASE}'")
    with pytest.raises(ProviderNotFoundError, match="did you mean 'Mybook' or 'Mybox'"):
        find_provider("mybok")
