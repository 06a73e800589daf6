"""What the package keeps between calls is forgotten between tests: one must not change what another sees.

Connections, loops and what belongs to a folder or a path stay: those are made anew, or are each test's own.
"""

from __future__ import annotations

import sys
from operator import attrgetter

from g4f_nb import credentials, key_places, notices, settings, store
from g4f_nb.providers.models import model

# What is emptied, where its module is loaded: another server may get the port.
_EMPTIED = (
    ("g4f_nb.providers.models.listing", "_listings"),
    ("g4f_nb.providers.models.abilities", "_known"),
    ("g4f_nb.providers.models.suggesting", "_not_before"),
    ("g4f_nb.providers.services.hosts", "_keyless"),
    ("g4f_nb.providers.combined.breakers", "_breakers"),
    ("g4f_nb.providers.failing", "_last"),
    ("g4f_nb.providers.finding.known", "registered"),
    ("g4f_nb.providers.gigachat.oauth", "_tokens._kept"),
    ("g4f_nb.providers.berlin.provider", "_tokens._kept"),
    ("g4f_nb.cells.offers", "_asked"),
)
_OF_RUNS = (("g4f_nb.comparing.keeping", "_live"), ("g4f_nb.comparing.keyless", "_used"))
FORGOTTEN = {name for name, _ in (*_EMPTIED, *_OF_RUNS)} | {
    each.__name__ for each in (credentials, key_places, model, notices, settings, store)
}
# Whose memories are another test's in no way, each with the reason.
STAYING = {
    "g4f_nb.providers.authed.logins": "by the path of a file, which is each test's own",
    "g4f_nb.providers.sending.lanes": "who is inside just now; whoever is not in use is as good as new",
    "g4f_nb.wire.http": "a memo of what is only computed",
}


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
    for name, attribute in (*_EMPTIED, *(_OF_RUNS if runs_too else ())):
        if (module := sys.modules.get(name)) is not None:
            attrgetter(attribute)(module).clear()
