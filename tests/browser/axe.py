"""axe-core, which npm has: what it finds in a part of the page that keeps somebody out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def axe_core():
    """Give its text, to be evaluated in a page; without it a test is skipped."""
    folder = os.environ.get("G4F_NB_AXE")
    file = Path(folder or "nowhere") / "axe.min.js"
    if not file.exists():
        reason = "no axe-core: set G4F_NB_AXE to the folder of npm's axe-core"
        if os.environ.get("G4F_NB_REQUIRE_AXE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return file.read_text(encoding="utf-8")


def faults_of(page, selector):
    """What is serious in there."""
    found = page.evaluate(
        "async (selector) => (await axe.run(selector, {resultTypes: ['violations']})).violations"
        ".filter((each) => ['serious', 'critical'].includes(each.impact))",
        selector,
    )
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]
