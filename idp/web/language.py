"""The language of a page: how it is chosen, and its gettext catalogue.

Texts are written in English in code and templates; `locale/vi.po` has the Vietnamese.
The citizen's own choice stands before the portal's `ui_locales` (OpenID Connect Core
§3.1.2.1 calls it a preference), that before the browser's Accept-Language.
"""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import g, has_request_context, request

from idp.provider import current as current_provider
from idp.web import preferences

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
SOURCE_LANGUAGE = "en"
CATALOGUES = Path(__file__).parent / "locale"


def choose(
    *,
    chosen: str | None,
    hints: Sequence[str],
    accepted: Sequence[str],
    default: str,
) -> str:
    """Return the first language that we speak, from the strongest wish to the last."""
    for tag in (chosen or "", *hints, *accepted):
        # RFC 4647 §3.4 lookup: `vi-VN` falls back to `vi`.
        primary = tag.replace("_", "-").split("-", 1)[0].lower()
        if primary in LANGUAGES:
            return primary
    return default


def current() -> str:
    """Return the language of the page in progress, settled when first asked for."""
    if not has_request_context():
        return SOURCE_LANGUAGE
    if "language" not in g:
        g.language = choose(
            chosen=preferences.wish("lang"),
            hints=g.get("language_hints", ()),
            accepted=list(request.accept_languages.values()),
            default=current_provider().config.pages.default_language,
        )
    return str(g.language)


def hint(languages: Sequence[str]) -> None:
    """Note the portal's `ui_locales` before the page's language is settled."""
    g.language_hints = tuple(languages)


def gettext(message: str, **values: object) -> str:
    """Translate a text and fill in its named values."""
    text = catalogue(current()).ugettext(message)
    return text % values if values else text


def phrase(message: str) -> str:
    """Mark a text of a table for the catalogue; it is translated when shown."""
    return message


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the compiled catalogue, read once from its .po file."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as source:
        messages = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)
