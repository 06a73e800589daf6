"""What somebody in a terminal or a notebook sees of a comparison while it runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from real_kernel import start, user_env

from g4f_nb.testing import serve


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_a_terminal_shows_a_bar():
    """Count, time left, failures and cost are in one line, which is gone when it is done."""
    import fcntl
    import pty
    import struct
    import termios

    code = (
        "import sys, g4f_nb as nb\n"
        "slow, bad = (nb.Model('OpenaiTemplate:' + name, api_base=sys.argv[1], price=(1000, 1000))\n"
        "             for name in ('slow-300', 'error-400'))\n"
        "frame = nb.compare([str(n) for n in range(8)], [slow, bad], concurrency=2)\n"
        "print('rows', len(frame))\n"
    )
    ours, theirs = pty.openpty()
    # A terminal of no size is one in which tqdm shows nothing.
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with serve() as server:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, server.api_base],
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                # The other side is closed: Linux says so with an error.
                break
            if not piece:
                break
            seen += piece
        os.close(ours)
        out, _ = child.communicate(timeout=30)
    text = seen.decode()
    assert out == b"rows 16\n"
    assert "/16 [" in text
    assert "failed" in text
    assert "$0.0" in text
    assert "<00:0" in text
    assert not text.rpartition("\r")[2].strip()
    assert "\n" not in text.strip("\r\n")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel in which the package has been imported, as in a notebook's first cell."""
    with serve() as server:
        kernel = start(user_env(tmp_path_factory.mktemp("user")))
        slow = f"nb.Model('OpenaiTemplate:slow-500', api_base={server.api_base!r})"
        assert kernel.run(f"import g4f_nb as nb\nslow = {slow}").error is None
        yield kernel
        kernel.shutdown()


def _outputs(messages):
    """What a front end has in the cell at the end, and all texts that stood there for a while."""
    shown, cell, places = [], [], {}
    for message in messages:
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            assert not content["wait"]
            cell.clear()
        elif kind == "update_display_data":
            places[content["transient"]["display_id"]]["data"] = content["data"]
        elif kind in ("display_data", "execute_result"):
            cell.append({"data": content["data"]})
            places[content.get("transient", {}).get("display_id")] = cell[-1]
        elif kind in ("stream", "error"):
            cell.append({"text": content.get("text") or "".join(content.get("traceback", ()))})
        if kind in ("update_display_data", "display_data"):
            shown.append(content["data"]["text/plain"])
    return cell, shown


_ASK = "nb.compare([f'{n} {time.time()}' for n in range(3)], slow, concurrency=1)"


@pytest.mark.kernel
def test_a_bar_leaves_nothing_in_the_cell(kernel):
    """In a notebook the bar moves in the cell and is gone when it is done: there is no output of it."""
    cell, shown = _outputs(kernel.watch(f"import time\nresult = {_ASK}\nlen(result)"))
    assert any("/3 [" in text for text in shown)
    assert [each["data"]["text/plain"] for each in cell] == ["3"]


@pytest.mark.kernel
@pytest.mark.parametrize("before", ["print('mine')", "sys.stderr.write('mine\\n');", "display('mine');"])
def test_a_bar_takes_nothing_else_out_of_the_cell(kernel, before):
    """What the user has printed or displayed in the cell stays, beside an output that shows nothing."""
    cell, shown = _outputs(kernel.watch(f"import sys, time\n{before}\nresult = {_ASK}\nprint('after')"))
    assert any("/3 [" in text for text in shown)
    texts = [each.get("text") or each["data"]["text/plain"] for each in cell]
    assert "mine" in texts[0]
    assert texts[1] == ""
    assert texts[2:] == ["after\n"]
