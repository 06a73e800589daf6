"""Servers that nobody here wrote, really run: an aimock, LiteLLM's proxy, a small model of transformers."""
