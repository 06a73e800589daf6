"""What `%load_ext g4f_nb` costs a kernel, and what the first question loads; nothing leaves this machine.

python benchmarks/loading.py --kernels 10
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from jupyter_client.manager import KernelManager

_LOAD = """
import time
before = time.perf_counter()
get_ipython().run_line_magic("load_ext", "g4f_nb")
round(1000 * (time.perf_counter() - before), 1)
"""
_ASK = """
before = time.perf_counter()
get_ipython().run_cell_magic("chat", "-p Demo -m demo-fast --quiet", "hello")
round(1000 * (time.perf_counter() - before), 1)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"G4F_NB_CONFIG_DIR": home, "G4F_NB_CACHE_DIR": home, "IPYTHONDIR": home}
        # The first one writes bytecode, as installing does.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env["PYTHONPYCACHEPREFIX"] = str(Path(home) / "bytecode")
        measure(env, [_LOAD, _ASK])
        found = [measure(env, [_LOAD, _ASK]) for _ in range(given.kernels)]
    for name, values in zip(
        ("%load_ext g4f_nb", "the first question to Demo"), zip(*found, strict=True), strict=True
    ):
        print(f"{name:28} median {statistics.median(values):6.1f} ms, {min(values):.1f} to {max(values):.1f}")


def measure(env, cells):
    """Run these cells in a kernel of their own; what each says last."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=env)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        return [value(client, cell) for cell in cells]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def value(client, cell):
    """Run a cell and read the number that it ends with."""
    texts = []
    client.execute_interactive(cell, timeout=60, output_hook=lambda message: texts.append(message["content"]))
    return next(
        float(each["data"]["text/plain"])
        for each in reversed(texts)
        if "execution_count" in each and "data" in each
    )


if __name__ == "__main__":
    main()
