"""Which module holds each class that has code of its own; whoever adds such a class adds one line here.

A class that belongs to a row of `catalog.toml` is named there, with `module = "…"`, and not here.
"""

from __future__ import annotations

# What providers are made of: importable, but nothing that one could talk to.
PARTS = {
    "BaseProvider": "base",
    "AbstractProvider": "base",
    "AsyncProvider": "base",
    "AsyncGeneratorProvider": "base",
    "AsyncAuthedProvider": "authed.provider",
    "FallbackProvider": "combined.provider",
    "RaceProvider": "combined.provider",
    "RetryProvider": "combined.provider",
    "IterListProvider": "combined.provider",
    "AuthFileMixin": "authed.authfile",
    "ProviderModelMixin": "mixins",
    "RaiseErrorMixin": "mixins",
}

# Providers, in the order of listings; what stands in the catalog comes after the first two.
PROVIDERS = {
    "Demo": "demo",
    "OpenaiTemplate": "openai_template",
    "Berlin": "berlin.provider",
}
# Whoever reads a list looks for a service first; this is for a server that one must have oneself.
LAST = ("Berlin",)
