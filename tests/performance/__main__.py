"""`make bench`: measure, and print one table; see docs/performance.md."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from joserfc.jwk import ECKey
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.performance import chip, passkey
from tests.performance.measure import SCENARIOS, Slice, Target, median, run_slice
from tests.performance.party import Citizen, Party
from tests.performance.stage import await_discovery, pin_this_process, stage

ALL = (*SCENARIOS, *chip.PROFILES, passkey.SCENARIO)
console = Console()


@click.command()
@click.option("--scenario", "-s", multiple=True, type=click.Choice(ALL))
@click.option("--callers", default=8, show_default=True, help="Parallel browsers.")
@click.option("--seconds", default=3.0, show_default=True, help="Length of a slice.")
@click.option("--rounds", default=3, show_default=True, help="Slices per scenario.")
@click.option("--workers", default=1, show_default=True, help="Our worker processes.")
@click.option("--port", default=8400, show_default=True, help="Our provider's port.")
@click.option("--server-cores", default="0", show_default=True)
@click.option("--client-cores", default="1", show_default=True)
@click.option("--citizens", default=1500, show_default=True)
@click.option("--issuer", help="Measure this running provider instead of ours.")
@click.option(
    "--client",
    type=click.Path(exists=True, path_type=Path),
    help="With --issuer, a JSON file: client_id, redirect_uri, scope, jwk, server_pid, "
    "citizens (each personal_number, password, totp_secret or null).",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def main(
    scenario: tuple[str, ...], callers: int, seconds: float, rounds: int, **options
) -> None:
    """Measure sign-in rounds and single endpoints of an OpenID provider."""
    json_file = options.pop("json_file")
    client_cores = options.pop("client_cores")
    cards = [name for name in scenario if name in chip.PROFILES]
    if cards:
        found = {name: chip.measure(name, rounds=10 * rounds) for name in cards}
        console.print(chip.table(found))
    if passkey.SCENARIO in scenario:
        console.print(passkey.table(passkey.measure(rounds=20 * rounds)))
    if scenario and not set(scenario) & set(SCENARIOS):
        return
    scenario = tuple(name for name in scenario if name in SCENARIOS)
    with _target(**options) as target:
        pin_this_process(client_cores)
        plan = [name for _ in range(rounds) for name in scenario or SCENARIOS]
        slices = [
            run_slice(target, name, callers=callers, seconds=seconds)
            for name in track(plan, "Measuring", console=console)
        ]
    console.print(_table(slices))
    if json_file:
        json_file.write_text(json.dumps([_row(item) for item in slices], indent=1))


@contextmanager
def _target(
    *,
    issuer: str | None,
    client: Path | None,
    port: int,
    workers: int,
    server_cores: str,
    citizens: int,
) -> Iterator[Target]:
    if issuer is None:
        console.print("Starting PostgreSQL, Redis and the provider …")
        choice = {"port": port, "workers": workers, "cores": server_cores}
        with stage(**choice, citizens=citizens) as target:
            yield target
        return
    if client is None:
        raise click.UsageError("--issuer needs --client")
    given = json.loads(client.read_text())
    key = ECKey.import_key(given["jwk"])
    party = Party(
        issuer,
        given["client_id"],
        given["redirect_uri"],
        given["scope"],
        key.private_key,
        str(key.kid),
        await_discovery(issuer),
    )
    people = [Citizen(**person) for person in given["citizens"]]
    yield Target(party, people, given.get("server_pid"))


def _row(item: Slice) -> dict[str, object]:
    return {
        "scenario": item.scenario,
        "per_second": item.operations / item.seconds,
        "p50_ms": item.percentile(0.5),
        "p99_ms": item.percentile(0.99),
        "cpu_ms": item.cpu_ms,
        "store_cpu_ms": item.store_cpu_ms,
        "resident_mb": item.resident_mb,
        "errors": dict(item.errors),
    }


def _table(slices: list[Slice]) -> Table:
    """Return the medians of each scenario's slices."""
    table = Table("scenario", title="Medians of the slices")
    for name in ("per s", "p50 ms", "p99 ms", "CPU ms", "stores' CPU ms", "PSS MB"):
        table.add_column(name, justify="right")
    table.add_column("errors")
    for name in dict.fromkeys(item.scenario for item in slices):
        own = [item for item in slices if item.scenario == name]
        errors = sum((item.errors for item in own), start=type(own[0].errors)())
        figures = (
            f"{median([item.operations / item.seconds for item in own]):.0f}",
            f"{median([item.percentile(0.5) for item in own]):.1f}",
            f"{median([item.percentile(0.99) for item in own]):.1f}",
            f"{median([item.cpu_ms for item in own]):.2f}",
            f"{median([item.store_cpu_ms for item in own]):.2f}",
            f"{median([item.resident_mb for item in own]):.0f}",
        )
        told = "; ".join(f"{count}x {text}" for text, count in errors.most_common(2))
        table.add_row(name, *figures, told)
    return table


if __name__ == "__main__":
    main()
