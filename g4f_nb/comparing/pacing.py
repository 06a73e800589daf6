"""How fast one service may be asked: its own limits, and what its refusals teach.

Pure: it is told the time and asked how long to wait. Requests in flight grow quickly until the first refusal
(429), which halves them. A refusal that comes after so many answers teaches that number: from then on, once
as many were sent, one request alone tries the ice before the others follow.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass

from g4f_nb.errors import short

_MINUTE = 60.0
# In flight at first, and by how much each answer adds to that before and after the first refusal.
_FIRST = 8.0
_GROWTH = 0.5
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
# A pause that was long enough is shortened a little next time, for it may have been longer than needed.
_SHORTER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one model of a comparison allows: requests and tokens a minute, requests at a time."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        from g4f_nb.errors import InvalidParameterError

        for name in ("rpm", "tpm", "concurrency"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise InvalidParameterError(
                    f"{name} is {short(value)}: it must be a whole number from 1, or None"
                )


@dataclass(slots=True)
class Ticket:
    """One request that was let in."""

    at: float
    tokens: int


class Pace:
    """Decides for one lane when the next request may go."""

    def __init__(self, limits: Limits, most: int) -> None:
        self.inside = 0
        self._limits = limits
        self._most = min(most, limits.concurrency or most)
        self._allowance = min(_FIRST, float(self._most))
        self._refused_before = False
        self._sent: deque[Ticket] = deque()
        self._tokens = 0
        # Of the stretch since the last pause: how many were sent and how many answered.
        self._since_sent = 0
        self._since_passed = 0
        self._quota: int | None = None
        self._over = 0
        self._paused_at = -math.inf
        self._paused_until = -math.inf
        self._pause = _FIRST_PAUSE
        self._learned: float | None = None
        self._trouble_began: float | None = None

    def allowed(self) -> int:
        """How many may be in flight now."""
        if self._quota is not None and self._since_sent >= self._quota:
            return 1
        return max(1, int(self._allowance))

    def wait(self, now: float, tokens: int = 0) -> float:
        """Seconds until one more may be sent; 0 is now, infinite is "when one of those in flight is done"."""
        if now < self._paused_until:
            return self._paused_until - now
        if self.inside >= self.allowed():
            return math.inf
        return self._until_limits_allow(now, tokens)

    def start(self, now: float, tokens: int = 0) -> Ticket:
        """One more is sent, with about so many tokens."""
        ticket = Ticket(now, tokens)
        self.inside += 1
        self._since_sent += 1
        if self._limits.rpm is not None or self._limits.tpm is not None:
            self._sent.append(ticket)
            self._tokens += tokens
        return ticket

    def leave(self, ticket: Ticket, tokens: int | None = None) -> None:
        """One in flight has ended, in whatever way; so many tokens it really was."""
        self.inside -= 1
        if tokens is not None and self._limits.tpm is not None:
            if self._sent and ticket.at >= self._sent[0].at:
                self._tokens += tokens - ticket.tokens
            ticket.tokens = tokens

    def passed(self, ticket: Ticket, now: float) -> None:
        """One was answered."""
        if ticket.at >= self._paused_at and self._trouble_began is not None:
            self._learned = now - self._trouble_began
            self._trouble_began = None
            self._pause = max(_FIRST_PAUSE / 2, self._learned * _SHORTER)
        if ticket.at >= self._paused_at:
            self._since_passed += 1
        if self._quota is not None:
            if ticket.at < self._paused_at:
                # It was under way when another was refused: the number is a little higher.
                self._quota += 1
            elif self._since_passed > self._quota:
                # The ice holds: twice as many may follow each time.
                self._over = self._over * 2 or 1
                self._quota = self._since_passed + self._over
        step = _GROWTH if not self._refused_before else 1.0 / self._allowance
        self._allowance = min(self._allowance + step, float(self._most))

    def refused(self, ticket: Ticket, now: float, retry_after: float | None) -> None:
        """One was refused for coming too soon: everybody in the lane waits."""
        if ticket.at < self._paused_at:
            # Sent before the pause began, so it teaches nothing new but a longer wait.
            if retry_after is not None:
                self._paused_until = max(self._paused_until, now + retry_after)
            return
        self._refused_before = True
        self._allowance = max(1.0, self._allowance / 2)
        if self._since_passed:
            self._quota = self._since_passed
            self._pause = max(_FIRST_PAUSE / 2, (self._learned or _FIRST_PAUSE / _SHORTER) * _SHORTER)
        elif self._trouble_began is not None:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if self._trouble_began is None:
            self._trouble_began = now
        self._over = 0
        self._since_sent = self._since_passed = 0
        wait = retry_after if retry_after is not None else self._pause * random.uniform(0.95, 1.1)
        self._paused_at = now
        self._paused_until = now + wait + 0.02

    def _until_limits_allow(self, now: float, tokens: int) -> float:
        sent = self._sent
        while sent and now - sent[0].at >= _MINUTE:
            self._tokens -= sent.popleft().tokens
        wait = 0.0
        if self._limits.rpm is not None and len(sent) >= self._limits.rpm:
            wait = sent[len(sent) - self._limits.rpm].at + _MINUTE - now
        if self._limits.tpm is not None and sent and self._tokens + tokens > self._limits.tpm:
            left = self._tokens + tokens
            for ticket in sent:
                left -= ticket.tokens
                if left <= self._limits.tpm:
                    wait = max(wait, ticket.at + _MINUTE - now)
                    break
            else:
                wait = max(wait, sent[-1].at + _MINUTE - now)
        return max(wait, 0.0)
