"""The package's providers in a terminal: `python -m g4f_nb.providers` prints the table of the README."""

from __future__ import annotations

import argparse
import sys

from g4f_nb.providers.finding.homes import PARTS, PROVIDERS
from g4f_nb.providers.services.rows import Row, rows

_STUB_HEAD = """\
# Written by `python dev.py table` from homes.py and catalog.toml: change those, not this.
"""


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or with `--stub` what type checkers are told."""
    parser = argparse.ArgumentParser(
        prog="python -m g4f_nb.providers", description="The providers there are."
    )
    parser.add_argument("--stub", action="store_true", help="print the type stub of g4f_nb.providers instead")
    sys.stdout.write(stub() if parser.parse_args(arguments).stub else table())
    return 0


def table() -> str:
    """The services of the catalog as a Markdown table."""
    lines = ["| provider | you write | key | |", "|---|---|---|---|"]
    lines += [_line(name, row) for name, row in rows().items()]
    return "\n".join(lines) + "\n"


def _line(name: str, row: Row) -> str:
    keys = " or ".join(f"`{key}`" for key in row.api_key_env)
    if not row.needs_auth:
        keys = f"none ({keys})" if keys else "none"
    notes = "on this machine" if row.local else ""
    if row.unverified:
        notes = f"{notes}; " if notes else ""
        notes += f"not verified: {', '.join(row.unverified)}"
    label = f"[{row.label}]({row.url})" if row.url else row.label
    return f"| {label} | `{name}:…`, `{row.class_name}` | {keys} | {notes} |"


def stub() -> str:
    """The type stub: every class and where it comes from."""
    coded = {row.class_name: row.module for row in rows().values() if row.module}
    modules: dict[str, list[str]] = {}
    for name, module in (PARTS | PROVIDERS | coded).items():
        modules.setdefault(module, []).append(name)
    imports = [
        f"from g4f_nb.providers.{module} import {name} as {name}"
        for module, names in sorted(modules.items())
        for name in sorted(names)
    ]
    made = [f"class {row.class_name}(OpenaiTemplate): ..." for row in rows().values() if not row.module]
    return "\n".join([_STUB_HEAD, *imports, "", *made]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
