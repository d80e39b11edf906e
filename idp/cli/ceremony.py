"""`idp keys ceremony`: keys made before witnesses, with a record to print and sign.

Everything is told and compared first; what lasts is written at the end. The record's
digest stands in the audit log beside each key that the ceremony made.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click

from idp import clock
from idp.cli.ceremony_record import Step, grouped, written
from idp.cli.ceremony_writing import NEW, Work, plan_kek, write_down
from idp.cli.context import CliContext, pass_cli
from idp.config import Config
from idp.storage.key_material import KEK_SOURCES, open_kek, open_opener
from idp.storage.opening import open_database
from keys.kek import fingerprint
from keys.ring import RINGS, Ring

_TRIES = 3
_FEWEST_WITNESSES = 2
_FINGERPRINT_DIGITS = 32


@dataclass(slots=True)
class _Ceremony:
    """Who is there, and what they have compared so far."""

    witnesses: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)

    def compare(self, what: str, digits: str) -> None:
        """Have one witness read a fingerprint aloud and another type it back."""
        turn, there = len(self.steps), len(self.witnesses)
        reader = self.witnesses[turn % there]
        typist = self.witnesses[(turn + 1) % there]
        click.echo(f"\nStep {turn + 1}. {what}\n\n    {grouped(digits)}\n")
        for _ in range(_TRIES):
            typed = click.prompt(f"{reader} reads it aloud, {typist} types it back")
            if re.sub(r"\s", "", typed).lower() == digits:
                self.steps.append(Step(what, digits, reader, typist))
                return
            click.echo("That is another one.")
        raise click.ClickException(f"{_TRIES} times another: nothing was written")


@click.command()
@click.option(
    "--kek",
    "kek_lies",
    type=click.Choice([NEW, *KEK_SOURCES]),
    help="Make the key-encryption key (new), or wrap anew the one that lies so now; "
    "as keys.kek_source says.",
)
@click.option(
    "--ring",
    "names",
    multiple=True,
    type=click.Choice([ring.name for ring in RINGS]),
    help="Generate a key for this ring; it signs nothing until it is published.",
)
@click.option(
    "--witness", "witnesses", multiple=True, help="Who is there: two or more."
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    required=True,
    help="Write the record to this new file.",
)
@pass_cli
def ceremony(
    cli: CliContext,
    *,
    kek_lies: str | None,
    names: Sequence[str],
    witnesses: tuple[str, ...],
    record: Path,
) -> None:
    """Make keys before witnesses: each step is told, compared and recorded."""
    if not kek_lies and not names:
        raise click.UsageError("say what to make: --kek, --ring")
    if len({name.strip() for name in witnesses} - {""}) < _FEWEST_WITNESSES:
        raise click.UsageError(f"{_FEWEST_WITNESSES} witnesses or more: --witness NAME")
    if record.exists():
        raise click.UsageError(f"{record} exists: a record replaces no other")
    config, begun = cli.config, clock.now()
    with closing(open_database(config)) as database:
        plan = plan_kek(config, database, kek_lies) if kek_lies else None
        kek = plan.key if plan else open_kek(config)
        work, done = Work(kek, plan, open_opener(config, kek)), _Ceremony(witnesses)
        rings = [Ring.named(name) for name in names]
        _tell(config, work, rings, witnesses, record)
        try:
            _take_steps(done, work, rings)
            text = written(config.issuer, witnesses, done.steps, begun, clock.now())
            digest = hashlib.sha256(text.encode()).hexdigest()
            with record.open("x", encoding="utf-8") as file:
                file.write(text)
            write_down(config, database, work, digest)
        except BaseException:
            # At Ctrl-C too: no key stays in a token that no row names, and no record.
            for made in work.keys:
                work.opener.erase(made)
            record.unlink(missing_ok=True)
            raise
    click.echo(f"\nWritten: {record}. Its SHA-256, in the audit log too:\n")
    click.echo(f"    {digest}\n\nPrint it; each witness compares the digest and signs.")


def _tell(
    config: Config,
    work: Work,
    rings: list[Ring],
    witnesses: tuple[str, ...],
    record: Path,
) -> None:
    """Say what will happen, and have it agreed to."""
    place = "in the token" if config.keys.signers == "pkcs11" else "in software, sealed"
    acts = [work.plan.told] if work.plan else []
    acts += [f"Generate a key for the ring {ring.name}, {place}." for ring in rings]
    click.echo(f"A key ceremony of {config.issuer} before {', '.join(witnesses)}.\n")
    for number, act in enumerate(acts, 1):
        click.echo(f"  {number}. {act}")
    click.echo(
        "\nAt each step one witness reads a fingerprint aloud and another types it "
        f"back. At the end all is written at once, with a record in {record}.\n"
        "A key of a ring signs nothing until it is published."
    )
    click.confirm("Go on?", abort=True)


def _take_steps(done: _Ceremony, work: Work, rings: list[Ring]) -> None:
    """Make what is to be made, and have every fingerprint compared."""
    if work.plan:
        done.compare(work.plan.told, fingerprint(work.plan.key))
    for ring in rings:
        made = work.opener.generate(ring, now=clock.now())
        work.keys.append(made)
        place = made.handle or "sealed under the key-encryption key"
        told = f"A key of the ring {ring.name}: {made.kid}, {place}"
        done.compare(told, _digits(made.kid))


def _digits(kid: str) -> str:
    """Return the head of an RFC 7638 thumbprint in hexadecimal digits."""
    return base64.urlsafe_b64decode(f"{kid}=").hex()[:_FINGERPRINT_DIGITS]
