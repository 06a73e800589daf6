"""Talk to language models from a notebook.

`%load_ext g4f_nb` brings the magics; `import g4f_nb as nb` the functions: `nb.ask`, `nb.ask_async`,
`nb.stream`, `nb.Conversation`, `nb.compare`, `nb.compare_async`, `nb.ChatPanel`, `nb.tool`, `nb.use`,
`nb.resolve`, `nb.register`, `nb.Model`, `nb.FallbackProvider`, `nb.RaceProvider`, `nb.RetryProvider`. Each
loads on first use.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from g4f_nb.afterwards import after_import
from g4f_nb.errors import G4FError as G4FError
from g4f_nb.reply import Reply as Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from g4f_nb.asking import ask as ask
    from g4f_nb.asking import ask_async as ask_async
    from g4f_nb.comparing.entry import compare as compare
    from g4f_nb.comparing.entry import compare_async as compare_async
    from g4f_nb.comparing.keeping import attach as attach
    from g4f_nb.comparing.keeping import purge_store as purge_store
    from g4f_nb.comparing.keeping import runs as runs
    from g4f_nb.comparing.mapping import map_prompts as map_prompts
    from g4f_nb.comparing.pacing import Limits as Limits
    from g4f_nb.conversations.conversation import Conversation as Conversation
    from g4f_nb.conversations.inventory import list_conversations as list_conversations
    from g4f_nb.costs.pricing import price_of as price_of
    from g4f_nb.costs.tokens import context_size as context_size
    from g4f_nb.costs.tokens import estimate_tokens as estimate_tokens
    from g4f_nb.dialogues.plans import ToolLimits as ToolLimits
    from g4f_nb.listings.modeltable import list_models as list_models
    from g4f_nb.listings.modeltable import list_models_async as list_models_async
    from g4f_nb.listings.surveying import list_providers as list_providers
    from g4f_nb.listings.surveying import list_providers_async as list_providers_async
    from g4f_nb.prices import Cost
    from g4f_nb.providers.combined.provider import FallbackProvider as FallbackProvider
    from g4f_nb.providers.combined.provider import RaceProvider as RaceProvider
    from g4f_nb.providers.combined.provider import RetryProvider as RetryProvider
    from g4f_nb.providers.finding.registering import register as register
    from g4f_nb.providers.models.model import Model as Model
    from g4f_nb.providers.registry import resolve as resolve
    from g4f_nb.providers.using import use as use
    from g4f_nb.store import store_info as store_info
    from g4f_nb.streaming import stream as stream
    from g4f_nb.tools import tool as tool
    from g4f_nb.toolservers import mcp_tools as mcp_tools
    from g4f_nb.widgets import ChatPanel as ChatPanel
    from g4f_nb.widgets import ComparePanel as ComparePanel
    from g4f_nb.widgets import KeyPrompt as KeyPrompt
    from g4f_nb.widgets import ModelPicker as ModelPicker

__version__ = "0.1.0"

_HOMES = {
    "ask": "asking",
    "ask_async": "asking",
    "attach": "comparing.keeping",
    "compare": "comparing.entry",
    "compare_async": "comparing.entry",
    "Limits": "comparing.pacing",
    "map_prompts": "comparing.mapping",
    "Conversation": "conversations.conversation",
    "list_conversations": "conversations.inventory",
    "context_size": "costs.tokens",
    "estimate_tokens": "costs.tokens",
    "price_of": "costs.pricing",
    "purge_store": "comparing.keeping",
    "runs": "comparing.keeping",
    "store_info": "store",
    "stream": "streaming",
    "ChatPanel": "widgets",
    "ComparePanel": "widgets",
    "KeyPrompt": "widgets",
    "ModelPicker": "widgets",
    "FallbackProvider": "providers.combined.provider",
    "RaceProvider": "providers.combined.provider",
    "RetryProvider": "providers.combined.provider",
    "Model": "providers.models.model",
    "list_models": "listings.modeltable",
    "list_models_async": "listings.modeltable",
    "list_providers": "listings.surveying",
    "list_providers_async": "listings.surveying",
    "register": "providers.finding.registering",
    "ToolLimits": "dialogues.plans",
    "mcp_tools": "toolservers",
    "resolve": "providers.registry",
    "tool": "tools",
    "use": "providers.using",
}

__all__ = [
    "ChatPanel",
    "ComparePanel",
    "Conversation",
    "FallbackProvider",
    "G4FError",
    "KeyPrompt",
    "Limits",
    "Model",
    "ModelPicker",
    "RaceProvider",
    "Reply",
    "RetryProvider",
    "ToolLimits",
    "ask",
    "ask_async",
    "attach",
    "compare",
    "compare_async",
    "context_size",
    "estimate_tokens",
    "list_conversations",
    "list_models",
    "list_models_async",
    "list_providers",
    "list_providers_async",
    "map_prompts",
    "mcp_tools",
    "price_of",
    "purge_store",
    "register",
    "resolve",
    "runs",
    "store_info",
    "stream",
    "tool",
    "use",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'g4f_nb' has no attribute {name!r}{_meant_by(name)}")
    value = getattr(importlib.import_module(f"g4f_nb.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def _meant_by(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, __all__, n=1, cutoff=0.75)
    return f": did you mean {near[0]!r}?" if near else ""


def _put_on_pandas() -> None:
    import pandas as pd

    on: Any = pd.api.extensions
    # What they do is loaded when somebody uses them. pandas warns of a second registration, and has no other
    # way to ask.
    if "llm" not in getattr(pd.DataFrame, "_accessors", ()):
        on.register_dataframe_accessor("llm")(_frames)
    if "llm" not in getattr(pd.Series, "_accessors", ()):
        on.register_series_accessor("llm")(_columns)


def _frames(frame: Any) -> Any:
    from g4f_nb.accessor import TableMethods

    return TableMethods(frame)


def _columns(series: Any) -> Any:
    from g4f_nb.column_accessor import ColumnMethods

    return ColumnMethods(series)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext g4f_nb`: register `%%chat` and `%chat`."""
    from g4f_nb.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext g4f_nb`: leave the shell as it was."""
    from g4f_nb.magics import unload

    unload(shell)


def _view(reply: Reply) -> dict[str, str]:
    from g4f_nb.showing.bundles import mimebundle

    return mimebundle(reply)


def _extract(text: str, what: str) -> Any:
    from g4f_nb.showing.extracts import extract

    return extract(text, what)


def _costing(reply: Reply) -> Cost | None:
    from g4f_nb.costs.pricing import cost_of

    return cost_of(reply.usage, provider=reply.provider, model=reply.model, url=reply.url, own=reply.price)


def _masking(reply: Reply) -> Callable[[str], str]:
    from g4f_nb.masking import mask_of_calls

    return mask_of_calls(reply.asked_with)


# A reply knows nothing of how it is shown and read; that is given to it from up here.
Reply.view = staticmethod(_view)
Reply.extract = staticmethod(_extract)
Reply.costing = staticmethod(_costing)
Reply.masking = staticmethod(_masking)
# `.llm` on tables and columns, as soon as somebody has pandas; it is not loaded for that.
after_import("pandas", _put_on_pandas)
if "ipykernel" in sys.modules:
    # What else a cell shows is only known to whoever counts from its beginning: the bar of a comparison.
    from g4f_nb.comparing.cellline import watch_cells

    watch_cells()
