"""What `idp accounts` changes of an account, by whoever runs the host."""

from collections.abc import Callable
from datetime import timedelta
from functools import update_wrapper
from typing import Any
from uuid import UUID

import click
import segno

from idp import clock
from idp.accounts import lifecycle
from idp.accounts.contacts import parse_phone, read_contacts
from idp.accounts.identifiers import current_number, mask_number, replace_number
from idp.accounts.lifecycle import STATES, State
from idp.cli import two_persons
from idp.cli.account_input import find_account, read_number, read_secret
from idp.cli.context import CliContext, pass_cli
from idp.factors import holds, notices, totp
from idp.factors import password as passwords

_Change = Callable[..., None]


def _changing(act: str) -> Callable[[_Change], click.Command]:
    """Make a command of what changes an account; where it takes two, by a glass alone.

    Officers change accounts on their pages, by papers and proofs; by command one person
    could take an account over.
    """

    def decorate(change: _Change) -> click.Command:
        @pass_cli
        def command(
            cli: CliContext,
            /,
            account: str,
            reason: str,
            *,
            break_glass: bool,
            **more: Any,
        ) -> None:
            account_id = find_account(cli, account)
            two_persons.require_broken_glass(
                cli, act, str(account_id), reason, break_glass=break_glass
            )
            change(cli, account_id, **more)

        named = act.partition(".")[2].replace("_", "-")
        of_account = click.argument("account")(update_wrapper(command, change))
        return click.command(named)(two_persons.alone_options(of_account))

    return decorate


@_changing("account.set_state")
@click.argument("state", type=click.Choice(STATES))
def set_state(cli: CliContext, account_id: UUID, state: State) -> None:
    """Move an account one state forward, up to active."""
    provider = cli.provider
    with provider.database.transaction() as session:
        lifecycle.change_state(
            session, provider.audit, account_id, state, now=clock.now()
        )
    click.echo(f"Now {state}.")


@_changing("account.set_level")
@click.argument("level", type=click.IntRange(1, 2))
def set_level(cli: CliContext, account_id: UUID, level: int) -> None:
    """Raise or lower an account's level."""
    provider = cli.provider
    with provider.database.transaction() as session:
        lifecycle.change_level(
            session, provider.audit, account_id, level, now=clock.now()
        )
    click.echo(f"Now level {level}.")


@_changing("account.replace_number")
def replace(cli: CliContext, account_id: UUID) -> None:
    """Give an account a new personal number, entered unseen; the old stays known."""
    provider = cli.provider
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


@_changing("account.set_phone")
def set_phone(cli: CliContext, account_id: UUID) -> None:
    """Give an account another phone, entered unseen; codes to it are held back."""
    provider = cli.provider
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


@_changing("account.set_password")
def set_password(cli: CliContext, account_id: UUID) -> None:
    """Set a password, asked for unseen or read from standard input."""
    provider = cli.provider
    password = read_secret("Password", confirm=True)
    password_hash = provider.passwords.hash(password)
    with provider.database.transaction() as session:
        passwords.set_password(
            session, provider.audit, account_id, password_hash, now=clock.now()
        )
    click.echo("Password set.")


@_changing("account.add_totp")
@click.option("--label", default="", help="What the citizen calls this app.")
def add_totp(cli: CliContext, account_id: UUID, label: str) -> None:
    """Enrol an authenticator app; prints its URI and QR code, once."""
    provider = cli.provider
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


CHANGES = (set_state, set_level, replace, set_phone, set_password, add_totp)
