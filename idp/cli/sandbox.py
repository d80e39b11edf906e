"""`idp sandbox`: the synthetic citizens and their messages."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.accounts.contacts import parse_phone
from idp.cli.context import CliContext, pass_cli
from idp.factors.carrier import SandboxCarrier
from idp.factors.gateway import SandboxOutbox
from idp.factors.mail import SandboxLetters
from idp.sandbox import cards, loader, target
from idp.sandbox.newcomers import newcomers as people_without_account


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
    table = Table(title="Sandbox citizens (all invented)", box=SIMPLE_HEAD)
    for name in ("number", "password", "lvl"):
        table.add_column(name, no_wrap=True)
    table.add_column("who")
    for citizen in listing:
        table.add_row(
            citizen["personal_number"],
            citizen["password"],
            str(citizen["account_level"]),
            _who(citizen),
        )
    Console().print(table)


@group.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@pass_cli
def newcomers(cli: CliContext, *, as_json: bool) -> None:
    """List people without an account, for trying enrolment."""
    listing = people_without_account(cli.provider)
    if as_json:
        click.echo(json.dumps(listing, ensure_ascii=False, indent=2))
        return
    table = Table(title="Newcomers (all invented)", box=SIMPLE_HEAD)
    for name in ("number", "name", "birth date", "phone", "story"):
        table.add_column(name, no_wrap=name == "number")
    for one in listing:
        table.add_row(
            one["personal_number"],
            one["name"],
            one["birth_date"],
            one["phone"] or "",
            one["story"] + (" (has an account)" if one["has_account"] else ""),
        )
    Console().print(table)


@group.command()
@click.option("--phone", help="Only the messages to this phone, in any form.")
@click.option("--email", help="Only the letters to this address.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@pass_cli
def outbox(
    cli: CliContext, *, phone: str | None, email: str | None, as_json: bool
) -> None:
    """Show the messages and letters that the sandbox kept, newest first."""
    loader.require_sandbox(cli.config)
    rows = _kept(cli, phone, email)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("sent", "to", "text")
    for row in rows:
        sent = datetime.fromisoformat(row["sent_at"]).astimezone()
        to = row.get("phone") or row["email"]
        table.add_row(sent.strftime("%d/%m/%Y %H:%M:%S"), to, row["text"])
    Console().print(table)


@group.command(name="change-sim")
@click.argument("phone")
@pass_cli
def change_sim(cli: CliContext, phone: str) -> None:
    """Let the sandbox's carrier say that PHONE has just got a new SIM."""
    loader.require_sandbox(cli.config)
    carrier = SandboxCarrier(cli.provider.ephemeral)
    carrier.change_sim(parse_phone(phone), clock.now())
    click.echo("Noted; with carrier.check = 'sandbox' its codes are held back.")


@group.command(name="target")
@pass_cli
def attack_target(cli: CliContext) -> None:
    """Register the attack suite's clients; print what `idp attack` needs.

    Not with staff.two_persons: there no command registers portals alone.
    """
    if cli.config.staff.two_persons:
        raise click.UsageError("registering portals takes two: staff.two_persons")
    known = target.prepare(cli.provider, clock.now())
    click.echo(json.dumps(known, ensure_ascii=False, indent=2))


@group.command("card-data")
@pass_cli
def card_data(cli: CliContext) -> None:
    """Print what is written on the citizens' cards, for the demo's card issuer."""
    data = cards.card_data(cli.provider)
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


@group.command("enrol-cards")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@pass_cli
def enrol_cards(cli: CliContext, folder: Path) -> None:
    """Enrol the cards of a folder with the citizens whose numbers they bear."""
    enrolled = cards.enrol_cards(cli.provider, folder, now=clock.now())
    click.echo(f"{enrolled} cards enrolled." if enrolled else "Nothing to do.")


def _kept(
    cli: CliContext, phone: str | None, email: str | None
) -> list[dict[str, str]]:
    database = cli.provider.database
    rows: list[dict[str, str]] = []
    if not email:
        rows += [
            {"phone": m.phone, "text": m.text, "sent_at": m.sent_at.isoformat()}
            for m in SandboxOutbox(database).list(phone and parse_phone(phone))
        ]
    if not phone:
        rows += [
            {
                "email": item.email,
                "subject": item.subject,
                "text": item.text,
                "sent_at": item.sent_at.isoformat(),
            }
            for item in SandboxLetters(database).list(email)
        ]
    return sorted(rows, key=lambda row: row["sent_at"], reverse=True)


def _who(citizen: Mapping[str, Any]) -> str:
    # Each on a line of its own, so that a seed stays whole on 80 columns.
    lines = [citizen["story"]]
    if citizen["lock"]:
        lines.append(f"locked: {citizen['lock'].replace('_', ' ')}")
    elif citizen["state"] != "active":
        lines.append(citizen["state"].replace("_", " "))
    if citizen["totp_secret"]:
        lines.append(citizen["totp_secret"])
    if "sms" in citizen["factors"]:
        lines.append(f"SMS to {citizen['phone']}")
    return "\n".join(lines)
