"""What commands do of the acts that take two: propose them, or break the glass."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any

import click

from idp import clock
from idp.approvals import break_glass as glass
from idp.approvals import proposals
from idp.cli.context import CliContext

_PROPOSES = (
    "With staff.two_persons, the default, it only proposes what takes two officers; "
    "--break-glass acts at once."
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--reason` and `--break-glass`, and say in its help what for."""
    command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{_PROPOSES}"
    command = click.option(
        "--break-glass",
        is_flag=True,
        help="Do it at once without the second person; everybody is told.",
    )(command)
    return click.option(
        "--reason", default="", help="Why; whoever decides reads it, and it is kept."
    )(command)


def only_proposes(
    cli: CliContext, act: str, reason: str, *, break_glass: bool = False
) -> bool:
    """Say whether the command has to leave the act to two officers.

    Breaking the glass sounds the alarm here, before the act.
    """
    if not cli.config.staff.two_persons:
        return False
    if not reason.strip():
        raise click.UsageError(f"{act} takes two officers: give a --reason")
    if not break_glass:
        return True
    letters = glass.sound(cli.provider, act, reason, now=clock.now())
    click.echo(
        f"The glass is broken. {letters} letters went, and every officers' page says "
        "so until two have acknowledged it.",
        err=True,
    )
    return False


def propose(cli: CliContext, kind: str, payload: dict[str, Any], reason: str) -> None:
    """Propose it, and say where two officers decide."""
    provider = cli.provider
    with provider.database.transaction() as session:
        made = proposals.propose(
            session,
            provider.audit,
            provider.config.staff,
            kind,
            payload,
            reason,
            None,
            now=clock.now(),
        )
    click.echo("Proposed. One officer takes it up, and another approves:", err=True)
    click.echo(f"{cli.config.issuer}/staff/approvals/{made}", err=True)
