"""The Vietnamese catalogue has every text of the pages, and no other."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from idp.accounts.lifecycle import LOCK_GROUNDS
from idp.web import language, messages

WEB = Path(language.__file__).parent
IDP = WEB.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "phrase": None}
# Raised to operators at a command line, or answered by the protocol as JSON; never
# shown on a page.
NOT_ON_PAGES = (
    "DD-CFG-",
    "DD-ACC-",
    "DD-REG-",
    "DD-CLM-",
    "DD-DEMO-",
    "DD-IMP-",
    "DD-SEA-",
    "DD-BAK-",
    "DD-SIG-",
)
OPERATORS_ONLY = {"DD-AUTH-030"}


@cache
def used() -> set[str]:
    """Return every text that code and templates ask for."""
    found = extract_from_dir(
        str(WEB),
        method_map=METHODS,
        options_map={"templates/**.html": {"silent": "false"}},
        keywords=KEYWORDS,
    )
    return {str(message) for _, _, message, _, _ in found}


def translated() -> dict[str, str]:
    """Return the Vietnamese catalogue."""
    with (language.CATALOGUES / "vi.po").open("rb") as source:
        catalogue = read_po(source, locale="vi")
    return {str(row.id): str(row.string) for row in catalogue if row.id}


def codes() -> Iterator[tuple[Path, str]]:
    """Return every stable code that the source names."""
    for path in IDP.rglob("*.py"):
        if path.name != "messages.py":
            for code in re.findall(r"\"(DD-[A-Z]+-\d{3})\"", path.read_text()):
                yield path, code


def test_every_text_is_in_vietnamese():
    """Nothing on a Vietnamese page falls back to English."""
    catalogue = translated()

    assert not [text for text in used() if not catalogue.get(text)]


def test_the_catalogue_has_nothing_unused():
    """A text that no page shows any more leaves the catalogue."""
    assert not translated().keys() - used()


def test_no_text_is_translated_twice():
    """Of two translations nobody knows which one people read."""
    source = (language.CATALOGUES / "vi.po").read_text()
    entry = re.compile(r"^((?:msgctxt .*\n)?msgid .*\n(?:\".*\n)*)", re.MULTILINE)
    texts = entry.findall(source)

    assert len(texts) > len(used()) // 2
    assert not [text for text in set(texts) if texts.count(text) > 1]
    assert "khoá" not in source.lower(), "one spelling: khóa"


def test_translations_fill_the_same_places():
    """Each named place of a text exists in its translation, and the other way."""
    places = re.compile(r"%\((\w+)\)s")

    for source, text in translated().items():
        assert set(places.findall(source)) == set(places.findall(text)), source


def test_texts_have_no_stray_percent_signs():
    """A lone percent sign would break the filling in of values."""
    for pair in translated().items():
        for text in pair:
            assert "%" not in re.sub(r"%\(\w+\)s", "", text), text


def test_tones_stand_in_one_place():
    """One word is written one way: khóa and hủy, never khoá and huỷ."""
    other = re.compile(r"(?<!q)(o[áàảãạéèẻẽẹ]|u[ýỳỷỹỵ])\b", re.IGNORECASE)

    assert not [text for text in translated().values() if other.search(text)]


def test_every_code_has_its_message():
    """Whatever code a page may show has a sentence and an advice of its own."""
    shown = {
        code
        for path, code in codes()
        if not code.startswith(NOT_ON_PAGES)
        and code not in OPERATORS_ONLY
        and path.parent.name != "cli"
    }

    assert not shown - messages.MESSAGES.keys()


def test_unknown_codes_get_the_fallback():
    """A code without a row still gets a sentence."""
    assert messages.message("DD-XYZ-999") is messages.FALLBACK


def test_every_standing_has_its_own_refusal():
    """Each ground and each state is told apart; a lock comes before the state."""
    grounds = {messages.refusal_code("active", (name,)) for name in messages.LOCK_CODES}
    states = {messages.refusal_code(name, ()) for name in messages.STATE_CODES}

    assert len(grounds) == len(messages.LOCK_CODES)
    assert len(states) == len(messages.STATE_CODES)
    assert messages.refusal_code("granted", ("death",)) == "DD-AUTH-026"
    assert messages.refusal_code("active", ("something new",)) == "DD-AUTH-029"


def test_every_lock_ground_is_known():
    """A ground that the law adds needs its own sentence."""
    assert set(LOCK_GROUNDS) == messages.LOCK_CODES.keys()
