"""Functions as tools of GigaChat: its own form on the wire, the same dialogue as everywhere."""

from __future__ import annotations

import g4f_nb as nb


def test_a_function_is_called_round_by_round(server, where):
    """The call's state goes back with its result; the answer uses it."""

    def add(a: int, b: int, note: str | None = None) -> int:
        """Add two numbers."""
        return a + b

    reply = nb.ask("add 2 and 40", "GigaChat:GigaChat-2", tools=[add], **where(server))
    assert [result.content for result in reply.tool_results] == ["42"]
    assert '"result":42' in reply.text
    assert "state" in reply.text
    assert [len(step.tool_calls) for step in reply.steps] == [1, 0]
    sent = server.requests[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "function"]
    assert sent[1]["function_call"]["arguments"]["b"] == 40
