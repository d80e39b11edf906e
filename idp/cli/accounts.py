"""`idp accounts`: create, show, lock and unlock citizens' accounts."""

from datetime import timedelta
from typing import IO

import click
import segno
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.accounts import lifecycle
from idp.accounts.contacts import (
    mask_email,
    mask_phone,
    parse_phone,
    read_contacts,
)
from idp.accounts.identifiers import current_number, mask_number, replace_number
from idp.accounts.identity import read_identity
from idp.accounts.lifecycle import STATES, State
from idp.accounts.models import Account
from idp.accounts.organisations import NO_LEVEL
from idp.accounts.standing import read_standing
from idp.cli.account_input import (
    find_account,
    read_new_account,
    read_number,
    read_secret,
)
from idp.cli.account_locks import lock, unlock
from idp.cli.context import CliContext, pass_cli
from idp.factors import holds, notices, totp
from idp.factors import password as passwords
from idp.factors.enrolled import enrolled_kinds


@click.group()
def group() -> None:
    """Create, show, lock and unlock citizens' accounts.

    ACCOUNT is an account's id, or - to enter the personal number unseen.
    """


group.add_command(lock)
group.add_command(unlock)


@group.command()
@click.argument("source", type=click.File(encoding="utf-8"), default="-")
@click.option("--level", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--state", type=click.Choice(STATES), default="submitted")
@pass_cli
def add(cli: CliContext, source: IO[str], level: int, state: State) -> None:
    """Create an account from JSON in SOURCE (a file, or - for standard input).

    Members: personal_number, phone, email, and of the identity family_name,
    middle_name, given_name, birth_date, gender, nationality and so on. Prints the id.
    """
    new = read_new_account(cli, source, level=level, state=state)
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


@group.command(name="set-state")
@click.argument("account")
@click.argument("state", type=click.Choice(STATES))
@pass_cli
def set_state(cli: CliContext, account: str, state: State) -> None:
    """Move an account one state forward, up to active."""
    account_id, provider = find_account(cli, account), cli.provider
    with provider.database.transaction() as session:
        lifecycle.change_state(
            session, provider.audit, account_id, state, now=clock.now()
        )
    click.echo(f"Now {state}.")


@group.command(name="set-level")
@click.argument("account")
@click.argument("level", type=click.IntRange(1, 2))
@pass_cli
def set_level(cli: CliContext, account: str, level: int) -> None:
    """Raise or lower an account's level."""
    account_id, provider = find_account(cli, account), cli.provider
    with provider.database.transaction() as session:
        lifecycle.change_level(
            session, provider.audit, account_id, level, now=clock.now()
        )
    click.echo(f"Now level {level}.")


@group.command(name="replace-number")
@click.argument("account")
@pass_cli
def replace(cli: CliContext, account: str) -> None:
    """Give an account a new personal number, entered unseen; the old stays known."""
    account_id, provider = find_account(cli, account), cli.provider
    number, now = read_number(cli, "New personal number"), clock.now()
    with provider.database.transaction() as session:
        known = read_contacts(session, provider.sealer, account_id)
        replace_number(
            session,
            provider.audit,
            provider.sealer,
            account_id,
            number,
            now=now,
        )
    notices.warn(provider, known, "number_replaced", now)
    provider.courier.wait()
    click.echo("Number replaced.")


@group.command(name="set-phone")
@click.argument("account")
@pass_cli
def set_phone(cli: CliContext, account: str) -> None:
    """Give an account another phone, entered unseen; codes to it are held back."""
    account_id, provider = find_account(cli, account), cli.provider
    phone, now = parse_phone(read_secret("New phone", confirm=False)), clock.now()
    until = now + timedelta(seconds=provider.config.lifetimes.held_factor)
    with provider.database.transaction() as session:
        before = read_contacts(session, provider.sealer, account_id)
        holds.change_phone(
            session,
            provider.audit,
            provider.sealer,
            account_id,
            phone,
            held_until=until,
            now=now,
        )
    notices.warn(provider, before, "phone_changed", now)
    provider.courier.wait()
    click.echo(f"Phone set; codes to it count from {until:%Y-%m-%d %H:%M} UTC.")


@group.command(name="set-password")
@click.argument("account")
@pass_cli
def set_password(cli: CliContext, account: str) -> None:
    """Set a password, asked for unseen or read from standard input."""
    account_id, provider = find_account(cli, account), cli.provider
    password = read_secret("Password", confirm=True)
    password_hash = provider.passwords.hash(password)
    with provider.database.transaction() as session:
        passwords.set_password(
            session, provider.audit, account_id, password_hash, now=clock.now()
        )
    click.echo("Password set.")


@group.command(name="add-totp")
@click.argument("account")
@click.option("--label", default="", help="What the citizen calls this app.")
@pass_cli
def add_totp(cli: CliContext, account: str, label: str) -> None:
    """Enrol an authenticator app; prints its URI and QR code, once."""
    account_id, provider = find_account(cli, account), cli.provider
    with provider.database.transaction() as session:
        number = current_number(session, provider.sealer, account_id)
        secret = totp.enrol(
            session,
            provider.audit,
            provider.sealer,
            account_id,
            now=clock.now(),
            label=label,
        )
    # The app shows this name for years: the masked number is enough to recognise.
    uri = totp.provisioning_uri(
        secret,
        account_name=mask_number(number),
        issuer=provider.config.pages.operator,
    )
    click.echo(uri)
    segno.make(uri, micro=False).terminal(compact=True)
