"""`idp accounts`: create, show, lock and unlock citizens' accounts."""

from typing import IO

import click
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.accounts import lifecycle
from idp.accounts.contacts import mask_email, mask_phone, read_contacts
from idp.accounts.identifiers import current_number, mask_number
from idp.accounts.identity import read_identity
from idp.accounts.lifecycle import STATES, State
from idp.accounts.models import Account
from idp.accounts.organisations import NO_LEVEL
from idp.accounts.standing import read_standing
from idp.cli import two_persons
from idp.cli.account_changes import CHANGES
from idp.cli.account_input import find_account, read_new_account
from idp.cli.account_locks import lock, unlock
from idp.cli.context import CliContext, pass_cli
from idp.factors.enrolled import enrolled_kinds


@click.group()
def group() -> None:
    """Create, show, lock and unlock citizens' accounts.

    ACCOUNT is an account's id, or - to enter the personal number unseen.
    """


for command in (lock, unlock, *CHANGES):
    group.add_command(command)


@group.command()
@click.argument("source", type=click.File(encoding="utf-8"), default="-")
@click.option("--level", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--state", type=click.Choice(STATES), default="submitted")
@two_persons.alone_options
@pass_cli
def add(  # noqa: PLR0913 - as many options
    cli: CliContext,
    source: IO[str],
    level: int,
    state: State,
    reason: str,
    *,
    break_glass: bool,
) -> None:
    """Create an account from JSON in SOURCE (a file, or - for standard input).

    Members: personal_number, phone, email, and of the identity family_name,
    middle_name, given_name, birth_date, gender, nationality and so on. Prints the id.
    """
    new, named = read_new_account(cli, source, level=level, state=state), str(level)
    act = "account.add"
    two_persons.require_broken_glass(cli, act, named, reason, break_glass=break_glass)
    provider, now = cli.provider, clock.now()
    with provider.database.transaction() as session:
        account_id = lifecycle.create_account(
            session, provider.audit, provider.sealer, new, now=now
        )
    click.echo(account_id)


@group.command(name="list")
@click.option("--state", type=click.Choice(STATES), help="Only accounts in this state.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@pass_cli
def list_(cli: CliContext, state: str | None, limit: int) -> None:
    """List accounts, the oldest first, with their numbers masked."""
    people = sa.select(Account.id).where(Account.level > NO_LEVEL)
    query = people.order_by(Account.created_at, Account.id).limit(limit)
    if state is not None:
        query = query.where(Account.state == state)
    table = Table("account", "number", "level", "state", "locks", "factors")
    with cli.provider.database.read() as connection:
        for account_id in connection.execute(query).scalars().all():
            standing = read_standing(connection, account_id)
            number = current_number(connection, cli.provider.sealer, account_id)
            table.add_row(
                str(account_id),
                mask_number(number),
                str(standing.level),
                standing.state,
                ", ".join(standing.locks),
                ", ".join(sorted(enrolled_kinds(connection, account_id))),
            )
    Console().print(table)


@group.command()
@click.argument("account")
@pass_cli
def show(cli: CliContext, account: str) -> None:
    """Show one account, its personal data masked."""
    account_id, sealer = find_account(cli, account), cli.provider.sealer
    with cli.provider.database.read() as connection:
        standing = read_standing(connection, account_id)
        contacts = read_contacts(connection, sealer, account_id)
        identity = read_identity(connection, sealer, account_id)
        number = current_number(connection, sealer, account_id)
        kinds = enrolled_kinds(connection, account_id)
    table = Table(show_header=False)
    table.add_row("account", str(account_id))
    table.add_row("number", mask_number(number))
    table.add_row("name", identity.masked_name)
    table.add_row("level", str(standing.level))
    table.add_row("state", standing.state)
    table.add_row("locks", ", ".join(standing.locks) or "none")
    table.add_row("phone", mask_phone(contacts.phone) if contacts.phone else "none")
    table.add_row("e-mail", mask_email(contacts.email) if contacts.email else "none")
    table.add_row("factors", ", ".join(["pwd", *sorted(kinds)]))
    Console().print(table)
