"""docs/proofs.md: a section for each proof, replaced when that proof has run again."""

import os
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.prove.auditing import EVENTS_A_SIGN_IN, SIGN_INS_A_DAY, Checked
from tests.prove.importing import DOUBLES, Proof
from tests.prove.rotating import WORKERS, Turning
from tests.prove.signing import Signing
from tests.prove.timing import ALLOWED, Question

_INTRO = """# Proofs

What the long proofs found, written by `make prove`; each says when and where it ran.
CI runs the same code at 1 % of the size as ordinary tests
(tests/integration/test_prove.py).
"""
_NAMES = {"embedded": "SQLite", "production": "PostgreSQL"}
_IMPORT = """
`idp enrol import` of a generated CSV file; the command is killed (SIGKILL) at a third
and at two thirds, and run again. Of the rows, {doubles} come twice and are refused.
Memory is the command's and its processes' together (proportional set size, peak). The
rate counts the three starts of the command; the database syncs nothing to its disk.

| | rows | killed at | taken | refused | accounts | dossiers | chains | rows/s | MiB |
|---|---|---|---|---|---|---|---|---|---|
"""
_FIGURES = """
The leaders' page on the database that the import left: the first look, which adds up
what the import appended, the median of those after it, and `idp stats`.

| | accounts | first look | then | statements | `idp stats` |
|---|---|---|---|---|---|
"""
_TIMES = """
How long a running server (PostgreSQL, Redis, the default cost of a password hash) takes
to answer, each kind of person in turn, {rounds} times; {allowed:.0f} ms between the
medians of one page are allowed.

| page | who | median | 95th percentile | difference |
|---|---|---|---|---|
"""
_SIGNING = """
Keys made in a SoftHSM token, used as the provider uses them: one lock of the process,
one session. A real module has figures of its own; proven is that nothing crashes
and no signature is wrong.

| algorithm | threads | signatures | checked | wrong | signatures/s |
|---|---|---|---|---|---|
"""
_TURNING = """
`idp serve` with {workers} workers on PostgreSQL and Redis. {portals} portals sign
citizens in without end and verify each ID and access token with joserfc and a key set
that they keep for its `max-age` and never fetch for an unknown `kid`. Each rotation
turns every ring by two `idp keys rotate` at once, held back until both are at the same
lock; meanwhile a worker is killed (SIGKILL). The publish lead is
{clocks.publish_lead} s, the key set's age {clocks.jwks_max_age} s, and workers read the
rings again after {clocks.reread_after} s.
Then the keys of a citizen's tokens are killed, their grants revoked, and each worker is
asked by itself, on a connection of its own, until it refuses: from the commit to the
sending of the first request that is refused for good.

| | |
|---|---|
"""
_AUDIT = """
`idp audit verify --heads --keys` of a log on PostgreSQL: rows of sign-ins, one in
{each} with sealed personal values that are opened and compared, under signed heads. It
works in one process; the rate counts its start. A year of {daily:,} sign-ins a day
with {each} events each, {yearly:,} rows, was not measured: its time is extrapolated
from the rate, which does not fall with the rows (*).

| rows | heads | chains | not covered | seconds | CPU s | rows/s | MiB | a year* |
|---|---|---|---|---|---|---|---|---|
"""


def write(path: Path, sections: Mapping[str, str]) -> str:
    """Replace these sections of the page, add those it lacks; return it."""
    kept = _sections(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = {**kept, **sections}
    body = "".join(f"\n## {title}\n{text}" for title, text in found.items())
    page = _INTRO + body
    path.write_text(page, encoding="utf-8")
    return page


def importing(proofs: list[Proof]) -> dict[str, str]:
    """Return the sections of the import and of the figures that it left."""
    told = _IMPORT.format(doubles=DOUBLES)
    return {
        "An import that is killed twice": _text(told, map(_import_row, proofs)),
        "The figures of as many accounts": _text(_FIGURES, map(_figures_row, proofs)),
    }


def timing(questions: list[Question], rounds: int) -> dict[str, str]:
    """Return the section of equal times for known and unknown persons."""
    rows = (row for question in questions for row in _time_rows(question))
    told = _TIMES.format(rounds=rounds, allowed=ALLOWED)
    return {"Known and unknown persons": _text(told, rows)}


def signing(proofs: list[Signing]) -> dict[str, str]:
    """Return the section of signatures in a token."""
    rows = (
        _row(
            proof.alg,
            str(proof.threads),
            f"{proof.signatures:,}",
            f"{proof.checked:,}",
            str(proof.wrong),
            f"{proof.rate:,.0f}",
        )
        for proof in proofs
    )
    return {"Signatures of a hardware security module": _text(_SIGNING, rows)}


def turning(found: Turning) -> dict[str, str]:
    """Return the section of rotations under load and of a kill."""
    rows = {
        "rotations of every ring, each by two processes at once": str(found.rotations),
        "seconds": f"{found.seconds:.0f}",
        "processes that failed": str(found.lost),
        "rings with two next keys": str(found.doubles),
        "workers killed in the middle": str(found.workers_killed),
        "sign-ins": f"{found.rounds:,}",
        "tokens verified": f"{found.verified:,}",
        "**failed verifications**": f"**{len(found.failed)}**",
        "sign-ins that broke off and were repeated": str(found.interrupted),
        **{
            f"killed: every worker refuses at {name} after": f"{seconds:.2f} s"
            for name, seconds in found.refused_after.items()
        },
        "killed: the portals' own key sets lack the key after": (
            f"{found.portals_after:.2f} s"
        ),
        "failed verifications once they do": str(found.failed_later),
    }
    told = _TURNING.format(workers=WORKERS, portals=found.portals, clocks=found.clocks)
    return {"Keys that turn under load": _text(told, (_row(*r) for r in rows.items()))}


def auditing(proofs: list[Checked]) -> dict[str, str]:
    """Return the section of the audit log's proof."""
    rows = (
        _row(
            f"{proof.rows:,}",
            str(proof.heads),
            "whole" if proof.is_whole else "broken",
            str(proof.uncovered),
            f"{proof.seconds:,.0f}",
            f"{proof.cpu_seconds:,.0f}",
            f"{proof.rate:,.0f}",
            f"{proof.peak_mib:,.0f}",
            f"{proof.year_hours:,.1f} hours",
        )
        for proof in proofs
    )
    yearly = 365 * SIGN_INS_A_DAY * EVENTS_A_SIGN_IN
    told = _AUDIT.format(each=EVENTS_A_SIGN_IN, daily=SIGN_INS_A_DAY, yearly=yearly)
    return {"The audit log of millions of events": _text(told, rows)}


def _sections(page: str) -> dict[str, str]:
    _, *parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    texts = (f"\n{text.strip()}\n" for text in parts[1::2])
    return dict(zip(parts[::2], texts, strict=True))


def _text(told: str, rows: Iterator[str]) -> str:
    day = f"{datetime.now(UTC):%Y-%m-%d}"  # noqa: TID251 - the edge of a tool
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join((told + "\n".join(rows), "", f"{day}, {where}.", ""))


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
