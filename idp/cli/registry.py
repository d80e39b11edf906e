"""`idp registry`: invented people, and the list of administrative units."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.registry import division_lists
from idp.registry.divisions import read_list
from idp.registry.dossiers import COLUMNS, MAX_DOSSIERS, dossiers
from idp.registry.generator import MAX_PEOPLE, Population
from idp.registry.person import CODE_LIST

PERSON_COLUMNS = (
    "personal_number",
    "family_name",
    "middle_name",
    "given_name",
    "birth_date",
    "gender",
    "nationality",
    "ethnicity",
    "place_of_origin",
    "status",
    "card_state",
    "card_issued_on",
    "card_expires_on",
    "household_number",
    "relation_to_head",
    "permanent_address",
    "province_code",
    "commune_code",
    "representative_number",
)


@click.group()
def group() -> None:
    """Invent people, and import the list of administrative units."""


@group.command()
@click.option("--count", type=click.IntRange(1, MAX_PEOPLE), default=100)
@click.option("--seed", help="Other people; the setting registry.seed by default.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="jsonl")
@click.option("--dossiers", "as_dossiers", is_flag=True, help="For idp enrol import.")
@pass_cli
def generate(
    cli: CliContext, *, count: int, seed: str | None, form: str, as_dossiers: bool
) -> None:
    """Print invented people, or their dossiers, one a line and without end to memory.

    Nobody of them is real: every number begins with 999.
    """
    if seed is None:
        seed = cli.config.registry.seed
    if as_dossiers:
        if count > MAX_DOSSIERS:
            raise click.BadParameter(
                f"at most {MAX_DOSSIERS:,} people have a dossier", param_hint="--count"
            )
        everyone = Population(MAX_PEOPLE, seed)
        _print(islice(dossiers(everyone), count), COLUMNS, form)
    else:
        _print(_people(Population(count, seed)), PERSON_COLUMNS, form)


@group.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--code-list", default=CODE_LIST, show_default=True)
@pass_cli
def divisions(cli: CliContext, *, file: Path, code_list: str) -> None:
    """Import a CSV list of communes, each with a former one, and replace the last."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        communes = list(read_list(lines))
    with cli.provider.database.transaction() as session:
        stored = division_lists.store(
            session, communes, code_list=code_list, now=clock.now()
        )
    click.echo(f"{stored} administrative units of {code_list}.")


def _people(population: Population) -> Iterator[Mapping[str, Any]]:
    for record in population.people():
        person, household, stays = record.person, record.household, record.residence
        if person is None or household is None or stays is None or not stays.permanent:
            continue
        card, address = person.card, stays.permanent.address
        representatives = [item.number for item in person.representatives]
        yield {
            **{name: getattr(person, name, None) for name in PERSON_COLUMNS},
            "personal_number": person.number,
            "card_state": card.state if card else None,
            "card_issued_on": card.issued_on if card else None,
            "card_expires_on": card.expires_on if card else None,
            "household_number": household.file_number,
            "relation_to_head": household.relation,
            "permanent_address": address.text,
            "province_code": address.province_code,
            "commune_code": address.commune_code,
            "representative_number": next(iter(representatives), None),
        }


def _print(
    rows: Iterable[Mapping[str, Any]], columns: Iterable[str], form: str
) -> None:
    out = sys.stdout
    if form == "csv":
        writer = csv.DictWriter(out, fieldnames=list(columns))
        writer.writeheader()
        writer.writerows(rows)
        return
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
