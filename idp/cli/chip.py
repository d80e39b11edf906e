"""`idp chip`: whose cards are believed."""

from hashlib import sha256
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from idp import clock
from idp.approvals import trust as trust_acts
from idp.cli import two_persons
from idp.cli.chip_lost import lost
from idp.cli.context import CliContext, pass_cli
from idp.emrtd.certificates import Certificate
from idp.emrtd.master_list import MAX_FILE_BYTES
from idp.emrtd.trust_items import Loaded, Problem
from idp.factors import chip_trust
from idp.factors.chip_trust import Kept, StoredItem

_DIGEST_SHOWN = 16


@click.group()
def group() -> None:
    """Say whose chip-ID cards are believed."""


group.add_command(lost)


@group.group()
def trust() -> None:
    """Import, list and remove what cards are checked against."""


@trust.command("import")
@click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@two_persons.options
@pass_cli
def import_files(
    cli: CliContext, *, files: tuple[Path, ...], reason: str, break_glass: bool
) -> None:
    """Trust CSCA certificates (.cer, .pem), revocation lists and master lists (.ml).

    Whoever holds a CSCA's key can make any card of its country: be sure where a file
    comes from. Exit code 1 if a file held nothing that could be used.
    """
    console = _console()
    was_useless, act = False, trust_acts.CHANGE
    named = ", ".join(f"{file.name} ({_digest(file)})" for file in files)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        for file in files:
            payload = trust_acts.importing(_bytes(file), source=file.name)
            two_persons.propose(cli, act, payload, reason)
        return
    for file in files:
        loaded = _read(cli, file, console=console)
        provider, now = cli.provider, clock.now()
        with provider.database.transaction() as session:
            kept = chip_trust.keep(
                session, provider.audit, loaded, source=file.name, now=now
            )
        _say(console, file.name, loaded, kept)
        was_useless |= not (kept.added or kept.present or kept.older)
    raise SystemExit(1 if was_useless else 0)


@trust.command("list")
@click.option("--country", help="Only this country, in two or three letters.")
@pass_cli
def list_items(cli: CliContext, *, country: str | None) -> None:
    """Show what is trusted; only the configured country's cards are believed."""
    with cli.provider.database.read() as connection:
        items = chip_trust.list_items(connection, country=country)
    table = Table("Digest", "Kind", "Country", "Name", "Valid until", "Source")
    for stored in items:
        table.add_row(*_described(stored))
    console = _console()
    console.print(table)
    chip = cli.config.chip.issuer_country
    if not len(chip_trust.load(cli.provider.database, chip, max_age=0)):
        click.echo(f"Nothing of {chip} is trusted: no card is believed yet.")


@trust.command()
@click.argument("digests", metavar="DIGEST…", nargs=-1, required=True)
@two_persons.options
@pass_cli
def remove(
    cli: CliContext, *, digests: tuple[str, ...], reason: str, break_glass: bool
) -> None:
    """Trust items no more; the first eight digits of a digest are enough."""
    provider, now, act = cli.provider, clock.now(), trust_acts.CHANGE
    with provider.database.read() as connection:
        found = [chip_trust.find(connection, one) for one in digests]
    shown = (one.digest.hex()[:_DIGEST_SHOWN] for one in found)
    named = ", ".join(shown)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        payload = trust_acts.removing(one.digest.hex() for one in found)
        two_persons.propose(cli, act, payload, reason)
        return
    with provider.database.transaction() as session:
        removed = [
            chip_trust.remove(session, provider.audit, digest, now=now)
            for digest in digests
        ]
    for stored in removed:
        click.echo(f"removed {stored.digest.hex()[:_DIGEST_SHOWN]} {_name(stored)}")


def _read(cli: CliContext, file: Path, *, console: Console) -> Loaded:
    data = _bytes(file)
    with (
        Progress(console=console, transient=True) as bar,
        cli.provider.database.read() as connection,
    ):
        task = bar.add_task(f"Reading {file.name}", total=None)
        return chip_trust.read_file(
            connection,
            data,
            now=clock.now(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_FILE_BYTES + 1)


def _digest(file: Path) -> str:
    """Return the head of a file's SHA-256: of a certificate, that of its digest."""
    return sha256(_bytes(file)).hexdigest()[:_DIGEST_SHOWN]


def _say(console: Console, name: str, loaded: Loaded, kept: Kept) -> None:
    parts = [f"{len(kept.added)} new", f"{kept.present} known before"]
    if kept.superseded:
        parts.append(f"{kept.superseded} older revocation lists replaced")
    if kept.older:
        parts.append(f"{kept.older} older than what is here")
    parts.append(f"{len(loaded.problems)} not usable")
    console.print(f"{name}: {', '.join(parts)}.", markup=False, highlight=False)
    for remark in loaded.remarks:
        console.print(f"  {remark}", markup=False, highlight=False)
    if loaded.problems:
        console.print(_problems(loaded.problems))


def _problems(problems: list[Problem]) -> Table:
    table = Table("Not usable", "Why")
    for problem in problems:
        table.add_row(_plain(problem.subject), _plain(problem.reason))
    return table


def _described(stored: StoredItem) -> tuple[str, ...]:
    item = stored.item
    until = item.not_after if isinstance(item, Certificate) else item.next_update
    return (
        stored.digest.hex()[:_DIGEST_SHOWN],
        stored.kind,
        stored.country,
        _name(stored),
        f"{until:%Y-%m-%d}",
        _plain(stored.source),
    )


def _name(stored: StoredItem) -> str:
    return _plain(stored.item.owner.text)


def _plain(text: str) -> str:
    """Return a stranger's text as a terminal may show it."""
    safe = "".join(letter if letter.isprintable() else "�" for letter in text)
    return safe.replace("[", "\\[")


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console.width = 160  # a pipe has no width: one line an item
    return console
