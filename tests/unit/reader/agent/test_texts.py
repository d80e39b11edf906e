"""Every word stands in both languages, with the same names in it."""

import re
from pathlib import Path

import pytest

from clients.reader import agent
from clients.reader.agent import errors
from clients.reader.agent.conversation import TOLD
from clients.reader.agent.texts import TEXTS

TEMPLATES = Path(agent.__file__).parent / "templates"


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_it(key):
    """And neither forgets whom it speaks of."""
    vietnamese, english = TEXTS[key]

    assert vietnamese
    assert english
    assert re.findall(r"{\w+}", vietnamese) == re.findall(r"{\w+}", english)


def test_every_key_of_a_page_exists():
    """A page asks for no word that is not there."""
    pages = "".join(page.read_text() for page in TEMPLATES.glob("*.html"))

    assert set(re.findall(r"t\('([a-z_.]+)'[,)]", pages)) <= set(TEXTS)


def test_every_early_end_has_its_words():
    """What the provider is not told of, the citizen is."""
    slugs = {
        error.slug
        for error in vars(errors).values()
        if isinstance(error, type)
        and issubclass(error, errors.ReadingError)
        and error not in TOLD
    }

    assert {f"failed.{slug}" for slug in slugs} <= set(TEXTS)
