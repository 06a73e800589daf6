"""What all the hostile cases share: the servers, and less patience than usual."""

from __future__ import annotations

import pytest

from g4f_nb.wire import answer

from .server import Servers


@pytest.fixture(scope="package", autouse=True)
def _impatient():
    """Signs of life are borne for three silences: long ones that no busy machine mistakes, and soon over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer, "_PATIENCE", 3)
        yield


@pytest.fixture(scope="package")
def servers():
    """The thread on which the hostile servers live."""
    servers = Servers()
    yield servers
    servers.close()
