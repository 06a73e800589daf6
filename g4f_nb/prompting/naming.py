"""Which names are the user's, and what kind of thing stands behind each."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sized
from typing import Any

from g4f_nb.errors import G4FError

# The name of the last error; a variable of the user's of that name goes before it.
LAST_ERROR = "last_error"
# What IPython keeps with an underscore that a user means: the last results.
_RESULTS = re.compile(r"_{1,3}|_\d+")
_IPYTHONS = re.compile(r"__\w+__|_i{1,3}|_i\d+|_ih|_oh|_dh|_exit_code")
# Put into every namespace by IPython; under a value of the user's own they are the user's.
GIVEN = frozenset({"exit", "quit", "get_ipython", "open"})
# The history of a session: to be read, and not to be set.
HISTORY = frozenset({"In", "Out"})
_LONGEST_KIND = 60
_NAME_OF_CLASS = type.__dict__["__name__"].__get__
TIMES = "\N{MULTIPLICATION SIGN}"


def is_users(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a user means a variable by this name: it is there, and it is not IPython's or Python's own."""
    if name not in namespace:
        return False
    if name in GIVEN:
        value = namespace[name]
        home = getattr(value, "__module__", None) or type(value).__module__
        return not str(home).startswith(("IPython", "ipykernel", "_io", "io"))
    return _RESULTS.fullmatch(name) is not None or _IPYTHONS.fullmatch(name) is None


def users_names(namespace: Mapping[str, Any]) -> Iterator[str]:
    """Every variable of the user's that one would name, sorted; results and `_hidden` ones are left out."""
    for name in sorted(filter(_is_text, list(namespace)), key=str.lower):
        if not name.startswith("_") and name not in HISTORY and is_users(name, namespace):
            yield name


def is_users_error(error: BaseException) -> bool:
    """Whether a user would ask about this error: not about that of a question which could not be asked."""
    kind = type(error)
    ours = isinstance(error, G4FError) or kind.__module__.partition(".")[0] == "g4f_nb"
    return not ours and kind.__name__ != "UsageError"


def normal(name: str) -> str:
    """A name as Python reads it: letters that look different may be the same name."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def kind_of(value: Any) -> str:
    """What a value is, in a word or two: `DataFrame 150 by 5`, `list of 3`, `function`."""
    try:
        return _kind_of(value)[:_LONGEST_KIND]
    except (Exception, SystemExit):  # noqa: BLE001  # a user's own class may raise anything when it is looked at
        return class_name(value)


def class_name(value: Any) -> str:
    """The name of a value's class, also where the class of that class would raise for whoever asks."""
    return str(_NAME_OF_CLASS(type(value)))


def shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of a table or an array, `None` of everything else; nothing is computed for it."""
    try:
        shape = getattr(value, "shape", None)
        # A tensor's is a tuple of a class of its own; of a lazy table, a part of it is a promise.
        if isinstance(shape, tuple) and all(isinstance(side, int) for side in shape):
            return tuple(int(side) for side in shape)
    except (Exception, SystemExit):  # noqa: BLE001  # the same
        return None
    return None


def home_of(value: Any) -> str:
    """The package that a value's class is from: `pandas`, `numpy`, `builtins`."""
    return str(type(value).__module__).partition(".")[0]


def is_a(value: Any, package: str, name: str) -> bool:
    """Whether a value is of this class of this package, which is not loaded for the question."""
    if package not in sys.modules:
        return False
    return any(
        kind.__name__ == name and str(kind.__module__).partition(".")[0] == package
        for kind in type(value).__mro__
    )


def _kind_of(value: Any) -> str:  # noqa: PLR0911  # one a kind
    name = type(value).__name__
    if isinstance(value, type):
        return "class"
    if name in ("function", "builtin_function_or_method", "method"):
        return "function"
    if name == "module":
        return "module"
    if isinstance(value, str):
        return f"text of {len(value):,} characters" if len(value) > _LONGEST_KIND else "text"
    shape = shape_of(value)
    if shape is not None and not isinstance(value, type):
        return f"{name} {TIMES.join(map(str, shape))}" if shape else name
    if is_a(value, "matplotlib", "Figure"):
        return "figure"
    if is_a(value, "PIL", "Image"):
        return f"image {value.width}{TIMES}{value.height}"
    if isinstance(value, bytes | bytearray | dict | list | tuple | set | frozenset) and isinstance(
        value, Sized
    ):
        return f"{name} of {len(value):,}"
    return name


def _is_text(name: object) -> bool:
    return isinstance(name, str)
