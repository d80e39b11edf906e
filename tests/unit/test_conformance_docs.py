"""docs/conformance.md names tests that exist, and no result without a run."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "conformance.md").read_text()
SECTIONS = dict(
    section.partition("\n")[::2]
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
)
TABLES = {name: text for name, text in SECTIONS.items() if "| Module |" in text}
STATES = {"not run", "passed", "warning", "review", "skipped", "failed"}


def rows(text: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("section", TABLES)
def test_every_named_test_exists(section: str) -> None:
    """In a file that the section links to."""
    text = TABLES[section]
    files = [DOCS / link for link in re.findall(r"\]\((\.\./tests/[^)]+)\)", text)]
    defined = set(
        re.findall(r"def (test_\w+)\(", "".join(file.read_text() for file in files))
    )
    named = {name for row in rows(text) for name in re.findall(r"`(\w+)`", row[1])}

    assert named <= defined


@pytest.mark.parametrize("section", TABLES)
def test_every_row_is_whole(section: str) -> None:
    """A module once, tests or a dash, and a state that the suite has."""
    table = rows(TABLES[section])
    modules = [row[0] for row in table]

    assert table
    assert len(set(modules)) == len(modules)
    for _, ours, state in table:
        assert ours == "–" or re.fullmatch(r"`test_\w+`(, `test_\w+`)*", ours)
        assert state in STATES


def test_no_result_without_a_run() -> None:
    """While the page says that none ran, no row says otherwise."""
    states = {row[2] for text in TABLES.values() for row in rows(text)}

    assert ("No suite has run" in TEXT) == (states == {"not run"})
