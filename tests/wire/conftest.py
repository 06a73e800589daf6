"""What tests of the wire share."""

from __future__ import annotations

import pytest

from g4f_nb.wire import onepiece


@pytest.fixture(params=["in one piece", "by aiohttp"])
def either_way(request, monkeypatch):
    """Whichever way small requests take: with an aiohttp that is not known all of them take its own."""
    ours = request.param == "in one piece"
    if ours and onepiece._whole is None:
        pytest.skip("this aiohttp is not known")
    if not ours:
        monkeypatch.setattr(onepiece, "_whole", None)
