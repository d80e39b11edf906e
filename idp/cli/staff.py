"""`idp staff`: the first officers, a rescue, proposals; units and the list.

Somebody must be the first: until there are two administrators, the command gives links.
From then on it only proposes, and administrators approve with a passkey; so it is with
a rescue where it takes two. All is recorded as done by command, and the officers' page
shows it.
"""

from collections.abc import Collection
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from idp import clock
from idp.accounts.identifiers import parse_personal_number
from idp.cli import two_persons
from idp.cli.context import CliContext, pass_cli
from idp.staff import invitations, people, requests, units
from idp.staff.invitations import Link
from idp.staff.officer import BY_COMMAND, ROLES
from idp.staff.requests import Asked, Kind


@click.group()
def group() -> None:
    """Invite, rescue, list and end officers; add their units."""


@group.group(name="units")
def units_group() -> None:
    """Offices that officers belong to."""


@units_group.command(name="add")
@click.argument("name")
@click.option("--province", help="Code of the province that the office serves.")
@click.option("--commune", help="Code of its commune.")
@pass_cli
def add_unit(
    cli: CliContext, name: str, province: str | None, commune: str | None
) -> None:
    """Add an office; without a province it serves the whole country."""
    with cli.provider.database.transaction() as session:
        unit_id = units.add_unit(
            session,
            cli.provider.audit,
            name=name,
            province_code=province,
            commune_code=commune,
            by=BY_COMMAND,
            now=clock.now(),
        )
    click.echo(unit_id)


@units_group.command(name="list")
@pass_cli
def list_units(cli: CliContext) -> None:
    """List the offices."""
    table = Table("unit", "name", "province", "commune")
    with cli.provider.database.read() as connection:
        for unit in units.list_units(connection):
            codes = (unit.province_code or "-", unit.commune_code or "-")
            table.add_row(str(unit.id), unit.name, *codes)
    Console().print(table)


@group.command()
@click.option("--name", required=True, help="The officer's name.")
@click.option("--personal-number", required=True, help="The officer's own number.")
@click.option("--unit", required=True, help="The unit's name or id.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True)
@pass_cli
def invite(
    cli: CliContext,
    name: str,
    personal_number: str,
    unit: str,
    roles: tuple[str, ...],
) -> None:
    """Invite an officer: the first ones by the link that is printed.

    Begin with two administrators: from then on this prints a code, one of them approves
    on their page and gets the link, and the officer needs both.
    """
    provider, now = cli.provider, clock.now()
    sandbox = provider.config.sandbox.enabled
    number = parse_personal_number(personal_number, sandbox=sandbox, now=now)
    with provider.database.transaction() as session:
        is_bootstrap = people.is_bootstrap(session)
        staff_id = people.invite(
            session,
            provider.audit,
            provider.sealer,
            name=name,
            number=number,
            unit_id=units.find_unit(session, unit).id,
            roles=roles,
            by=BY_COMMAND,
            now=now,
        )
        if is_bootstrap:
            link = invitations.issue(
                session,
                provider.audit,
                provider.config.staff,
                staff_id,
                "invite",
                by=BY_COMMAND,
                now=now,
            )
        else:
            asked = _propose(cli, session, "invite", staff_id, roles)
    if is_bootstrap:
        _print(cli, link)
    else:
        click.echo(asked.code)
        click.echo("The officer's code. An administrator approves: /staff", err=True)


@group.command()
@click.argument("officer", type=click.UUID)
@two_persons.options
@pass_cli
def rescue(cli: CliContext, officer: UUID, reason: str, *, break_glass: bool) -> None:
    """End an officer's passkeys and sessions; print a link to enrol anew.

    Where it takes two, nothing ends before administrators have approved; the link comes
    from them, and here a code for it.
    """
    provider, now = cli.provider, clock.now()
    act, named = "staff.rescue", str(officer)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        with provider.database.transaction() as session:
            roles = people.hold_roles(session, officer)
            _require_two_others(session, officer)
            asked = _propose(cli, session, "rescue", officer, roles)
        click.echo(asked.code)
        click.echo("The officer's code. Administrators approve: /staff", err=True)
        return
    with provider.database.transaction() as session:
        link = people.rescue(
            session,
            provider.audit,
            provider.config.staff,
            officer,
            by=BY_COMMAND,
            now=now,
        )
    _print(cli, link)


@group.command()
@click.argument("officer", type=click.UUID)
@pass_cli
def disable(cli: CliContext, officer: UUID) -> None:
    """Propose to end an officer's account for good; an administrator approves.

    If a passkey may have been stolen, `rescue --break-glass` shuts it out at once.
    """
    with cli.provider.database.transaction() as session:
        roles = people.hold_roles(session, officer)
        _propose(cli, session, "disable", officer, roles)
    click.echo("Proposed. An administrator approves: /staff", err=True)


@group.command(name="list")
@pass_cli
def list_(cli: CliContext) -> None:
    """List the officers, the oldest first."""
    table = Table("officer", "name", "unit", "state", "roles", "invited by")
    with cli.provider.database.read() as connection:
        for person in people.list_people(connection, cli.provider.sealer):
            table.add_row(
                str(person.id),
                person.name,
                person.unit.name,
                person.state,
                ", ".join(person.roles),
                person.created_by,
            )
    Console().print(table)


def _require_two_others(session: Session, officer: UUID) -> None:
    """Raise where an administrator's passkeys end and not two others can sign in."""
    administrators = people.administrators(session)
    others = people.with_passkey(session, administrators - {officer})
    if officer in administrators and len(others) < people.TWO:
        raise click.ClickException(
            "two administrators with a passkey stay; --break-glass ends it at once"
        )


def _propose(
    cli: CliContext,
    session: Session,
    kind: Kind,
    officer: UUID,
    roles: Collection[str],
) -> Asked:
    provider = cli.provider
    stores = (session, provider.audit, provider.sealer, provider.config.staff)
    return requests.ask(*stores, None, kind, officer, roles, now=clock.now())


def _print(cli: CliContext, link: Link) -> None:
    click.echo(f"{cli.config.issuer}/staff/join/{link.token}")
    click.echo(f"Works once, until {link.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)
