"""SECURITY.md promises nothing that no test holds, and names no test that is not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def promises() -> dict[str, list[str]]:
    """Return what tests each promise, by the promise."""
    section = TEXT.split("\n## What is promised, and what tests it\n")[1]
    table = section.split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", table, flags=re.MULTILINE)
    return {promise: tests.split(", ") for promise, tests in rows[1:]}


@pytest.mark.parametrize("promise", promises())
def test_each_promise_is_tested(promise: str) -> None:
    """By files that are there, and by tests of these names in them."""
    for named in promises()[promise]:
        path, _, test = named.partition("::")
        place = ROOT / path
        assert place.exists(), path
        assert not test or f"def {test}(" in place.read_text(encoding="utf-8"), named


def test_its_documents_are_there() -> None:
    """And other pages lead to it."""
    for name in set(re.findall(r"docs/[a-z-]+\.md", TEXT)):
        assert (ROOT / name).is_file(), name
    assert len(promises()) > 30
    assert "SECURITY.md" in (ROOT / "README.md").read_text(encoding="utf-8")
