"""How a command is told of an account without personal data on its command line.

An account is named by its id, or by `-` to read the personal number from the terminal
or standard input: a command line stays in the shell's history and in the list of
processes. Only a sandbox number may be written out.
"""

import json
import sys
from typing import IO, Any, cast
from uuid import UUID

import click

from idp import clock
from idp.accounts.contacts import parse_email, parse_phone
from idp.accounts.identifiers import (
    SANDBOX_PREFIX,
    find_account_id,
    parse_personal_number,
)
from idp.accounts.identity import parse_identity
from idp.accounts.lifecycle import NewAccount, State
from idp.cli.context import CliContext
from idp.errors import NotFoundError


def read_new_account(
    cli: CliContext, source: IO[str], *, level: int, state: State
) -> NewAccount:
    """Read an account as JSON: number, phone, e-mail and the identity's members."""
    try:
        values = json.load(source)
    except ValueError as error:
        raise click.UsageError("SOURCE is not JSON") from error
    if not isinstance(values, dict) or "personal_number" not in values:
        raise click.UsageError("SOURCE is an object with a personal_number")
    parts = cast("dict[str, Any]", values)
    number, phone, email = (
        parts.pop(name, None) for name in ("personal_number", "phone", "email")
    )
    return NewAccount(
        number=_parse_number(cli, str(number)),
        identity=parse_identity(parts),
        level=level,
        state=state,
        phone=parse_phone(str(phone)) if phone else None,
        email=parse_email(str(email)) if email else None,
    )


def find_account(cli: CliContext, account: str) -> UUID:
    """Return the account that the argument names, also by a former number."""
    try:
        return UUID(account)
    except ValueError:
        pass
    number = (
        read_number(cli, "Personal number")
        if account == "-"
        else _parse_number(cli, account)
    )
    if account != "-" and not number.startswith(SANDBOX_PREFIX):
        raise click.UsageError("name the account by its id, or enter - and the number")
    provider = cli.provider
    with provider.database.read() as connection:
        account_id = find_account_id(connection, provider.sealer, number)
    if account_id is None:
        raise NotFoundError("no such account")
    return account_id


def read_number(cli: CliContext, what: str) -> str:
    """Ask for a personal number unseen."""
    return _parse_number(cli, read_secret(what, confirm=False))


def _parse_number(cli: CliContext, text: str) -> str:
    return parse_personal_number(
        text, sandbox=cli.config.sandbox.enabled, now=clock.now()
    )


def read_secret(what: str, *, confirm: bool) -> str:
    """Ask for a line unseen on a terminal, or read it from standard input."""
    if sys.stdin.isatty():
        text: str = click.prompt(what, hide_input=True, confirmation_prompt=confirm)
        return text
    return sys.stdin.readline().rstrip("\r\n")
