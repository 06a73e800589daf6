"""What somebody in a terminal sees of a comparison while it runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
