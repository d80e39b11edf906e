"""`idp sandbox`: the synthetic citizens and their messages."""

import json

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.accounts.contacts import parse_phone
from idp.cli.context import CliContext, pass_cli
from idp.factors.gateway import SandboxOutbox
from idp.sandbox import loader


@click.group()
def group() -> None:
    """Load and list the synthetic citizens; read their messages."""


@group.command()
@pass_cli
def load(cli: CliContext) -> None:
    """Create the citizens who do not exist yet; the others stay as they are."""
    created = loader.load(cli.provider, clock.now())
    click.echo(f"{created} citizens created." if created else "Nothing to do.")


@group.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--locale", type=click.Choice(["en", "vi"]), default="en")
@pass_cli
def citizens(cli: CliContext, *, as_json: bool, locale: str) -> None:
    """List everyone with all that is needed to sign in as them."""
    listing = loader.citizens(cli.provider, locale=locale)
    if as_json:
        click.echo(json.dumps(listing, ensure_ascii=False, indent=2))
        return
    table = Table(title="Sandbox citizens (all invented)")
    for name in ("number", "password", "level", "state", "also asked", "story"):
        table.add_column(name, no_wrap=name in {"number", "password"})
    for citizen in listing:
        state = citizen["state"]
        if citizen["lock"]:
            state += f": {citizen['lock'].replace('_', ' ')}"
        table.add_row(
            citizen["personal_number"],
            citizen["password"],
            str(citizen["account_level"]),
            state,
            _second_factor(citizen),
            citizen["story"],
        )
    Console().print(table)


@group.command()
@click.option("--phone", help="Only the messages to this phone, in any form.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@pass_cli
def outbox(cli: CliContext, *, phone: str | None, as_json: bool) -> None:
    """Show the messages that the sandbox kept, newest first."""
    loader.require_sandbox(cli.config)
    kept = SandboxOutbox(cli.provider.database).list(phone and parse_phone(phone))
    if as_json:
        rows = [
            {"phone": m.phone, "text": m.text, "sent_at": m.sent_at.isoformat()}
            for m in kept
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("sent", "phone", "text")
    for message in kept:
        sent = message.sent_at.astimezone().strftime("%d/%m/%Y %H:%M:%S")
        table.add_row(sent, message.phone, message.text)
    Console().print(table)


def _second_factor(citizen: dict[str, object]) -> str:
    if citizen["totp_secret"]:
        return f"TOTP {citizen['totp_secret']}"
    factors = citizen["factors"]
    is_sms = isinstance(factors, list) and "sms" in factors
    return f"SMS to {citizen['phone']}" if is_sms else ""
