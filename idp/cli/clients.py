"""`idp clients`: register, list, show and remove relying parties."""

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.authentication import outbox
from idp.authentication.logout_outbox import LOGOUTS
from idp.cli.context import CliContext, pass_cli
from idp.consent import grants
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import MAX_BYTES

STANDARD_INPUT = "-"
_TOLD = (LOGOUTS,)


@click.group()
def group() -> None:
    """Register, show and remove relying parties (clients of OpenID Connect)."""


@group.command()
@click.argument("metadata", metavar="METADATA.json|-")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 24 * 90),
    default=24.0,
    show_default=True,
    help="How long replaced keys and secrets stay valid; 0 after a leak.",
)
@pass_cli
def add(cli: CliContext, metadata: str, overlap_hours: float) -> None:
    """Register a client from RFC 7591 metadata; answer as RFC 7591 does, in JSON.

    A client_id that is registered already is replaced: its grants go on, and its
    earlier keys and secrets stay valid for a while.
    """
    provider = cli.provider
    document = _read_json(metadata)
    try:
        with provider.database.transaction() as session:
            response = provider.relying_parties.add(
                session,
                provider.audit,
                document,
                sandbox=cli.config.sandbox.enabled,
                now=clock.now(),
                overlap=timedelta(hours=overlap_hours),
            )
    except InvalidMetadataError as refused:
        # RFC 7591 §3.2.2, so that a script can read the refusal as well.
        _print_json({"error": refused.error, "error_description": refused.description})
        raise click.ClickException(f"{refused.error}: {refused.description}") from None
    _print_json(response)


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@pass_cli
def list_clients(cli: CliContext, *, as_json: bool) -> None:
    """List the registered clients."""
    with cli.provider.database.read() as connection:
        documents = cli.provider.relying_parties.documents(connection)
    if as_json:
        _print_json(documents)
        return
    table = Table("client_id", "name", "authentication", "sector", "scope")
    for document in documents:
        table.add_row(
            document["client_id"],
            document["client_name"],
            document["token_endpoint_auth_method"],
            document["sector"],
            document["scope"],
        )
    Console().print(table)


@group.command()
@click.argument("client_id")
@pass_cli
def show(cli: CliContext, client_id: str) -> None:
    """Print what is registered of one client, without secrets, in JSON."""
    with cli.provider.database.read() as connection:
        _print_json(cli.provider.relying_parties.document(connection, client_id))


@group.command()
@click.argument("client_id")
@pass_cli
def remove(cli: CliContext, client_id: str) -> None:
    """Remove a client: its secrets, and every citizen's permission for it."""
    provider, now = cli.provider, clock.now()
    with provider.database.transaction() as session:
        provider.relying_parties.remove(session, provider.audit, client_id, now=now)
        ended = grants.end_all_of_client(session, provider.audit, client_id, now=now)
    for grant_id in ended:
        provider.ephemeral.drop_grant(str(grant_id))
    click.echo(f"removed {client_id}; {len(ended)} permissions ended")


@group.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@pass_cli
def waiting(cli: CliContext, *, as_json: bool) -> None:
    """List the portals that did not hear something yet, and what they answered."""
    with cli.provider.database.read() as connection:
        found = [one for kind in _TOLD for one in outbox.waiting(connection, kind)]
    rows = [
        {**asdict(one), "due_at": one.due_at and one.due_at.isoformat()}
        for one in found
    ]
    if as_json:
        _print_json(rows)
        return
    table = Table("kind", "client_id", "notices", "attempts", "next", "last answer")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    Console().print(table)


def _read_json(name: str) -> object:
    try:
        if name == STANDARD_INPUT:
            text = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise click.ClickException(f"{name} is longer than {MAX_BYTES} bytes")
        return json.loads(text, object_pairs_hook=_no_duplicates)
    except OSError as error:
        raise click.ClickException(f"cannot read {name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{name} is not JSON: {error}") from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
