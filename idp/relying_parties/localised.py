"""A text in the languages that a relying party gave it in (OIDC Registration §2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Localised:
    """A text with its translations; as a string it is the untagged one."""

    text: str
    translations: Mapping[str, str]

    def in_language(self, language: str) -> str:
        """Return the text in `language`, or the untagged text."""
        return self.translations.get(language, self.text)

    def __str__(self) -> str:
        return self.text


def localised(document: Mapping[str, object], member: str) -> Localised | None:
    """Read `member` and its `member#vi`, `member#en` out of a document."""
    translations = {
        language: text
        for language in LANGUAGES
        if isinstance(text := document.get(f"{member}#{language}"), str)
    }
    text = document.get(member) or next(iter(translations.values()), None)
    return Localised(str(text), translations) if text else None
