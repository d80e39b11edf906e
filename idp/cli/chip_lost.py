"""`idp chip lost`: the cards that prove nothing any more."""

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.accounts import identifiers
from idp.approvals import trust
from idp.cli import two_persons
from idp.cli.context import CliContext, pass_cli
from idp.errors import NotFoundError
from idp.factors import chip_lost
from idp.factors.chip_card import document_index, printed_number
from keys.sealing import BlindIndex

_DOCUMENT = click.option(
    "--document", help="The document number, if it is not the number's last nine."
)


@click.group()
def lost() -> None:
    """Report cards lost, list the reports and withdraw them."""


@lost.command()
@click.argument("number")
@_DOCUMENT
@click.option(
    "--ground",
    type=click.Choice(["lost", "stolen", "revoked"]),
    default="lost",
    show_default=True,
)
@pass_cli
def add(cli: CliContext, *, number: str, document: str | None, ground: str) -> None:
    """Refuse every card of this personal number that was issued until today."""
    index, now = _index(cli, number, document), clock.now()
    provider = cli.provider
    with provider.database.transaction() as session:
        account_id = identifiers.find_account_id(session, provider.sealer, number)
        chip_lost.add(
            session,
            provider.audit,
            index,
            ground=ground,
            account_id=account_id,
            now=now,
        )
    click.echo("Reported: no card of that number issued until today is accepted.")


@lost.command()
@click.argument("number")
@_DOCUMENT
@two_persons.options
@pass_cli
def remove(
    cli: CliContext,
    *,
    number: str,
    document: str | None,
    reason: str,
    break_glass: bool,
) -> None:
    """Withdraw the report of a card that was found again."""
    index, provider, act = _index(cli, number, document), cli.provider, trust.FOUND
    with provider.database.read() as connection:
        account_id = identifiers.find_account_id(connection, provider.sealer, number)
    named = trust.card_of(index)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        two_persons.propose(cli, act, trust.finding(index, account_id), reason)
        return
    with provider.database.transaction() as session:
        found = chip_lost.remove(
            session, provider.audit, index, account_id=account_id, now=clock.now()
        )
    if not found:
        raise NotFoundError("no such report")
    click.echo("Withdrawn. A card that its account no longer has must be added again.")


@lost.command("list")
@pass_cli
def list_reports(cli: CliContext) -> None:
    """List the reports; a card is named by a digest, its number is not kept."""
    with cli.provider.database.read() as connection:
        reports = chip_lost.list_reports(connection)
    table = Table("card", "ground", "reported")
    for report in reports:
        reported = report.reported_at.astimezone().strftime("%d/%m/%Y %H:%M")
        table.add_row(report.index.hex()[:16], report.ground, reported)
    Console().print(table)


def _index(cli: CliContext, number: str, document: str | None) -> BlindIndex:
    number = identifiers.parse_personal_number(
        number, sandbox=cli.config.sandbox.enabled, now=clock.now()
    )
    return document_index(
        cli.provider.sealer, number=number, document=document or printed_number(number)
    )
