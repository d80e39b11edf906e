"""`idp registry` and `idp sandbox newcomers`, as an operator types them."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from idp import clock
from idp.accounts.identifiers import parse_personal_number
from idp.cli import main
from idp.cli.registry import PERSON_COLUMNS
from idp.registry.divisions import packaged
from idp.registry.dossiers import COLUMNS
from idp.registry.port import Asker, Question
from tests.unit.registry.test_divisions import HEADER, LINE


@pytest.fixture
def run(tmp_path, provider):
    """Return a function that runs the command on the test's stores."""
    config = provider.config
    path = tmp_path / "config.toml"
    path.write_text(
        f"[database]\nurl = '{config.database.url}'\n"
        f"[ephemeral]\nurl = '{config.ephemeral.url}'\n"
        f"[keys]\nkek_file = '{config.keys.kek_file}'\n"
        "[sandbox]\nenabled = true\n"
    )

    def call(*arguments):
        result = CliRunner().invoke(main, ["--config", str(path), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return call


@pytest.mark.parametrize(
    ("options", "columns"), [((), PERSON_COLUMNS), (("--dossiers",), COLUMNS)]
)
def test_both_forms_tell_the_same_people(run, options, columns):
    """CSV has "" where JSON lines have null; the header is the keys."""
    arguments = ("registry", "generate", "--count", "40", *options)
    lines = [json.loads(line) for line in run(*arguments).output.splitlines()]
    told = run(*arguments, "--format", "csv").output
    rows = list(csv.DictReader(io.StringIO(told)))

    assert len(rows) == 40
    assert tuple(rows[0]) == columns
    for row, line in zip(rows, lines, strict=True):
        assert row == {k: "" if v is None else str(v) for k, v in line.items()}
        assert row["personal_number"].startswith("999")


def test_more_dossiers_than_people_have_are_refused(run):
    """Before anything is printed, not by a shorter file at its end."""
    options = ("registry", "generate", "--dossiers", "--count")
    result = run(*options, "8500001")

    assert result.exit_code == 2
    assert "at most 8,500,000 people have a dossier" in result.output
    assert "external_id" not in result.output


def test_another_seed_is_another_people(run):
    """By the option; without it the configured one."""
    arguments = ("registry", "generate", "--count", "5")

    assert run(*arguments).output == run(*arguments, "--seed", "dinhdanh").output
    assert run(*arguments).output != run(*arguments, "--seed", "x").output


def test_a_list_of_units_is_imported(run, tmp_path):
    """How many units there are is told; a wrong list changes nothing."""
    file = tmp_path / "list.csv"
    file.write_text(f"{HEADER}\n{LINE}\n", encoding="utf-8-sig")
    assert (
        "5 administrative units of QĐ 19/2025"
        in run("registry", "divisions", str(file)).output
    )

    file.write_text(f"{HEADER}\n{LINE},\n26\n")
    result = run("registry", "divisions", str(file))

    assert result.exit_code == 1
    assert "DD-POP-002" in result.output
    assert len(packaged().communes) > 100


def test_newcomers_are_known_to_the_registry_and_have_no_account(run, provider):
    """Each story has someone, whom the provider's registry confirms."""
    listing = json.loads(run("sandbox", "newcomers", "--json").output)
    now, asker = clock.now(), Asker.citizen(provider.config)

    stories = {one["story"] for one in listing}
    assert {
        "adult", "adult_year_only", "single_name", "phone_of_other", "card_expired",
        "card_held", "no_card", "foreigner", "dead", "child_of_newcomer", "child",
    } == stories  # fmt: skip
    for one in listing:
        question = Question(one["personal_number"], one["name"], one["birth_date"])
        assert parse_personal_number(one["personal_number"], sandbox=True, now=now)
        assert provider.registry.confirms(question, asker, now=now)
        assert not one["has_account"]
        assert (one["phone"] or "").endswith("999") == (
            one["story"] == "phone_of_other"
        )
    phones = [one["phone"] for one in listing if one["phone"]]
    assert len(set(phones)) == len(phones)
    assert "phone_of_other" in run("sandbox", "newcomers").output
