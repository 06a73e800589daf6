"""Servers that misbehave, as data: each behaviour with its promise and the outcome that is expected of it."""

import pytest

pytest.register_assert_rewrite("hostile.asking")
