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
    provider = type("Hostile", (OpenaiTemplate,), {"api_base": base, "base_url": base})
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


def main() -> None:
    """Run them all, and print one table."""
    warnings.simplefilter("ignore")
    servers, authority = Servers(), Authority()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="parts of the cases' names; none means all")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="only this one (may be repeated)")
    given = parser.parse_args()
    named = [name for name in given.client or CLIENTS if importlib.util.find_spec(name) is not None]
    wanted = [case for case in CASES if not given.parts or any(part in case.id for part in given.parts)]
    print(f"{len(wanted)} cases, as a stream and whole")
    for name in named:
        begin, found = time.monotonic(), collections.Counter[str]()
        for case in wanted:
            for mode in case.modes:
                trust = {"ssl": authority.trusting} if case.trusts else {}
                with servers.serve(case.answers, authority.context(case.certificate)) as host:
                    found[asyncio.run(_judged(CLIENTS[name], case, host, mode, trust))] += 1
        took = time.monotonic() - begin
        print(
            f"{name:8}",
            f"{took:5.0f} s",
            *(f"{count} {kind}" for kind, count in found.most_common()),
            sep="  ",
        )
    servers.close()


if __name__ == "__main__":
    main()
