"""The servers that all the hostile cases share."""

from __future__ import annotations

import pytest

from .server import Servers


@pytest.fixture(scope="package")
def servers():
    """The thread on which the hostile servers live."""
    servers = Servers()
    yield servers
    servers.close()
