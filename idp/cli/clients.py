"""`idp clients`: register, list, show and remove relying parties."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.authentication import outbox
from idp.authentication.logout_outbox import LOGOUTS
from idp.cli.context import CliContext, pass_cli
from idp.oidc import registration, software_statements
from idp.oidc.request_guard import unique_members
from idp.relying_parties import own_registration, registration_tokens
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import MAX_BYTES
from idp.signals.delivery import SIGNALS

STANDARD_INPUT = "-"
_TOLD = (LOGOUTS, SIGNALS)


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
    document, now = _read_json(metadata), clock.now()
    with _refusals():
        if isinstance(document, dict):
            document = software_statements.applied(provider, document, now=now)
        provider.relying_parties.confirm(document)
    with _refusals(), provider.database.transaction() as session:
        response = provider.relying_parties.add(
            session,
            provider.audit,
            document,
            sandbox=cli.config.sandbox.enabled,
            now=now,
            overlap=timedelta(hours=overlap_hours),
        )
        approved = own_registration.approved_of(response)
        registration_tokens.approve(session, response["client_id"], approved)
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
    ended = registration.remove(cli.provider, client_id, now=clock.now())
    click.echo(f"removed {client_id}; {ended} permissions ended")


@group.command("initial-token")
@click.argument("metadata", metavar="[METADATA.json|-]", required=False)
@click.option(
    "--uses",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="How many clients may be registered with it.",
)
@pass_cli
def initial_token(cli: CliContext, metadata: str | None, uses: int) -> None:
    """Let somebody register clients over HTTP; print their token (RFC 7591 §3).

    The metadata is what you approve: it prevails over what a client asks, and bounds
    its scope. Outside a sandbox it holds the purposes of every claim.
    """
    provider, sandbox = cli.provider, cli.config.sandbox.enabled
    with _refusals():
        approved = own_registration.check_approved(
            _read_json(metadata) if metadata else {}, sandbox=sandbox
        )
    now = clock.now()
    expires_at = now + timedelta(seconds=cli.config.registration.initial_token)
    with provider.database.transaction() as session:
        token = registration_tokens.issue_initial(
            session,
            provider.audit,
            approved,
            uses=uses,
            expires_at=expires_at,
            now=now,
        )
    _print_json(
        {
            "initial_access_token": token,
            "registration_endpoint": f"{cli.config.issuer}{registration.PATH}",
            "expires_at": clock.timestamp(expires_at),
            "uses": uses,
        }
    )


@group.command("registration-token")
@click.argument("client_id")
@pass_cli
def registration_token(cli: CliContext, client_id: str) -> None:
    """Let a client manage itself over HTTP; print its new token (RFC 7592 §3).

    The client's former token is dead. Scope, purposes, sector and minimum_acr stay as
    they are registered now, unless the client came by a token with its own approval.
    """
    provider = cli.provider
    with provider.database.transaction() as session:
        connection = session.connection()
        described = provider.relying_parties.document(connection, client_id)
        approved = registration_tokens.find_approved(connection, client_id)
        if approved is None:
            approved = own_registration.approved_of(described)
        token = registration_tokens.issue(
            session, provider.audit, client_id, approved, now=clock.now()
        )
    _print_json(
        {
            "registration_access_token": token,
            "registration_client_uri": registration.address(provider, client_id),
        }
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell a refusal as RFC 7591 §3.2.2 does, so that a script can read it as well."""
    try:
        yield
    except InvalidMetadataError as refused:
        _print_json({"error": refused.error, "error_description": refused.description})
        raise click.ClickException(f"{refused.error}: {refused.description}") from None


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
        return json.loads(text, object_pairs_hook=unique_members)
    except OSError as error:
        raise click.ClickException(f"cannot read {name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{name} is not JSON: {error}") from error


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
