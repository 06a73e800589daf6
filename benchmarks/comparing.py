"""What a comparison of thousands of rows costs; print the table of benchmarks/README.md.

    python benchmarks/comparing.py          20,000 rows of 50 ms, 200 at a time; some minutes
    python benchmarks/comparing.py 5000     fewer
    python benchmarks/comparing.py --rivals ~/rivals/bin/python

`--rivals` names the Python of an environment that has openai and litellm (and aiohttp, orjson); else those
are measured that are installed here. Each way of asking runs in a process of its own, one after the other,
against one server in another process. CPU is that of the client; memory is how much its peak grows between
2,000 rows and all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import clients
from run import server

HERE = Path(__file__).resolve().parent
AT_ONCE = 200
# A JSON answer of so many characters after 50 ms; a stream of so many deltas.
ANSWER, STREAM = "text-1500", "stream-20"


RIVALS = ("openai", "litellm")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("count", nargs="?", type=int, default=20_000)
    options.add_argument("--rivals", default=sys.executable)
    options.add_argument("--ways", nargs="*")
    given = options.parse_args()
    ways = ["raw", "ours", "ours cached", "ours patched", "raw stream", "ours stream"]
    ways += [name for name in RIVALS if is_installed(name, given.rivals)]
    ways = given.ways or ways
    print(f"\n### {given.count:,} rows of 50 ms, {AT_ONCE} at a time\n")
    print("| | CPU ms a row | the same for 2,000 rows | bytes a row | rows/s |\n|---|---:|---:|---:|---:|")
    with server() as base:
        for way in ways:
            python = given.rivals if way in RIVALS else sys.executable
            # What takes ten times as long is asked for a fifth of it.
            count = given.count // 5 if way in RIVALS else given.count
            try:
                few, many = measured(way, base, 2_000, python), measured(way, base, count, python)
            except subprocess.CalledProcessError as failure:
                print(
                    f"| {way} | failed: {failure.stderr.strip().splitlines()[-1][:200]} | | | |", flush=True
                )
                continue
            grown = (many["peak"] - few["peak"]) / max(1, count - 2_000)
            print(
                f"| {way} | {many['cpu'] / count * 1000:.2f} | {few['cpu'] / 2_000 * 1000:.2f} "
                f"| {grown:,.0f} | {count / many['wall']:,.0f} |",
                flush=True,
            )


def is_installed(name: str, python: str) -> bool:
    """Whether another Python has this package."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def measured(way: str, base: str, count: int, python: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, __file__, "--one", way, base, str(count)],
            env={**os.environ, "G4F_NB_CACHE_DIR": folder, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def one(way: str, base: str, count: int) -> None:
    """One way in this process; its figures on the last line."""
    name, _, variant = way.partition(" ")
    model = STREAM if variant == "stream" else ANSWER
    work = {"raw": raw, "ours": ours, "openai": others, "litellm": others}[name](
        name, base, model, count, variant
    )
    work(300)
    if variant == "cached":
        work(count)
    wall, cpu = time.perf_counter(), time.process_time()
    work(count)
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.perf_counter() - wall,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


def ours(name: str, base: str, model: str, count: int, variant: str):
    import pandas as pd

    import g4f_nb as nb

    del name
    if variant == "patched":
        import nest_asyncio2

        nest_asyncio2.apply()
    chosen = nb.Model(f"OpenaiTemplate:{model}", api_base=base)
    data = pd.DataFrame({"text": [f"row {number}" for number in range(count)]})
    timing = "stream" if variant == "stream" else "fast"

    def work(rows: int) -> None:
        frame = nb.compare(
            "Explain {text}", chosen, data=data.head(rows), concurrency=AT_ONCE, timing=timing,
            progress=False, cache="use" if variant == "cached" else "refresh",
        )  # fmt: skip
        assert frame["status"].eq("ok").all()

    return work


def raw(name: str, base: str, model: str, count: int, variant: str):
    del name, count
    if variant == "stream":

        async def once(rows: int) -> None:
            gate = asyncio.Semaphore(AT_ONCE)
            async with clients.aiohttp.ClientSession() as session:

                async def ask() -> None:
                    async with gate:
                        await clients.read_lines(session, base, model)

                await asyncio.gather(*(ask() for _ in range(rows)))

        return lambda rows: asyncio.run(once(rows))
    return lambda rows: asyncio.run(clients.at_once(clients.raw_asker, base, model, count=rows, most=AT_ONCE))


def others(name: str, base: str, model: str, count: int, variant: str):
    """Openai with a semaphore; litellm's own `batch_completion`."""
    del count, variant
    if name == "openai":
        return lambda rows: asyncio.run(
            clients.at_once(clients.openai_asker, base, model, count=rows, most=AT_ONCE)
        )
    import litellm

    def work(rows: int) -> None:
        messages = [[{"role": "user", "content": f"row {number}"}] for number in range(rows)]
        answers = litellm.batch_completion(
            model=f"openai/{model}", messages=messages, api_base=base, api_key="k", max_workers=AT_ONCE
        )
        assert len(answers) == rows

    return work


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
