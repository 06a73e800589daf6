"""All that a user, a report, a log or another process may see of an error or a value."""

from __future__ import annotations

import copy
import pickle
import pprint
import reprlib
import traceback
from pathlib import Path

from planting import SPELLINGS
from rich.pretty import pretty_repr
from rich.traceback import Traceback

_TESTS = str(Path(__file__).parent.parent)


def leaks(*texts):
    """The surroundings of each planted key that is found in these texts, however it is spelt."""
    found = []
    for text in texts:
        for spelling in SPELLINGS:
            at = text.find(spelling)
            if at >= 0:
                found.append(text[max(0, at - 200) : at + 60])
    return found


def chain(error):
    """The error, its causes and contexts, and what is in it if it is a group."""
    seen, todo = [], [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in seen:
            seen.append(one)
            todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return seen


def shown_of_error(error):
    """Texts, attributes, a pickle, and tracebacks with the locals of every frame but the tests' own."""
    texts = [repr(pickle.dumps(error)), repr(copy.copy(error)), _rich(error)]
    for one in chain(error):
        texts += [str(one), repr(one), repr(vars(one)), repr(one.args), repr(getattr(one, "__notes__", ()))]
        summary = traceback.TracebackException(type(one), one, _beneath_tests(one), capture_locals=True)
        texts += [
            f"{frame.filename} {frame.name}: {frame.locals}"
            for frame in summary.stack
            if not frame.filename.startswith(_TESTS)
        ]
    return texts


def shown_of_value(value):
    """Every usual way of printing it, its parts, a copy, and a pickle if it can be one."""
    texts = [
        repr(value),
        str(value),
        f"{value}",
        pretty_repr(value),
        pprint.pformat(value),
        reprlib.repr(value),
    ]
    texts += [repr(copy.copy(value)), repr(copy.deepcopy(value))]
    if hasattr(value, "_repr_html_"):
        texts.append(str(value._repr_html_()))
    if hasattr(value, "_repr_mimebundle_"):
        texts.append(repr(value._repr_mimebundle_()))
    parts = getattr(value, "__dict__", None) or {
        name: getattr(value, name)
        for kind in type(value).__mro__
        for name in getattr(kind, "__slots__", ())
        if hasattr(value, name)
    }
    texts.append(repr(parts))
    texts += [f"{part} {part!r}" for part in parts.values()]
    try:
        texts.append(repr(pickle.dumps(value)))
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        texts.append(str(error))
    return texts


def _beneath_tests(error):
    """Its traceback from the first frame that is no test's: theirs hold whole servers."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_TESTS):
        trace = trace.tb_next
    return trace


def _rich(error):
    """The locals as rich would show them, which looks into containers."""
    trace = Traceback.extract(
        type(error),
        error,
        _beneath_tests(error),
        show_locals=True,
        locals_max_length=None,
        locals_max_string=None,
    )
    return "\n".join(
        f"{frame.filename} {frame.name} {name}: {node}"
        for stack in trace.stacks
        for frame in stack.frames
        if not frame.filename.startswith(_TESTS)
        for name, node in (frame.locals or {}).items()
    )
