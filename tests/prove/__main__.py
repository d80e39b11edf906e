"""`make prove`: run the long proofs and write their figures to docs/proofs.md."""

import argparse
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.prove.importing import DOUBLES, Proof, prove
from tests.services import BACKENDS, Services

_PAGE = Path(__file__).parents[2] / "docs" / "proofs.md"
_NAMES = {"embedded": "SQLite", "production": "PostgreSQL"}
_TEXT = """# Proofs

What the long proofs found, written by `make prove`. CI runs the same code at 1 % of
the size as ordinary tests (tests/integration/test_prove.py).

{day}, {cores} cores, Python {python}.

## An import that is killed twice

`idp enrol import` of a generated CSV file; the command is killed (SIGKILL) at a third
and at two thirds, and run again. Of the rows, {doubles} come twice and are refused.
Memory is the command's and its processes' together (proportional set size, peak).

| | rows | killed at | taken | refused | accounts | dossiers | chains | rows/s | MiB |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Prove at the asked size, write the page, fail if a count is not exact."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument("--page", type=Path, default=_PAGE)
    asked = parser.parse_args()
    services = Services.create()
    try:
        with tempfile.TemporaryDirectory() as folder:
            proofs = [
                prove(services, backend=name, rows=asked.rows, folder=Path(folder))
                for name in asked.backend or BACKENDS
            ]
    finally:
        services.stop()
    text = _TEXT.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}",  # noqa: TID251 - the edge of a tool
        cores=os.cpu_count(),
        python=platform.python_version(),
        doubles=DOUBLES,
        rows="\n".join(map(_row, proofs)),
    )
    asked.page.write_text(text, encoding="utf-8")
    print(text)
    if not all(map(is_exact, proofs)):
        raise SystemExit("a proof failed")


def is_exact(proof: Proof) -> bool:
    """Say whether every row is there exactly once."""
    sound = proof.rows - DOUBLES
    return (
        proof.taken == proof.accounts == proof.dossiers == sound
        and proof.refused == DOUBLES
        and proof.are_chains_whole
    )


def _row(proof: Proof) -> str:
    cells = (
        _NAMES[proof.backend],
        f"{proof.rows:,}",
        ", ".join(f"{at:,}" for at in proof.kills),
        f"{proof.taken:,}",
        f"{proof.refused:,}",
        f"{proof.accounts:,}",
        f"{proof.dossiers:,}",
        "whole" if proof.are_chains_whole else "broken",
        f"{proof.rate:,.0f}",
        f"{proof.peak_mib:,.0f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
