"""What showing one answer in a cell costs: bytes from the kernel, and how late its end is at the client.

    python benchmarks/cells.py                       ours, a display for every token, 12 repaints a second
    python benchmarks/cells.py --jupyter-ai PYTHON   and jupyter-ai's %%ai, where that interpreter has it

A real kernel, an answer of 20,000 characters at 300 tokens a second. Bytes are those of the messages' frames.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jupyter_client.manager import KernelManager

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from answers import answer, tokens  # noqa: E402  # of this folder

LENGTH = 20_000
KINDS = ("mixed", "short", "code", "list", "table", "paragraph", "lines", "reasoning", "russian")
SETUP = f"""
import sys, time
sys.path.insert(0, {str(HERE)!r})
%load_ext g4f_nb
from answers import Paced, answer, tokens
from IPython.display import DisplayHandle, Markdown, display
"""
# What people write themselves, and what most magics do.
EVERY_TIME = """
handle, text, start = display(Markdown(""), display_id=True), "", time.perf_counter()
for number, token in enumerate(tokens(answer("mixed", LENGTH)), 1):
    time.sleep(max(0, start + number / 300 - time.perf_counter()))
    text += token
    handle.update(Markdown(text))
"""
REPAINT = """
handle, text, start, due = display(Markdown(""), display_id=True), "", time.perf_counter(), 0
for number, token in enumerate(tokens(answer("mixed", LENGTH)), 1):
    time.sleep(max(0, start + number / 300 - time.perf_counter()))
    text += token
    if time.perf_counter() > due:
        due = time.perf_counter() + 1 / 12
        handle.update(Markdown(text))
handle.update(Markdown(text))
"""


@contextmanager
def kernel(python: str = sys.executable) -> Iterator:
    """A kernel of that interpreter, and a client of it."""
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = python
    home = tempfile.mkdtemp()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("G4F_NB_", "JUPYTER_"))}
    manager.start_kernel(env=kept | {"IPYTHONDIR": home, "G4F_NB_CONFIG_DIR": home})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client, code: str) -> tuple[int, int, float, float]:
    """Bytes, messages, seconds until something is shown, and seconds of the last output after the kernel."""
    sent, start = client.execute(code, allow_stdin=True), time.time()
    size = count = 0
    first = last = ended = 0.0
    while True:
        message = client.get_iopub_msg(timeout=600)
        if message["parent_header"].get("msg_id") != sent:
            continue
        if message["msg_type"] == "error":
            raise SystemExit("\n".join(message["content"]["traceback"]))
        parts = ("header", "parent_header", "metadata", "content")
        frames = [json.dumps(message[part], ensure_ascii=False, default=str) for part in parts]
        size, count = size + sum(len(frame.encode()) for frame in frames) + 64, count + 1
        if message["content"].get("execution_state") == "idle":
            ended = message["header"]["date"].timestamp()
            break
        if message["msg_type"] not in ("status", "execute_input"):
            last = time.time()
            first = first or last
    client.get_shell_msg(timeout=60)
    return size, count, first - start, last - ended


def row(name: str, length: int, got: tuple[int, int, float, float]) -> None:
    """One line of the table."""
    size, count, first, late = got
    times = f"{first:.1f} s | {max(0, late):.2f} s"
    print(f"| {name} | {size / 1e6:.2f} MB | {size / length:.1f} | {count} | {times} |", flush=True)


@contextmanager
def openai_server(length: int) -> Iterator[str]:
    """Streams the same answer at the same pace, for a magic that is not ours."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            stream = bool(asked.get("stream"))
            self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
            self.end_headers()
            start = time.perf_counter()
            base = {"id": "x", "created": 1, "model": asked["model"]}
            for number, token in enumerate(tokens(answer("mixed", length)), 1):
                time.sleep(max(0, start + number / 300 - time.perf_counter()))
                if stream:
                    choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
                    frame = base | {"object": "chat.completion.chunk", "choices": [choice]}
                    self.wfile.write(f"data: {json.dumps(frame)}\n\n".encode())
            if stream:
                end = {"index": 0, "delta": {}, "finish_reason": "stop"}
                frame = base | {"object": "chat.completion.chunk", "choices": [end]}
                self.wfile.write(f"data: {json.dumps(frame)}\n\ndata: [DONE]\n\n".encode())
            else:
                said = {"role": "assistant", "content": answer("mixed", length)}
                choice = {"index": 0, "message": said, "finish_reason": "stop"}
                usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
                frame = base | {"object": "chat.completion", "choices": [choice], "usage": usage}
                self.wfile.write(json.dumps(frame).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=LENGTH)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument(
        "--jupyter-ai", default=None, help="the Python of an environment with jupyter-ai's magics"
    )
    given = parser.parse_args()
    length = given.length
    print("| | bytes | times the answer | messages | first shown | last after the kernel |")
    print("|---|---:|---:|---:|---:|---:|")
    with kernel() as client:
        run(client, SETUP + f"LENGTH = {length}")
        for kind in KINDS if given.only is None else given.only:
            size = length if kind == "reasoning" else len(answer(kind, length).encode())
            row(f"**g4f_nb**, {kind}", size, run(client, f"%%chat --new -p Paced -m {kind}-{length}\nx"))
        if given.only is None:
            row(
                f"**g4f_nb**, mixed, {2 * length:,}",
                2 * length,
                run(client, f"%%chat --new -p Paced -m mixed-{2 * length}\nx"),
            )
            row("repainted 12 times a second", length, run(client, REPAINT))
            row("a display for every token", length, run(client, EVERY_TIME))
    if given.jupyter_ai:
        with openai_server(length) as base, kernel(given.jupyter_ai) as client:
            run(
                client,
                f"import os\nos.environ.update(OPENAI_API_KEY='none', OPENAI_API_BASE={base!r},\n"
                f"    OPENAI_BASE_URL={base!r})\n%load_ext jupyter_ai_magics",
            )
            row("jupyter-ai, `%%ai`", length, run(client, "%%ai openai-chat:gpt-4o-mini\nx"))


if __name__ == "__main__":
    main()
