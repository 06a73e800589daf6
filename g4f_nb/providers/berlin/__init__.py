"""Servers that speak as ai.berlin4h.top did: one login, JSON objects joined and torn anywhere."""
