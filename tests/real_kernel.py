"""A kernel process, spoken to the way a notebook does."""

from __future__ import annotations

import os
import queue
import time
from dataclasses import dataclass, field

import pytest
import zmq
from jupyter_client.manager import KernelManager


def user_env(home):
    """The environment of a user without any settings; Jupyter's and IPython's files are kept in it, too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("G4F_NB_", "JUPYTER_"))}
    places = [
        "IPYTHONDIR",
        "G4F_NB_CONFIG_DIR",
        "G4F_NB_CACHE_DIR",
        *(f"JUPYTER_{kind}_DIR" for kind in ("CONFIG", "DATA", "RUNTIME")),
    ]
    return kept | {place: str(home / place) for place in places} | {"PYTHONUNBUFFERED": "1"}


def start(env):
    """Start a kernel for such a user."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in env.items():
            patched.setenv(name, value)
        return Kernel(env)


@dataclass(slots=True)
class Result:
    """What came back for one cell."""

    stdout: str = ""
    stderr: str = ""
    outputs: list = field(default_factory=list)
    error: str | None = None
    trace: str = ""
    replied: float = 0.0

    @property
    def value(self):
        """The text of what the cell's last line gave."""
        assert self.error is None, self.trace
        return self.outputs[-1]


class Kernel:
    """A kernel process and a client of it."""

    def __init__(self, env):
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env=env)
        self._client = self._manager.client()
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=60)
        except BaseException:
            self.shutdown()
            raise

    def send(self, code):
        """Send a cell and give its id."""
        return self._client.execute(code, allow_stdin=False)

    def run_cell(self, cell_id, code, *, person=True):
        """Run one cell as JupyterLab does, which tells its id, and that somebody sits in front."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": person, "stop_on_error": True}  # fmt: skip
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        self._client.shell_channel.send(message)
        return self.collect([message["header"]["msg_id"]])[0]

    def say(self, comm_id, content):
        """Send a widget what its view would send."""
        data = {"comm_id": comm_id, "data": {"method": "custom", "content": content}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", data))

    def collect(self, sent, timeout=30.0):
        """Wait for the replies to these cells and for all of their output, and until further ones are run."""
        results = self._collected(sent, timeout)
        if any(result.error is not None for result in results):
            self._awake()
        return results

    def _collected(self, sent, timeout):
        results = {one: Result() for one in sent}
        end = time.monotonic() + timeout
        waiting = set(sent)
        while waiting:
            reply = self._next(self._client.get_shell_msg, end)
            if (about := reply["parent_header"].get("msg_id")) in waiting:
                waiting.discard(about)
                results[about].replied = time.monotonic()
                if reply["content"]["status"] != "ok":
                    results[about].error = reply["content"].get("ename", reply["content"]["status"])
                    results[about].trace = "\n".join(reply["content"].get("traceback", ()))
        waiting = set(sent)
        while waiting:
            message = self._next(self._client.get_iopub_msg, end)
            about, content = message["parent_header"].get("msg_id"), message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                waiting.discard(about)
            elif about in results and message["msg_type"] == "stream":
                name = content["name"]
                setattr(results[about], name, getattr(results[about], name) + content["text"])
            elif about in results and message["msg_type"] in ("execute_result", "display_data"):
                results[about].outputs.append(content["data"]["text/plain"])
        return list(results.values())

    def queue(self, codes):
        """Send all cells at once, as "Run All" does, and give what came of each."""
        return self.collect([self.send(code) for code in codes])

    def run(self, code):
        """Run one cell."""
        return self.queue([code])[0]

    def _awake(self):
        """Wait until cells are run: for 0.1 s after one that failed, ipykernel 6 throws all others away."""
        while True:
            sent = self._client.execute("pass", silent=True, store_history=False, allow_stdin=False)
            if self._collected([sent], 30.0)[0].error is None:
                return
            time.sleep(0.02)

    def interrupt(self):
        """Press the stop button."""
        self._manager.interrupt_kernel()

    def watch(self, code, *answers, person=True):
        """Run a cell in front of somebody who types these answers; every message of the kernel about it.

        An answer of `None` is the stop button.
        """
        client, answers, sent = self._client, list(answers), []
        about = client.execute(code, allow_stdin=person)
        names = ("stdin", "iopub", "shell", "control")
        channels = {getattr(client, f"{name}_channel").socket: name for name in names}
        poller = zmq.Poller()
        for socket in channels:
            poller.register(socket, zmq.POLLIN)
        waiting = {"idle", "reply"}
        while waiting:
            for socket, _ in poller.poll(1000):
                message = self.poll(getattr(client, f"get_{channels[socket]}_msg"), 0.02)
                if message is None or message["parent_header"].get("msg_id") != about:
                    continue
                sent.append(message)
                if message["msg_type"] == "input_request":
                    answer = answers.pop(0)
                    self.interrupt() if answer is None else client.input(answer)
                elif message["msg_type"] == "execute_reply":
                    waiting.discard("reply")
                elif message["content"].get("execution_state") == "idle":
                    waiting.discard("idle")
        return sent

    def poll(self, read, seconds):
        """The next message of a channel, or `None` if none comes in time."""
        try:
            return read(timeout=seconds)
        except queue.Empty:
            return None

    def shutdown(self):
        """End the kernel and free what it held here."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()

    def _next(self, read, end):
        try:
            return read(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            pytest.fail("the kernel did not answer in time")
