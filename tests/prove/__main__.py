"""`make prove`: run the long proofs and write their figures to docs/proofs.md."""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.prove.importing import DOUBLES, Proof, prove
from tests.prove.signing import Signing, prove_signing
from tests.prove.timing import ALLOWED, Question, measure
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
Memory is the command's and its processes' together (proportional set size, peak). The
rate counts the three starts of the command; the database syncs nothing to its disk.

| | rows | killed at | taken | refused | accounts | dossiers | chains | rows/s | MiB |
|---|---|---|---|---|---|---|---|---|---|
{imports}

## The figures of as many accounts

The leaders' page on the database that the import left: the first look, which adds up
what the import appended, the median of those after it, and `idp stats`.

| | accounts | first look | then | statements | `idp stats` |
|---|---|---|---|---|---|
{figures}

## Known and unknown persons

How long a running server (PostgreSQL, Redis, the default cost of a password hash) takes
to answer, each kind of person in turn, {rounds} times; {allowed:.0f} ms between the
medians of one page are allowed.

| page | who | median | 95th percentile | difference |
|---|---|---|---|---|
{times}

## Signatures of a hardware security module

Keys made in a SoftHSM token, used as the provider uses them: one lock of the process,
one session. A real module has figures of its own; proven is that nothing crashes
and no signature is wrong.

| algorithm | threads | signatures | checked | wrong | signatures/s |
|---|---|---|---|---|---|
{signing}
"""


def main() -> None:
    """Prove at the asked size, write the page, fail if a proof fails."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--signatures", type=int, default=1_000_000)
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument("--page", type=Path, default=_PAGE)
    asked = parser.parse_args()
    services = Services.create()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            signing = prove_signing(folder, signatures=asked.signatures)
            questions = measure(services, rounds=asked.rounds, folder=folder)
            proofs = [
                prove(services, backend=name, rows=asked.rows, folder=folder)
                for name in asked.backend or BACKENDS
            ]
    finally:
        services.stop()
    text = _TEXT.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}",  # noqa: TID251 - the edge of a tool
        cores=os.cpu_count(),
        python=platform.python_version(),
        doubles=DOUBLES,
        imports="\n".join(map(_import_row, proofs)),
        figures="\n".join(map(_figures_row, proofs)),
        rounds=asked.rounds,
        allowed=ALLOWED,
        signing="\n".join(map(signing_row, signing)),
        times="\n".join(row for question in questions for row in _time_rows(question)),
    )
    asked.page.write_text(text, encoding="utf-8")
    print(text)
    are_alike = all(
        question.is_uniform and question.difference <= ALLOWED for question in questions
    )
    is_signed = not any(proof.wrong for proof in signing)
    if not all(map(is_exact, proofs)) or not are_alike or not is_signed:
        raise SystemExit("a proof failed")


def is_exact(proof: Proof) -> bool:
    """Say whether every row is there exactly once."""
    sound = proof.rows - DOUBLES
    return (
        proof.taken == proof.accounts == proof.dossiers == sound
        and proof.refused == DOUBLES
        and proof.are_chains_whole
    )


def signing_row(proof: Signing) -> str:
    """Return the row of the page's table."""
    return (
        f"| {proof.alg} | {proof.threads} | {proof.signatures:,} | {proof.checked:,} "
        f"| {proof.wrong} | {proof.rate:,.0f} |"
    )


def _import_row(proof: Proof) -> str:
    return _row(
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


def _figures_row(proof: Proof) -> str:
    figures = proof.figures
    return _row(
        _NAMES[proof.backend],
        f"{figures.accounts:,}",
        f"{figures.first_ms:,.0f} ms",
        f"{figures.page_ms:,.0f} ms",
        str(figures.statements),
        f"{figures.command_seconds:.1f} s",
    )


def _time_rows(question: Question) -> Iterator[str]:
    difference = f"{question.difference:.1f} ms"
    for name, times in question.took.items():
        late = 1000 * sorted(times)[len(times) * 95 // 100]
        usual = f"{question.medians[name]:.1f} ms"
        yield _row(question.page, name, usual, f"{late:.1f} ms", difference)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
