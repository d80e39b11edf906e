"""`idp audit export`: the events for a SIEM, as JSON Lines with ECS names."""

import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from idp import clock
from idp.audit.export import Cursor
from idp.audit.export import export as tell
from idp.cli.context import CliContext, pass_cli
from idp.storage.opening import open_database

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.option("--since", type=_MOMENT, help="Events of this moment (UTC) and later.")
@click.option("--until", type=_MOMENT, help="Events before this moment (UTC).")
@click.option(
    "--cursor",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that keeps how far it came; the next run goes on from there.",
)
@pass_cli
def export(
    cli: CliContext,
    since: datetime | None,
    until: datetime | None,
    cursor: Path | None,
) -> None:
    """Print events as JSON Lines (ECS names, see docs/audit.md), nothing personal.

    Chain after chain, each in its order. event.id is stable: what comes twice, after
    a run that was killed, is known by it.
    """
    if cursor and until:
        raise click.UsageError("--cursor would leave out what is behind --until")

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    with (
        closing(open_database(cli.config)) as database,
        database.snapshot() as connection,
    ):
        tell(
            connection,
            Cursor(cursor),
            write,
            since=_utc(since) or datetime.fromtimestamp(0, UTC),
            until=_utc(until) or clock.now() + timedelta(days=1),
        )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
