"""Few prompts say little: it is told in words, beside whatever rests on them."""

from __future__ import annotations

from g4f_nb.notices import tell

# With fewer prompts there are few different things that could have been seen.
_FEW = 10


def tell_if_few(what: str, prompts: int, besides: str) -> None:
    """Say that something rests on few prompts, and what follows from that; nothing where they are many."""
    if prompts >= _FEW:
        return
    count = "1 prompt" if prompts == 1 else f"{prompts} prompts"
    tell(f"{what} on {count}: {besides}", once=False)
