"""`idp clients`: register, list, show and remove relying parties."""

from dataclasses import asdict
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.approvals import portals
from idp.authentication import outbox
from idp.authentication.logout_outbox import LOGOUTS
from idp.cli import two_persons
from idp.cli.client_metadata import print_json, read_json, refusals
from idp.cli.client_tokens import TOKENS
from idp.cli.context import CliContext, pass_cli
from idp.oidc import registration, software_statements
from idp.relying_parties import own_registration, registration_tokens
from idp.signals.delivery import SIGNALS

_TOLD = (LOGOUTS, SIGNALS)


@click.group()
def group() -> None:
    """Register, show and remove relying parties (clients of OpenID Connect)."""


for command in TOKENS:
    group.add_command(command)


@group.command()
@click.argument("metadata", metavar="METADATA.json|-")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 24 * 90),
    default=24.0,
    show_default=True,
    help="How long replaced keys and secrets stay valid; 0 after a leak.",
)
@two_persons.options
@pass_cli
def add(
    cli: CliContext,
    metadata: str,
    overlap_hours: float,
    reason: str,
    *,
    break_glass: bool,
) -> None:
    """Register a client from RFC 7591 metadata; answer as RFC 7591 does, in JSON.

    A client_id that is registered already is replaced: its grants go on, and its
    earlier keys and secrets stay valid for a while. Where it takes two it is proposed,
    and the secret in the answer works once it is approved.
    """
    provider, overlap = cli.provider, timedelta(hours=overlap_hours)
    document, now = read_json(metadata), clock.now()
    with refusals():
        if isinstance(document, dict):
            document = software_statements.applied(provider, document, now=now)
        provider.relying_parties.confirm(document)
    act = portals.REGISTER
    named = _named(document)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        with refusals(), provider.database.transaction() as session:
            draft = portals.draft(provider, session, document, overlap=overlap, now=now)
        two_persons.propose(cli, draft.kind, draft.payload, reason)
        print_json(draft.answer)
        return
    with refusals(), provider.database.transaction() as session:
        response = provider.relying_parties.add(
            session,
            provider.audit,
            document,
            sandbox=cli.config.sandbox.enabled,
            now=now,
            overlap=overlap,
        )
        approved = own_registration.approved_of(response)
        registration_tokens.approve(session, response["client_id"], approved)
    print_json(response)


def _named(document: object) -> str:
    """Return the portal's id, or its name where the id is still to be made."""
    told = document if isinstance(document, dict) else {}
    return str(told.get("client_id") or told.get("client_name") or "")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@pass_cli
def list_clients(cli: CliContext, *, as_json: bool) -> None:
    """List the registered clients."""
    with cli.provider.database.read() as connection:
        documents = cli.provider.relying_parties.documents(connection)
    if as_json:
        print_json(documents)
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
        print_json(cli.provider.relying_parties.document(connection, client_id))


@group.command()
@click.argument("client_id")
@two_persons.options
@pass_cli
def remove(cli: CliContext, client_id: str, reason: str, *, break_glass: bool) -> None:
    """Remove a client: its secrets, and every citizen's permission for it."""
    act = portals.REMOVE
    if two_persons.only_proposes(cli, act, client_id, reason, break_glass=break_glass):
        with cli.provider.database.read() as connection:
            cli.provider.relying_parties.document(connection, client_id)
        two_persons.propose(cli, act, {"client_id": client_id}, reason)
        return
    ended = registration.remove(cli.provider, client_id, now=clock.now())
    click.echo(f"removed {client_id}; {ended} permissions ended")


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
        print_json(rows)
        return
    table = Table("kind", "client_id", "notices", "attempts", "next", "last answer")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    Console().print(table)
