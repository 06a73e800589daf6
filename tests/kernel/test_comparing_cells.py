"""A comparison in a real kernel: interrupted and gone on with, seen from another kernel, after a restart."""

from __future__ import annotations

import pytest
from real_kernel import start

pytestmark = pytest.mark.kernel

_ASK = 'r = nb.compare([f"p{n}" for n in range(60)], slow, concurrency=%d)'
_COUNTS = 'import json; json.dumps(r["status"].value_counts().to_dict())'


@pytest.fixture
def kernels(clean_env, tmp_path, server):
    """Kernels of one user, with one store; give one more at each call."""
    made = []

    def one():
        kernel = start(clean_env | {"G4F_NB_CACHE_DIR": str(tmp_path / "cache")})
        made.append(kernel)
        model = f'nb.Model("OpenaiTemplate:slow-100", api_base={server.api_base!r})'
        assert kernel.run(f"import g4f_nb as nb\nslow = {model}").error is None
        return kernel

    yield one
    for kernel in made:
        kernel.shutdown()


def _counts(kernel):
    return eval(eval(kernel.run(_COUNTS).value))  # noqa: S307  # our own cell's output


def test_an_interrupted_cell_is_gone_on_with(kernels, server):
    """Interrupted at half it returns its rows; two kernels see them; run again, it asks only the rest."""
    first, second = kernels(), kernels()
    sent = first.send(_ASK % 2)
    assert server.wait_for(lambda seen: len(seen.requests) >= 12, timeout=20)
    first.interrupt()
    result = first.collect([sent])[0]
    assert result.error is None
    assert "run the cell again to continue" in result.stderr
    counts = _counts(first)
    assert counts["ok"] + counts["cancelled"] == 60
    assert counts["ok"] >= 8
    run = first.run('r["run_id"].iloc[0]').value
    assert second.run(f"r = nb.attach({run})").error is None
    assert _counts(second) == counts

    before = len(server.requests)
    assert first.run(_ASK % 20).error is None
    assert _counts(first) == {"ok": 60}
    assert len(server.requests) - before == counts["cancelled"]
    # What the first kernel has asked meanwhile the second finds in the store.
    assert second.run("r = r.llm.retry()").error is None
    assert _counts(second) == {"ok": 60}
    assert len(server.requests) - before == counts["cancelled"]
    first.shutdown()
    third = kernels()
    assert third.run(f"r = nb.attach({run})").error is None
    assert _counts(third) == {"ok": 60}


def test_two_kernels_at_once(kernels, server):
    """Two kernels write into one store at the same time, without an error and without losing a row."""
    first, second = kernels(), kernels()
    sent = [
        kernel.send((_ASK % 20).replace("p{n}", f"{name}{{n}}"))
        for kernel, name in ((first, "a"), (second, "b"))
    ]
    for kernel, one in zip((first, second), sent, strict=True):
        assert kernel.collect([one])[0].error is None
        assert _counts(kernel) == {"ok": 60}
    assert first.run("nb.store_info().answers").value == "120"


def test_the_bar_leaves_nothing(kernels):
    """Where somebody looks there is a line with count and failures while it works, and no output after it."""
    kernel = kernels()
    client = kernel._client
    bad = 'nb.Model("OpenaiTemplate:error-400", api_base=slow.options["api_base"])'
    sent = client.execute(
        f"_ = nb.compare([str(n) for n in range(20)], [slow, {bad}], concurrency=4)", allow_stdin=True
    )
    lines, cleared = [], False
    while True:
        message = client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != sent:
            continue
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
        assert message["msg_type"] not in ("error", "stream"), message["content"]
        cleared = cleared or message["msg_type"] == "clear_output"
        if message["msg_type"] in ("display_data", "update_display_data"):
            lines.append(message["content"]["data"]["text/plain"])
    assert any("/40" in line and "failed" in line for line in lines)
    assert "call/s" in lines[0]
    assert cleared
    # A quick one has no bar.
    quick = 'nb.compare("a", nb.Model("OpenaiTemplate:upper", api_base=slow.options["api_base"]))'
    said = kernel.watch(f"_ = {quick}")
    assert not [each for each in said if each["msg_type"] == "display_data"]
