"""What every page shows around its content: banner, languages, appearance, hotline."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import url_for

from idp.provider import current
from idp.web import counter_mode, language, preferences
from idp.web.language import gettext

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a choice, or the value that holds now."""

    code: str
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """A choice with its name."""

    label: str
    choices: list[Choice]


class Site:
    """The frame of the page in progress; templates know it as `site`."""

    def __init__(self) -> None:
        config = current().config
        self.sandbox = config.sandbox.enabled
        self.hotline = config.pages.hotline.replace(" ", "\u00a0")  # on one line
        self.operator = config.pages.operator
        self.window_days = config.activation.window_days
        self.address = urlsplit(config.issuer).netloc
        self.language = language.current()
        theme = preferences.wish("theme")
        self.theme = theme if theme in ("light", "dark") else None
        self.text = "large" if preferences.wish("text") == "large" else None
        self.counter = counter_mode.banner()

    @property
    def languages(self) -> list[Choice]:
        """Return the languages, the current one marked."""
        return [
            Choice(
                code,
                name,
                preferences.href("lang", code),
                current=code == self.language,
            )
            for code, name in language.LANGUAGES.items()
        ]

    @property
    def appearance(self) -> list[ChoiceGroup]:
        """Return the choices of colours and text size."""
        themes = {
            "auto": gettext("as the device"),
            "light": gettext("light"),
            "dark": gettext("dark"),
        }
        sizes = {"normal": gettext("normal"), "large": gettext("large")}
        return [
            ChoiceGroup(
                gettext("Colours"), _choices("theme", themes, self.theme or "auto")
            ),
            ChoiceGroup(
                gettext("Text size"), _choices("text", sizes, self.text or "normal")
            ),
        ]

    def asset(self, name: str) -> str:
        """Return a static file's address; it changes with the file's content."""
        return url_for("pages.static", filename=name, v=_version(name))


def _choices(kind: str, labels: dict[str, str], chosen: str) -> list[Choice]:
    return [
        Choice(code, label, preferences.href(kind, code), current=code == chosen)
        for code, label in labels.items()
    ]


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
