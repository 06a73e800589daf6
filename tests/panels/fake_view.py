"""A view without a browser: it follows the messages as the front end does, and knows what it missed."""

from __future__ import annotations

import json
import time

from g4f_nb.widgets import ChatPanel


class FakeView:
    """What one view of a chat panel shows."""

    def __init__(self, name="v"):
        self.name, self.v, self.order, self.items, self.live = name, 0, [], {}, None
        self.room, self.lost = {}, 0

    def receive(self, message):
        """Take a message in; one that does not fit on is counted in `lost`."""
        if message.get("view") not in (None, self.name):
            return
        if message["type"] == "state":
            self._state(message)
        elif message["type"] == "delta" and self.live and message["request"] == self.live["request"]:
            self._delta(message)

    def _state(self, message):
        if not message.get("view") and message["v"] != self.v + 1:
            self.lost += message["v"] > self.v
            return
        self.v = message["v"]
        if message.get("view"):
            self.items = {}
        self.items |= message["items"]
        self.order = message["order"]
        self.room = message.get("room", self.room)
        if self.live and message.get("over") == self.live["request"]:
            item = self.items.get(message.get("became"))
            shown = "".join(self.live["finished"]) + self.live["open"]
            if item is not None and "there" in item:
                self.lost += item.pop("there") != len(shown.encode("utf-16-le")) // 2
                item["html"] = shown
                item["reasoning"] = self.live["reasoning"]
            self.live = None
        if "live" in message:
            self.live = message["live"]
        assert set(self.order) <= set(self.items)

    def _delta(self, message):
        live = self.live
        if message["n"] != live["n"] + 1:
            self.lost += message["n"] > live["n"]
            return
        live["n"] = message["n"]
        live["finished"] = live["finished"] + message.get("finished", [])
        before = live["open"].encode("utf-16-le")[: 2 * message.get("keep", 0)].decode("utf-16-le")
        live["open"] = before + message["open"]
        live["reasoning"] += message.get("reasoning", "")
        live["calls"] = message.get("calls", live["calls"])

    @property
    def shown(self):
        """The settled items in order."""
        return [self.items[key] for key in self.order]


class Recorded(ChatPanel):
    """A panel whose messages are kept with their times, in the order in which they left; one view follows."""

    def __init__(self, *args, **options):
        self.sent, self.view = [], FakeView()
        super().__init__(*args, **options)
        self.say(type="hello", view="v")
        self.sent.clear()

    def send(self, content, buffers=None):
        """Keep a message instead of sending it, with its buffers."""
        # Through JSON: what could not travel shall fail here.
        text = json.dumps(content)
        self.sent.append((time.monotonic(), json.loads(text)))
        self.buffers = list(buffers or [])
        self.view.receive(json.loads(text))

    def say(self, buffers=(), **message):
        """Act as if a view had sent a message."""
        self._handle_custom_msg(message, [memoryview(each) for each in buffers])

    def of(self, kind, **fields):
        """Give the messages of one kind, with these fields."""
        return [m for _, m in list(self.sent) if m["type"] == kind and fields.items() <= m.items()]

    @property
    def items(self):
        """What the view shows of the settled turns."""
        return self.view.shown

    @property
    def roles(self):
        """What there is of each turn: its question, an answer, an error."""
        found = []
        for item in self.items:
            found += ["user"] + ["assistant"] * ("text" in item) + ["error"] * ("error" in item)
        return found
