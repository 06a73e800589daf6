"""What waits for another package: it is done when that has been loaded, and the package notices nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

LLM = "print(pd.DataFrame({'a': [1]}).llm is not None, pd.Series([1]).llm is not None)"


def _run(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "first", ["import g4f_nb; import pandas as pd", "import pandas as pd; import g4f_nb"]
)
def test_tables_have_llm_in_whatever_order_one_imports(first):
    """The order of two imports makes no difference."""
    assert _run(f"{first}\n{LLM}") == "True True"


def test_a_result_has_llm_although_nobody_imported_pandas():
    """`import g4f_nb` and `nb.compare` are enough for `.llm` on what comes back."""
    code = "import g4f_nb as nb; r = nb.compare('hi', 'Demo', progress=False); print(len(r.llm.wide()))"
    assert _run(code) == "1"


def test_the_package_notices_nothing():
    """Nothing is left in the way of imports, and the loader is the one that it would have been."""
    code = (
        "import sys\nbefore = list(sys.meta_path)\nimport g4f_nb\n"
        "assert len(sys.meta_path) == len(before) + 1\n"
        "import pandas, importlib.resources\nassert sys.meta_path == before\n"
        "loader = pandas.__spec__.loader\nassert 'exec_module' not in vars(loader)\n"
        "print(type(loader).__name__, importlib.resources.files('pandas').joinpath('__init__.py').is_file())"
    )
    assert _run(code) == "SourceFileLoader True"


def test_loading_the_module_anew_waits_once():
    """As `%reload_ext` does; and two that wait for the same package are both told."""
    code = (
        "import sys, importlib\nbefore = len(sys.meta_path)\nimport g4f_nb\n"
        "importlib.reload(g4f_nb)\nimportlib.reload(g4f_nb)\n"
        "assert len(sys.meta_path) == before + 1\n"
        "from g4f_nb.afterwards import after_import\n"
        "def told():\n    print('told')\n"
        "after_import('pandas', told)\nimport pandas as pd\n"
        "assert len(sys.meta_path) == before and 'exec_module' not in vars(pd.__spec__.loader)\n" + LLM
    )
    assert _run(code).split("\n") == ["told", "True True"]


def test_a_package_that_is_not_there_is_still_not_there():
    """Its import fails as it would have, and the next one, too; a look without loading does not count."""
    code = (
        "from g4f_nb.afterwards import after_import\nimport importlib.util\ncalls = []\n"
        "after_import('nowhere', lambda: calls.append(1))\n"
        "for _ in range(2):\n"
        "    try:\n        import nowhere\n"
        "    except ModuleNotFoundError as error:\n        print(error.name)\n"
        "after_import('colorsys', lambda: calls.append(2))\n"
        "importlib.util.find_spec('colorsys')\nassert not calls\nimport colorsys\nprint(calls)"
    )
    assert _run(code).split("\n") == ["nowhere", "nowhere", "[2]"]


def test_a_loader_may_be_run_a_second_time():
    """Some tools make the module of a spec twice; that is no fault of theirs."""
    code = (
        "from g4f_nb.afterwards import after_import\nfrom importlib.util import find_spec, module_from_spec\n"
        "after_import('colorsys', lambda: None)\nspec = find_spec('colorsys')\n"
        "run = spec.loader.exec_module\n"
        "for _ in range(2):\n    module = module_from_spec(spec)\n    run(module)\n    print(module.__name__)"
    )
    assert _run(code).split("\n") == ["colorsys", "colorsys"]
