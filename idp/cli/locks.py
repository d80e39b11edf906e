"""`idp locks`: apply registries' events, and look at dates and portals."""

import json
import os
import pwd
from collections import Counter
from typing import IO

import click

from idp import clock
from idp.authentication import logout_outbox
from idp.cli.context import CliContext, pass_cli
from idp.errors import IdpError
from idp.locks import registry_events, sweeping
from idp.signals import delivery

_BREATH = 100
_MAX_BY = 64


@click.group()
def group() -> None:
    """Lock and unlock by what the registries tell, and by date."""


@group.command()
@click.argument("source", type=click.File(encoding="utf-8"), default="-")
@pass_cli
def apply(cli: CliContext, source: IO[str]) -> None:
    """Apply the events in SOURCE, a line of JSON each (or - for standard input).

    Each is applied once, however often the file is given; a line that is not in order
    is told and passed over, and the exit code is then 1. What is changed so is kept
    with the login that ran this: the file says itself whose word it is.
    """
    done: Counter[str] = Counter()
    for count, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            done[_apply(cli, line)] += 1
        except (IdpError, ValueError) as error:
            done["refused"] += 1
            click.echo(f"line {count}: {error}", err=True)
        if count % _BREATH == 0:
            cli.provider.courier.wait()
    cli.provider.courier.wait()
    click.echo(
        f"{done['applied']} applied, {done['known']} known before, "
        f"{done['nobody']} of people without an account, {done['refused']} refused."
    )
    raise SystemExit(1 if done["refused"] else 0)


@group.command()
@pass_cli
def sweep(cli: CliContext) -> None:
    """Lock whose papers have ended, unlock whose were renewed, tell portals again.

    Run it every minute or so; two at once do no harm.
    """
    now = clock.now()
    swept = sweeping.sweep(cli.provider, now=now)
    cli.provider.courier.wait()
    heard = logout_outbox.deliver(cli.provider, now=now)
    heard += delivery.deliver(cli.provider, now=now)
    click.echo(
        f"{swept.locked} locked, {swept.unlocked} unlocked, {heard} portals told."
    )


def _apply(cli: CliContext, line: str) -> registry_events.Outcome:
    now, sandbox = clock.now(), cli.config.sandbox.enabled
    try:
        value = json.loads(line)
    except ValueError:
        raise ValueError("no JSON") from None
    event = registry_events.parse(value, sandbox=sandbox, now=now)
    return registry_events.apply(cli.provider, event, by=_login(), now=now)


def _login() -> str:
    """Return who runs this, by the system's word and not by the environment's."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user needs no name
        name = str(os.getuid())
    return f"locks apply: {name}"[:_MAX_BY]
