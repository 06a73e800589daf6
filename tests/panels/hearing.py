"""Panels without a browser: what views are told is kept, and views are played."""

from __future__ import annotations

import json
import time

from g4f_nb.panels.rating_panel import RatingPanel
from g4f_nb.widgets import ComparePanel


class Heard:
    """What is told, with times, as a view has it: after JSON, in the order in which it left."""

    def __init__(self, *given, **options):
        self.sent = []
        super().__init__(*given, **options)

    def send(self, content, buffers=None):  # noqa: ARG002  # the signature of ipywidgets
        """Keep a message instead of sending it."""
        self.sent.append((time.monotonic(), json.loads(json.dumps(content))))

    def say(self, **message):
        """Act as a view that says this."""
        self._handle_custom_msg(message, [])

    def of(self, kind):
        """Give the messages of one kind."""
        return [message for _, message in self.sent if message["type"] == kind]

    @property
    def now(self):
        """The last state that was told."""
        return self.of("state")[-1]

    def seen(self):
        """What a view shows, by the side's id: it appends, replaces, and knows nothing else."""
        shown = {}
        for _, message in self.sent:
            steps = message.get("contents") or message.get("sides" if message["type"] == "delta" else "", [])
            for step in [*steps, *filter(None, [message.get("step")])]:
                finished, opened, thoughts = shown.get(step["id"], ("", "", ""))
                if step.get("anew"):
                    finished = opened = thoughts = ""
                if "keep" not in step:
                    opened = ""
                opened = opened[: step.get("keep", 0)] + step["open"]
                finished += "".join(step.get("finished", []))
                shown[step["id"]] = (finished, opened, thoughts + step.get("reasoning", ""))
        return shown


class Comparing(Heard, ComparePanel):
    """A comparing panel that is listened to."""


class Rating(Heard, RatingPanel):
    """A rating panel that is listened to."""
