"""Tensors and networks of PyTorch in prompts; PyTorch is in the foreign environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(200)]

SCRIPT = """
import torch
from g4f_nb.prompting.summaries import summarize

values = [
    torch.arange(6).reshape(2, 3).float(), torch.zeros(1000, 1000, requires_grad=True), torch.tensor(3.5),
    torch.zeros(0), torch.zeros(2, 3, device="meta"), torch.nn.Sequential(torch.nn.Linear(3, 4)),
]
for value in values:
    print(summarize(value, 500).named("t").replace("\\n", " | "))
"""


def test_tensors_and_networks_are_told():
    """Shape, type, device, a few numbers; small ones whole, none is copied from where it is as a whole."""
    python = os.environ.get("G4F_NB_FOREIGN")
    if not python:
        pytest.skip("no foreign environment: python3 dev.py foreign")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    made = subprocess.run(
        [python, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False, timeout=180
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines() == [
        "`t`: torch Tensor, shape 2×3, torch.float32 | [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]",  # noqa: RUF001
        "`t`: torch Tensor, shape 1000×1000, torch.float32, with gradient | min 0, mean 0, max 0, std 0 | "  # noqa: RUF001
        "its first values: " + ", ".join(["0"] * 20),
        "`t`: torch Tensor, one value, torch.float32 | 3.5",
        "`t`: torch Tensor, shape 0, torch.float32",
        "`t`: torch Tensor, shape 2×3, torch.float32, on meta",  # noqa: RUF001
        (
            "`t`: torch Sequential, 16 parameters | Sequential( |   (0): Linear(in_features=3, "
            "out_features=4, bias=True) | )"
        ),
    ]
