"""The tokens of `idp clients`: who registers and manages portals over HTTP."""

from datetime import timedelta
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.approvals import portals
from idp.cli import two_persons
from idp.cli.client_metadata import print_json, read_json, refusals
from idp.cli.context import CliContext, pass_cli
from idp.oidc import registration
from idp.relying_parties import own_registration, registration_tokens


@click.command()
@click.argument("metadata", metavar="[METADATA.json|-]", required=False)
@click.option(
    "--uses",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="How many clients may be registered with it.",
)
@two_persons.options
@pass_cli
def initial_token(
    cli: CliContext,
    metadata: str | None,
    uses: int,
    reason: str,
    *,
    break_glass: bool,
) -> None:
    """Let somebody register clients over HTTP; print their token (RFC 7591 §3).

    The metadata is what you approve: it prevails over what a client asks, and bounds
    its scope. Outside a sandbox it holds the purposes of every claim.
    """
    provider, sandbox = cli.provider, cli.config.sandbox.enabled
    with refusals():
        approved = own_registration.check_approved(
            read_json(metadata) if metadata else {}, sandbox=sandbox
        )
    act = portals.INITIAL_TOKEN
    if two_persons.only_proposes(cli, act, str(uses), reason, break_glass=break_glass):
        token, digest = registration_tokens.new_token()
        payload = {"approved": approved, "uses": uses, "digest": digest.hex()}
        two_persons.propose(cli, act, payload, reason)
        print_json({"initial_access_token": token, "uses": uses})
        return
    now = clock.now()
    expires_at = now + timedelta(seconds=cli.config.registration.initial_token)
    with provider.database.transaction() as session:
        token_id, token = registration_tokens.issue_initial(
            session,
            provider.audit,
            approved,
            uses=uses,
            expires_at=expires_at,
            now=now,
        )
    print_json(
        {
            "id": str(token_id),
            "initial_access_token": token,
            "registration_endpoint": f"{cli.config.issuer}{registration.PATH}",
            "expires_at": clock.timestamp(expires_at),
            "uses": uses,
        }
    )


@click.command()
@click.argument("client_id")
@two_persons.options
@pass_cli
def registration_token(
    cli: CliContext, client_id: str, reason: str, *, break_glass: bool
) -> None:
    """Let a client manage itself over HTTP; print its new token (RFC 7592 §3).

    The client's former token is dead. Scope, purposes, sector, minimum_acr, hosts and
    protections stay as they are registered now, unless the client came by a token with
    its own approval.
    """
    provider, act = cli.provider, portals.OWN_TOKEN
    with provider.database.read() as connection:
        described = provider.relying_parties.document(connection, client_id)
        approved = registration_tokens.find_approved(connection, client_id)
    if approved is None:
        approved = own_registration.approved_of(described)
    token, digest = registration_tokens.new_token()
    if two_persons.only_proposes(cli, act, client_id, reason, break_glass=break_glass):
        payload = {"approved": approved, "client_id": client_id, "digest": digest.hex()}
        two_persons.propose(cli, act, payload, reason)
    else:
        with provider.database.transaction() as session:
            registration_tokens.keep(
                session, provider.audit, client_id, approved, digest, now=clock.now()
            )
    print_json(
        {
            "registration_access_token": token,
            "registration_client_uri": registration.address(provider, client_id),
        }
    )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@pass_cli
def initial_tokens(cli: CliContext, *, as_json: bool) -> None:
    """List the tokens with which clients may still be registered."""
    with cli.provider.database.read() as connection:
        found = registration_tokens.list_initial(connection, now=clock.now())
    rows = [
        {
            "id": str(row.id),
            "uses": row.uses_left,
            "expires_at": row.expires_at.isoformat(),
            "approved": row.approved,
        }
        for row in found
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("id", "uses", "expires_at", "approved")
    for item in rows:
        table.add_row(*(str(value) for value in item.values()))
    Console().print(table)


@click.command()
@click.argument("token_id", type=click.UUID)
@pass_cli
def end_initial_token(cli: CliContext, token_id: UUID) -> None:
    """End an initial token, as after a leak; who registered with it goes on."""
    provider = cli.provider
    with provider.database.transaction() as session:
        has_ended = registration_tokens.end_initial(
            session, provider.audit, token_id, now=clock.now()
        )
    if not has_ended:
        raise click.ClickException(f"no token {token_id} has a use left")
    click.echo(f"ended {token_id}")


TOKENS = (initial_token, initial_tokens, end_initial_token, registration_token)
