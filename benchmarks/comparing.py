"""What a comparison of thousands of rows costs; print the table of benchmarks/README.md.

    python benchmarks/comparing.py          20,000 rows of 50 ms, 200 at a time; some minutes
    python benchmarks/comparing.py 5000     fewer
    python benchmarks/comparing.py --rounds 3 --ways "raw" "ours"     medians of three, of two ways alone
    python benchmarks/comparing.py --rivals ~/rivals/bin/python

`--rivals` names the Python of an environment that has openai and litellm (and aiohttp, orjson); else those
are measured that are installed here. Each way of asking runs in a process of its own, one after the other,
against one server in another process; "kernel" is a real Jupyter kernel in which nest_asyncio was applied.
CPU is that of the client; memory is how much its peak grows between 2,000 rows and all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import clients
from run import server

HERE = Path(__file__).resolve().parent
AT_ONCE = 200
FEW = 2_000
# A JSON answer of so many characters after 50 ms; a stream of so many deltas, five characters each, after it.
ANSWER, STREAM, LONG_STREAM = "text-1500", "later-20", "later-300"
WAYS = {
    "raw": "raw aiohttp, orjson",
    "ours": '**g4f_nb** `compare(timing="fast")`',
    "ours cached": "the same, everything kept by an earlier process",
    "ours again": "the same cell run again: kept by this process",
    "ours kernel": "the same as the first in a kernel that nest_asyncio has patched",
    "openai": "openai, with a semaphore",
    "litellm": "litellm, `batch_completion`",
    "raw stream": "raw aiohttp, orjson: streams of 20 deltas",
    "ours stream": "**g4f_nb** `compare`, the same streams",
    "ours stream kernel": "the same in a kernel that nest_asyncio has patched",
    "raw long": "raw aiohttp, orjson: streams of 300 deltas",
    "ours long": "**g4f_nb** `compare`, the same streams",
}
RIVALS = ("openai", "litellm")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("count", nargs="?", type=int, default=20_000)
    options.add_argument("--rivals", default=sys.executable)
    options.add_argument("--ways", nargs="*", choices=WAYS)
    options.add_argument("--rounds", type=int, default=1)
    given = options.parse_args()
    ways = given.ways or [way for way in WAYS if way not in RIVALS or is_installed(way, given.rivals)]
    print(f"\n### {given.count:,} rows of 50 ms, {AT_ONCE} at a time\n")
    print("| | CPU ms a row | the same for 2,000 rows | bytes a row | rows/s |\n|---|---:|---:|---:|---:|")
    found: dict[str, list[list[float]]] = {way: [] for way in ways}
    with server() as base:
        # Interleaved, so that a slow moment hits everyone.
        for _ in range(given.rounds):
            for way in ways:
                try:
                    found[way].append(figures(way, base, given))
                except (subprocess.CalledProcessError, RuntimeError) as failure:
                    said = getattr(failure, "stderr", None) or str(failure)
                    print(f"| {way} | failed: {said.strip().splitlines()[-1][:200]} | | | |", flush=True)
                    continue
                print(way, *(f"{each:.4g}" for each in found[way][-1]), file=sys.stderr, flush=True)
    for way in ways:
        if found[way]:
            cpu, few, grown, speed = map(statistics.median, zip(*found[way], strict=True))
            print(f"| {WAYS[way]} | {cpu:.2f} | {few:.2f} | {grown:,.0f} | {speed:,.0f} |", flush=True)


def figures(way: str, base: str, given: argparse.Namespace) -> list[float]:
    """CPU ms a row of many and of few rows, bytes a row, rows a second."""
    python = given.rivals if way in RIVALS else sys.executable
    # What takes ten times as long is asked for a fifth of it.
    count = given.count // 5 if way in RIVALS else given.count
    few, many = measured(way, base, FEW, python), measured(way, base, count, python)
    grown = (many["peak"] - few["peak"]) / max(1, count - FEW)
    return [many["cpu"] / count * 1000, few["cpu"] / FEW * 1000, grown, count / many["wall"]]


def is_installed(name: str, python: str) -> bool:
    """Whether another Python has this package."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def measured(way: str, base: str, count: int, python: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        if way.endswith("cached"):
            in_process("ours kept", base, count, python, folder)
        measure = in_kernel if way.endswith("kernel") else in_process
        return measure(way, base, count, python, folder)


def environment(folder: str) -> dict[str, str]:
    return {**os.environ, "G4F_NB_CACHE_DIR": folder, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


def in_process(way: str, base: str, count: int, python: str, folder: str) -> dict[str, float]:
    done = subprocess.run(
        [python, __file__, "--one", way, base, str(count)],
        env=environment(folder), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def in_kernel(way: str, base: str, count: int, python: str, folder: str) -> dict[str, float]:
    """The same in a kernel's cells, as a notebook runs them: the figures are what the last one prints."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = python
    manager.start_kernel(env={**environment(folder), "IPYTHONDIR": folder}, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    printed: list[str] = []

    def show(message) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
        elif message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))

    try:
        client.wait_for_ready(timeout=60)
        for cell in (
            "import nest_asyncio\nnest_asyncio.apply()",
            f"import sys\nsys.path.insert(0, {str(HERE)!r})\nimport comparing",
            f"comparing.one({way.removesuffix(' kernel')!r}, {base!r}, {count})",
        ):
            client.execute_interactive(cell, timeout=600, output_hook=show)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return json.loads("".join(printed).splitlines()[-1])


def one(way: str, base: str, count: int) -> None:
    """One way in this process; its figures on the last line."""
    name, _, variant = way.partition(" ")
    model = {"stream": STREAM, "long": LONG_STREAM}.get(variant, ANSWER)
    work = {"raw": raw, "ours": ours, "openai": others, "litellm": others}[name](
        name, base, model, count, variant
    )
    work(300)
    if variant == "again":
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
    chosen = nb.Model(f"OpenaiTemplate:{model}", api_base=base)
    data = pd.DataFrame({"text": [f"row {number}" for number in range(count)]})
    timing = "stream" if variant in ("stream", "long") else "fast"

    def work(rows: int) -> None:
        frame = nb.compare(
            "Explain {text}", chosen, data=data.head(rows), concurrency=AT_ONCE, timing=timing,
            progress=False, cache="use" if variant in ("cached", "kept", "again") else "refresh",
        )  # fmt: skip
        assert frame["status"].eq("ok").all()

    return work


def raw(name: str, base: str, model: str, count: int, variant: str):
    del name, count

    async def once(rows: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        # Its own limit would be a hundred connections.
        connector = clients.aiohttp.TCPConnector(limit=0)
        async with clients.aiohttp.ClientSession(connector=connector) as session:

            async def ask() -> None:
                async with gate:
                    await (clients.read_lines if variant else clients.read_whole)(session, base, model)

            await asyncio.gather(*(ask() for _ in range(rows)))

    return lambda rows: asyncio.run(once(rows))


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
