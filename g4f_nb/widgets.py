"""The widgets, where they are found; what they do is in `panels`."""

from __future__ import annotations

from g4f_nb.panels.chat import ChatPanel
from g4f_nb.panels.comparing_panel import ComparePanel
from g4f_nb.panels.key_prompt import KeyPrompt
from g4f_nb.panels.picker import ModelPicker

__all__ = ["ChatPanel", "ComparePanel", "KeyPrompt", "ModelPicker"]
