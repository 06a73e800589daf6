"""Whatever a server does, a call gives the right text or one clear error, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import time

import pytest
from thorough import THOROUGH, some

from g4f_nb import errors, loops
from g4f_nb.loops import ownloop
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.reply import Reply

from . import answers, certificates, coding, dialects, framing, shapes, timing
from .asking import ASKED, arguments, as_text, check
from .playing import Games

pytestmark = pytest.mark.clock

FAMILIES = [framing, coding, timing, answers, certificates, shapes, dialects]
CASES = [case for family in FAMILIES for case in family.CASES]
# Each case streamed or whole by turns, where not both are asked for.
MODES = [some(case.modes, of=2, but=number) for number, case in enumerate(CASES)]
RUNS = [
    pytest.param(case, mode, id=f"{case.id}-{mode}")
    for case, modes in zip(CASES, MODES, strict=True) for mode in modes
]  # fmt: skip
PLAIN = [case for case in CASES if not case.certificate and case.scheme == "http"]


@pytest.fixture(scope="package")
def games(request):
    """Where cases are played a few at a time."""
    items = request.session.items
    with Games([_run_of(item) for item in items], {item: place for place, item in enumerate(items)}) as games:
        yield games


@pytest.fixture
def played(request, games):
    """What comes of this test's case; those of the next tests are under way meanwhile."""
    return games.of(request.node)


def _run_of(item):
    if "played" not in item.fixturenames:
        return None
    return item.callspec.params["case"], item.callspec.params["mode"]


def test_there_are_enough():
    """At least 480 behaviours, each with a name of its own and a promise in one sentence."""
    assert len(CASES) >= 480
    assert len({case.id for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.promise.endswith(".")


@pytest.mark.parametrize(("case", "mode"), RUNS)
def test_a_hostile_server(case, mode, played):
    """The case's own promise; afterwards no task, no connection, and the session is as good as before."""
    played.result()


@pytest.mark.parametrize("door", ["own", "caller"])
@pytest.mark.parametrize("case", PLAIN[:: 7 if THOROUGH else 14], ids=lambda case: case.id)
def test_a_hostile_server_at_both_doors(case, door, servers):
    """A synchronous call has the same outcome at both doors, and leaves no task behind."""

    def ask():
        reply = Reply()
        try:
            for chunk in OpenaiTemplate.create_completion("m", ASKED, **arguments(case, host, "stream")):
                reply.add(chunk)
        except errors.G4FError as error:
            return error
        return as_text(reply)

    async def beside_a_loop():
        assert loops.choose_door().name == "caller"
        outcome = ask()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return outcome

    with servers.serve(case.answers) as host:
        outcome = ask() if door == "own" else asyncio.run(beside_a_loop())
        check(case, outcome, host)
    end = time.monotonic() + 2
    while asyncio.all_tasks(ownloop.own_loop().loop) and time.monotonic() < end:
        time.sleep(0.01)  # another thread's loop ends what was cancelled in its next turn
    assert not asyncio.all_tasks(ownloop.own_loop().loop)
