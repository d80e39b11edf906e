"""What commands do of the acts that take two: propose them, or break the glass."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any

import click
from sqlalchemy.orm import Session

from idp import clock
from idp.approvals import break_glass as glass
from idp.approvals import proposals
from idp.audit.log import AuditLog
from idp.cli.context import CliContext
from idp.config import Config

_PROPOSES = (
    "With staff.two_persons, the default, it only proposes what takes two officers; "
    "--break-glass acts at once."
)


_ALONE = (
    "With staff.two_persons, the default, it wants --break-glass: officers do it on "
    "their pages, by papers and proofs."
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--reason` and `--break-glass`, and say in its help what for."""
    return _with_options(command, _PROPOSES)


def alone_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give them to a command that proposes nothing: see `require_broken_glass`."""
    return _with_options(command, _ALONE)


def _with_options(command: Callable[..., Any], told: str) -> Callable[..., Any]:
    command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{told}"
    command = click.option(
        "--break-glass",
        is_flag=True,
        help="Do it at once without the second person; everybody is told.",
    )(command)
    return click.option(
        "--reason", default="", help="Why; whoever decides reads it, and it is kept."
    )(command)


def only_proposes(
    cli: CliContext, act: str, subject: str, reason: str, *, break_glass: bool = False
) -> bool:
    """Say whether the command has to leave the act to two officers.

    Breaking the glass sounds the alarm here, before the act, and names `subject`.
    """
    if not cli.config.staff.two_persons:
        return False
    require_reason(cli, act, reason)
    if not break_glass:
        return True
    _sound(cli, act, subject, reason)
    return False


def require_reason(cli: CliContext, act: str, reason: str) -> None:
    """Raise where it takes two and nobody says why."""
    if cli.config.staff.two_persons and not reason.strip():
        raise click.UsageError(f"{act} takes two officers: give a --reason")


def note(  # noqa: PLR0913, PLR0917 - the stores, then what was done to what
    config: Config,
    session: Session,
    audit: AuditLog,
    act: str,
    subject: str,
    reason: str,
) -> None:
    """Put an act of whoever runs the host on every officers' page, where it takes two.

    In the act's own transaction: it is not asked of officers, but seen by them.
    """
    if config.staff.two_persons:
        glass.note(session, audit, act, subject, reason, now=clock.now())


def require_broken_glass(
    cli: CliContext, act: str, subject: str, reason: str, *, break_glass: bool
) -> None:
    """Let nobody change a citizen's account by command unheard.

    It is never proposed: a number or a phone would lie open in the proposal, and
    officers have pages for it.
    """
    if not cli.config.staff.two_persons:
        return
    if not (break_glass and reason.strip()):
        raise click.UsageError(
            f"{act}: officers do it on their pages; --break-glass --reason TEXT does "
            "it here, and everybody is told"
        )
    _sound(cli, act, subject, reason)


def _sound(cli: CliContext, act: str, subject: str, reason: str) -> None:
    letters = glass.sound(cli.provider, act, subject, reason, now=clock.now())
    click.echo(
        f"The glass is broken. {letters} letters went, and every officers' page says "
        "so until two have acknowledged it.",
        err=True,
    )


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
