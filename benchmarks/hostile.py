"""The hostile servers of the tests, asked through other clients too: `python benchmarks/hostile.py`.

Each client that is installed here (g4f_nb, openai, g4f) gets every case as a stream and whole. What counts is
what a user gets: the right text or one error of the client's own; a foreign exception is a crash, a text that
is not the answer is wrong, and what has not ended by its time is a hang.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import importlib.util
import logging
import multiprocessing
import sys
import time
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from hostile.asking import ASKED, KEY, arguments, outcome_of
from hostile.authority import Authority
from hostile.cases import Case, Text
from hostile.server import Host, Servers
from hostile.test_cases import CASES

_HANGS = 12.0


async def _ours(case: Case, host: Host, mode: str, trust: dict[str, Any]) -> tuple[str, str]:
    outcome = await outcome_of({**trust, **arguments(case, host, mode)})
    return ("text", outcome.text) if isinstance(outcome, Text) else ("error", repr(outcome))


async def _openai(case: Case, host: Host, mode: str, trust: dict[str, Any]) -> tuple[str, str]:
    import httpx
    import openai

    given = arguments(case, host, mode)
    client = openai.AsyncOpenAI(
        base_url=given["api_base"],
        api_key=KEY,
        timeout=given["timeout"],
        max_retries=given["max_retries"],
        http_client=httpx.AsyncClient(verify=trust.get("ssl", given.get("ssl", True)), trust_env=False),
    )
    more = {"extra_body": given["extra_data"]} if "extra_data" in given else {}
    try:
        answer = await client.chat.completions.create(
            model="m", messages=ASKED, stream=given["stream"], **more
        )
        if not given["stream"]:
            return "text", answer.choices[0].message.content or ""
        text = ""
        async for part in answer:
            if part.choices and part.choices[0].delta.content:
                text += part.choices[0].delta.content
    except openai.OpenAIError as error:
        return "error", repr(error)
    else:
        return "text", text
    finally:
        await client.close()


async def _g4f(case: Case, host: Host, mode: str, trust: dict[str, Any]) -> tuple[str, str]:
    from g4f import errors
    from g4f.Provider.template import OpenaiTemplate

    given = arguments(case, host, mode)
    given = {name: given[name] for name in ("api_key", "timeout", "stream")} | trust
    base = f"{case.scheme}://{host.address}/v1"
    own = tuple(kind for kind in vars(errors).values() if isinstance(kind, type))
    told = {"api_base": base, "base_url": base, "models": ["m"], "default_model": "m", "working": True}
    provider = type("Hostile", (OpenaiTemplate,), told)
    text = ""
    try:
        async for part in provider.create_async_generator("m", ASKED, **given):
            text += part if isinstance(part, str) else ""
    except own as error:
        return "error", repr(error)
    return "text", text


CLIENTS = {"g4f_nb": _ours, "openai": _openai, "g4f": _g4f}


async def _judged(client: Any, case: Case, host: Host, mode: str, trust: dict[str, Any]) -> str:
    try:
        async with asyncio.timeout(_HANGS):
            kind, said = await client(case, host, mode, trust)
    except TimeoutError:
        return "hang"
    except Exception:  # noqa: BLE001  # that is what is counted
        return "crash"
    if isinstance(case.outcome, Text):
        return "right" if kind == "text" and said == case.outcome.text else f"wrong {kind}"
    return "right" if kind == "error" else "wrong text"


def _worker(name: str, pipe: Any) -> None:
    """Play what the pipe asks for; a client that blocks for good is ended with its process."""
    warnings.simplefilter("ignore")
    logging.disable()
    servers, authority = Servers(), Authority()
    cases = {case.id: case for case in CASES}
    while True:
        wanted, mode = pipe.recv()
        case = cases[wanted]
        trust = {"ssl": authority.trusting} if case.trusts else {}
        with servers.serve(case.answers, authority.context(case.certificate)) as host:
            pipe.send(asyncio.run(_judged(CLIENTS[name], case, host, mode, trust)))


class Player:
    """A process that plays cases through one client, replaced when it does not answer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: Any = None

    def play(self, case: Case, mode: str) -> str:
        """What came of it."""
        if self._process is None or not self._process.is_alive():
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_worker, args=(self._name, theirs), daemon=True)
            self._process.start()
        self._pipe.send((case.id, mode))
        # Its first answer waits for its imports.
        if self._pipe.poll(_HANGS * 2):
            try:
                return self._pipe.recv()
            except EOFError:
                return "crash"
        self.end()
        return "hang"

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def main() -> None:
    """Run them all, and print one line for each client."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="parts of the cases' names; none means all")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="only this one (may be repeated)")
    parser.add_argument("--tell", action="store_true", help="name every case that does not come out right")
    given = parser.parse_args()
    named = [name for name in given.client or CLIENTS if importlib.util.find_spec(name) is not None]
    wanted = [case for case in CASES if not given.parts or any(part in case.id for part in given.parts)]
    print(f"{len(wanted)} cases, as a stream and whole", flush=True)
    for name in named:
        player = Player(name)
        begin, found = time.monotonic(), collections.Counter[str]()
        for case in wanted:
            for mode in case.modes:
                outcome = player.play(case, mode)
                found[outcome] += 1
                if given.tell and outcome != "right":
                    print(f"  {outcome}: {case.id}, {mode}", flush=True)
        player.end()
        took = time.monotonic() - begin
        told = (f"{count} {kind}" for kind, count in found.most_common())
        print(f"{name:8}", f"{took:5.0f} s", *told, sep="  ", flush=True)


if __name__ == "__main__":
    main()
