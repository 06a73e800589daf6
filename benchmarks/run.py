"""Measure g4f_nb beside its peers, in one run, interleaved; print the tables of benchmarks/README.md.

    python benchmarks/run.py              everything, about two minutes
    python benchmarks/run.py stream tiny  some of it

CPU efficiency is the CPU time of the reference (raw aiohttp reading lines, with orjson) divided by that of
the client, each the best of several interleaved rounds: 1.00 is as good as the reference, more is better.
g4f, openai and litellm are measured where they are installed. Quote ratios, not times: machines differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import clients

HERE = Path(__file__).resolve().parent
ROUNDS = 5
PARTS = ("import", "fan", "length", "tiny", "stream", "kernel", "patched")


@contextlib.contextmanager
def server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, HERE / "server.py"], stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait()


def stats(base: str) -> list[int]:
    with urllib.request.urlopen(base.removesuffix("/v1") + "/stats") as answer:  # noqa: S310  # our own server
        return json.load(answer)


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def interleaved(works: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """The best CPU time of each, the rounds of all mixed so that a slow moment hits everyone."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(cpu(work))
    return {name: min(values) for name, values in times.items()}


def table(title: str, times: dict[str, float], reference: str) -> None:
    print(f"\n### {title}\n\n| client | CPU efficiency | CPU s |\n|---|---:|---:|")
    for name, value in times.items():
        print(f"| {name} | {times[reference] / value:.2f} | {value:.3f} |")


def streaming(base: str, title: str, count: int = 20_000) -> None:
    def work(task: clients.Task) -> Callable[[], object]:
        def once() -> None:
            assert asyncio.run(task(base, f"stream-{count}")) == 5 * count

        return once

    works = {
        "raw aiohttp, lines, orjson": work(clients.raw),
        "bare socket, orjson": work(clients.bare_socket),
        "aiohttp, whole buffers, orjson": work(clients.raw_buffers),
        "**g4f_nb** create_async_generator": work(clients.ours),
        "**g4f_nb** create_completion in a running loop": work(clients.ours_sync),
    }
    peers = clients.installed("g4f", "openai", "litellm")
    for name in peers:
        works[name] = work(getattr(clients, name))
        if hasattr(clients, f"{name}_sync"):
            works[f"{name}, sync in a running loop"] = work(getattr(clients, f"{name}_sync"))
    for once in works.values():
        once()
    table(title, interleaved(works, 3 if peers else ROUNDS), "raw aiohttp, lines, orjson")


def tiny(base: str, count: int = 300) -> None:
    def work(asker) -> Callable[[], object]:
        return lambda: asyncio.run(clients.in_a_row(asker, base, "tiny", count))

    askers = {"raw aiohttp, orjson": clients.raw_asker, "**g4f_nb** create_async": clients.our_asker}
    for name in clients.installed("openai", "litellm"):
        askers[name] = getattr(clients, f"{name}_asker")
    one_after_another(base, askers, work, f"{count} tiny requests in a row")
    # This one patches the running loop, which the others need not bear.
    sync = {"raw aiohttp, orjson": clients.raw_asker, "**g4f_nb** create_completion": clients.our_sync_asker}
    one_after_another(base, sync, work, f"{count} tiny requests in a row, synchronous under a running loop")


def one_after_another(base: str, askers, work, title: str) -> None:
    connections = {}
    for name, asker in askers.items():
        before = stats(base)
        work(asker)()
        after = stats(base)
        connections[name] = (after[0] - before[0] - 1, after[1] - before[1])
    times = interleaved({name: work(asker) for name, asker in askers.items()})
    table(title, times, "raw aiohttp, orjson")
    print("\nconnections opened, left open: " + "; ".join(f"{n} {c}" for n, c in connections.items()))


