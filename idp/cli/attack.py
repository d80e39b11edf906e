"""`idp attack`: try the known attacks on a sandbox, wherever it runs."""

import json
import sys
from pathlib import Path

import click

from clients.attack import checklist, report
from clients.attack.target import Target


@click.command()
@click.argument(
    "target_file",
    metavar="TARGET.json",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--issuer", required=True, help="The sandbox's issuer, without a path.")
@click.option("--only", multiple=True, help="A line (R1) or name; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option(
    "--parallel", default=50, show_default=True, help="How many race at once."
)
@click.option(
    "--patience",
    default=90.0,
    show_default=True,
    help="For how many seconds an attack may wait until something is over.",
)
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Whose certificates are believed, where the sandbox made its own CA.",
)
def group(  # noqa: PLR0913 - click's way: one argument for each option
    target_file: Path,
    issuer: str,
    only: tuple[str, ...],
    *,
    parallel: int,
    patience: float,
    ca_file: Path | None,
    as_json: bool,
) -> None:
    """Try the known attacks on a sandbox, over HTTP alone, and report.

    TARGET.json is what `idp sandbox target` prints where the sandbox runs. The sandbox
    is left with used-up tries: some test citizens have to wait a quarter of an hour.
    Exits with 1 if an attack got through.
    """
    if not checklist.find(*only):
        raise click.ClickException("no such attack")
    bounds = {"parallel": parallel, "patience": patience, "ca_file": ca_file}
    target = Target.read(issuer.rstrip("/"), target_file, **bounds)
    findings = []
    for finding in checklist.run(target, *only):
        findings.append(finding)
        if not as_json:
            click.echo(report.line(finding))
    if as_json:
        told = report.as_json(findings)
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo(report.summary(findings))
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)
