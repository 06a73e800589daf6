"""What the package keeps between calls is forgotten between tests: one must not change what another sees.

Connections, loops and what belongs to a folder or a path stay: those are made anew, or are each test's own.
"""

from __future__ import annotations

import sys

from g4f_nb import credentials, key_places, notices, settings, store
from g4f_nb.providers.models import abilities, listing, model
from g4f_nb.providers.services import hosts

# Of modules that many tests never load: what forgets there, or is emptied. Another server may get the port.
_WHERE_LOADED = (
    ("g4f_nb.providers.combined.breakers", "_breakers"),
    ("g4f_nb.providers.failing", "_last"),
    ("g4f_nb.providers.finding.known", "registered"),
    ("g4f_nb.cells.offers", "_asked"),
)
_OF_RUNS = (("g4f_nb.comparing.keeping", "_live"), ("g4f_nb.comparing.keyless", "_used"))


def forget_said() -> None:
    """Which keys were found, typed or sent, and which lines were told."""
    key_places.look_again()
    credentials.forget_typed()
    credentials.forget_sent()
    notices.forget()


def forget_all(*, runs_too: bool) -> None:
    """As another kernel would begin; the runs of this one only where no other test looks at them."""
    forget_said()
    store.close_stores()
    model.set_used(None)
    settings.set_notebook_layer({})
    for kept in (listing._listings, abilities._known, hosts._keyless):
        kept.clear()
    for name, attribute in (*_WHERE_LOADED, *(_OF_RUNS if runs_too else ())):
        if (module := sys.modules.get(name)) is not None:
            getattr(module, attribute).clear()
