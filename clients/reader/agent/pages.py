"""What the agent shows, in the citizen's language."""

from typing import Any
from urllib.parse import urlsplit

from flask import render_template, request

from clients.reader.agent.doors import Doors
from clients.reader.agent.readers import Reader
from clients.reader.agent.reading import ENDED, Reading
from clients.reader.agent.texts import LANGUAGES, note, say


def front(doors: Doors, reader: Reader) -> str:
    """Render the front page."""
    domains = [urlsplit(issuer).netloc for issuer in doors.issuers]
    return _render(
        "front.html",
        language(request.args.get("lang")),
        domains=domains,
        cards=reader.cards(),
        presence=reader.presence(),
    )


def refusal(reason: str, status: int, issuer: str | None = None) -> tuple[str, int]:
    """Render why nothing was done; the way back leads to that provider."""
    chosen = language(request.values.get("lang"))
    provider = urlsplit(issuer or "").netloc
    page = _render(
        "refusal.html", chosen, reason=reason, issuer=issuer, provider=provider
    )
    return page, int(status)


def reading(reading: Reading, reader: Reader) -> str:
    """Render the question, the live state, or the end."""
    reading.language = language(request.args.get("lang"), reading.language)
    cards = reader.cards()
    return _render(
        "reading.html",
        reading.language,
        reading=reading,
        asker=reading.asker,
        provider=urlsplit(reading.issuer).netloc,
        cards=cards,
        live=live(reading, virtual=bool(cards)),
        problem=request.args.get("problem") == "card",
    )


def live(reading: Reading, *, virtual: bool) -> dict[str, Any]:
    """Return the state in words, and where to go once it is over."""
    state, detail = reading.status
    key = f"{state}.{detail}" if detail else state
    provider = urlsplit(reading.issuer).netloc
    return {
        "mark": f"{state}.{detail}",
        "state": state,
        "text": say(key, reading.language, provider=provider),
        "note": note(state, reading.language, virtual=virtual),
        "ended": state in ENDED,
        "return_url": reading.return_url,
    }


def language(asked: str | None, default: str | None = None) -> str:
    """Return the language asked for, else the browser's, else Vietnamese."""
    if asked in LANGUAGES:
        return str(asked)
    if default is not None:
        return default
    return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])


def _render(template: str, chosen: str, **values: Any) -> str:
    return render_template(
        template,
        lang=chosen,
        other=LANGUAGES[1 - LANGUAGES.index(chosen)],
        t=lambda key, **names: say(key, chosen, **names),
        **values,
    )


def grouped(number: str) -> str:
    """Write a personal number in groups of three."""
    return " ".join(number[at : at + 3] for at in range(0, len(number), 3))