def fan(base: str, count: int = 2000, most: int = 100) -> None:
    ideal = count / most * 0.05
    print(f"\n### {count} requests of 50 ms, {most} at a time\n")
    print("| client | times the ideal | left open |\n|---|---:|---:|")
    askers = {
        "bare asyncio, orjson": clients.bare_asker,
        "raw aiohttp, orjson": clients.raw_asker,
        "**g4f_nb** create_async": clients.our_asker,
    }
    for name in clients.installed("openai", "litellm"):
        askers[name] = getattr(clients, f"{name}_asker")
    walls: dict[str, list[float]] = {name: [] for name in askers}
    left = {}
    for _ in range(3):
        for name, asker in askers.items():
            before = stats(base)[1]
            start = time.perf_counter()
            asyncio.run(clients.at_once(asker, base, "wait-50", count=count, most=most))
            walls[name].append(time.perf_counter() - start)
            time.sleep(0.05)
            left[name] = stats(base)[1] - before
    for name, values in walls.items():
        print(f"| {name} | {min(values) / ideal:.2f} | {left[name]} |")


def length(base: str) -> None:
    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    async def drain(count: int) -> None:
        async for _ in clients.template().create_async_generator(
            f"stream-{count}", clients.MESSAGES, api_base=base, stream=True
        ):
            pass

    def work(count: int) -> Callable[[], object]:
        return lambda: asyncio.run(drain(count))

    work(10_000)()
    before = peak()
    work(100_000)()
    added = peak() - before
    ratios = []
    for _ in range(ROUNDS):
        times = interleaved({"short": lambda: [work(10_000)() for _ in range(10)], "long": work(100_000)}, 1)
        ratios.append(times["long"] / times["short"])
    print("\n### A 100,000-chunk stream\n")
    print(f"cost of a chunk against a 10,000-chunk stream: {statistics.median(ratios):.2f}")
    print(f"memory added: {added:.1f} MB")


def importing() -> None:
    def start(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begun

    codes = {"nothing": "pass", "g4f_nb": "import g4f_nb"}
    codes |= {name: f"import {name}" for name in clients.installed("g4f", "openai", "litellm")}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(7):
        for name, code in codes.items():
            times[name].append(start(code))
    bare = min(times.pop("nothing"))
    print("\n### Importing\n\n| package | ms over a bare interpreter |\n|---|---:|")
    for name, values in times.items():
        print(f"| {name} | {(min(values) - bare) * 1000:.0f} |")


_BARE = """
import aiohttp, orjson
async with aiohttp.ClientSession() as session:
    body = {{"model": "stream-5", "messages": [{{"role": "user", "content": "hi"}}], "stream": True}}
    async with session.post("{base}/chat/completions", json=body) as answer:
        async for line in answer.content:
            if line.startswith(b"data: {{"):
                print(orjson.loads(line[6:])["choices"][0]["delta"].get("content"))
                break
"""
_CHAT = "%%chat --provider OpenaiTemplate --model stream-5\nhi"


def first_token(base: str) -> None:
    """From the start of a kernel to the first token that a front end could show."""
    from jupyter_client.manager import KernelManager

    def start(cells: list[str]) -> float:
        manager = KernelManager(kernel_name="python3")
        begun = time.perf_counter()
        manager.start_kernel(env={**os.environ, "OPENAI_BASE_URL": base, "OPENAI_API_KEY": "k"})
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            for cell in cells:
                client.execute(cell, allow_stdin=True)
            while True:
                content = client.get_iopub_msg(timeout=60)["content"]
                shown = content.get("text", "") + json.dumps(content.get("data", ""))
                if "0000" in shown:
                    return time.perf_counter() - begun
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()

    times: dict[str, list[float]] = {"bare aiohttp": [], "**g4f_nb** %%chat": []}
    for _ in range(ROUNDS):
        times["bare aiohttp"].append(start([_BARE.format(base=base)]))
        times["**g4f_nb** %%chat"].append(start(["%load_ext g4f_nb", _CHAT]))
    print("\n### From the start of a kernel to the first token\n\n| | s |\n|---|---:|")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.2f} |")


def main() -> None:
    parts = sys.argv[1:] or PARTS
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with server() as base:
        run = {
            "import": importing,
            "fan": lambda: fan(base),
            "length": lambda: length(base),
            "tiny": lambda: tiny(base),
            "stream": lambda: streaming(base, "Streaming 20,000 small deltas"),
            "kernel": lambda: first_token(base),
            "patched": lambda: patched(base),
        }
        for part in PARTS:
            if part in parts:
                run[part]()


def patched(base: str) -> None:
    # Last, for it cannot be undone.
    import nest_asyncio2

    nest_asyncio2.apply()
    streaming(base, "The same in a process that nest_asyncio has patched")


if __name__ == "__main__":
    main()
