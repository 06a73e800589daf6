"""What answers cost is looked up once a model in a run, and not for each of thousands of answers."""

from __future__ import annotations

import g4f_nb as nb
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.finding import known


class Quick(AsyncGeneratorProvider):
    """A provider of the user's own, of which no table knows a price."""

    working = True
    url = None
    supports_message_history = True

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        """Say it at once."""
        yield "said"


def test_the_disk_is_not_asked_for_each_answer(monkeypatch):
    """However many answers there are, prices and providers are looked for a fixed number of times."""
    looked = []
    monkeypatch.setattr(known, "from_packages", _counted(known.from_packages, looked))
    nb.compare([str(n) for n in range(5)], Quick, cache="off", progress=False)
    few = len(looked)
    looked.clear()
    nb.compare([str(n) for n in range(100)], Quick, cache="off", progress=False)
    assert len(looked) <= few + 2


def _counted(function, calls):
    def counted(*args):
        calls.append(args)
        return function(*args)

    return counted
