"""Starts a server as a program of its own, and ends it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


@contextlib.contextmanager
def program(
    command: Sequence[str], ready: str, *, seconds: float, more: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a server until the end of the `with`; gives what the first group of `ready` found in its output."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as output:
            running = subprocess.Popen(
                command, stdout=output, stderr=output, cwd=folder, env={**os.environ, **(more or {})}
            )
        try:
            end = time.monotonic() + seconds
            while not (found := re.search(ready, log.read_text(errors="replace"))):
                late = time.monotonic() > end
                if late or running.poll() is not None:
                    raise RuntimeError(
                        f"{command[0]} did not start: {log.read_text(errors='replace')[-2000:]}"
                    )
                time.sleep(0.05)
            yield found[1]
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
