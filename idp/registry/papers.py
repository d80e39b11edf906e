"""Which card an invented person has: by age, with the terms of the law."""

from dataclasses import replace
from datetime import date, timedelta

from idp.registry.draws import Draws
from idp.registry.person import RegisteredCard

_FIRST_CHIPS = date(2021, 3, 1)
_CHILD_CARDS = date(2024, 7, 1)
_MILESTONES = (14, 25, 40, 60)
_OWN_AGE = 14
_EARLY = 2  # years before a milestone from which a new card reaches the next one


def card_of(draws: Draws, birth: date, today: date) -> RegisteredCard | None:
    """Return the newest card by `today`: everyone of 14 has one, some children too."""
    own_from = anniversary(birth, _OWN_AGE)
    is_child = own_from > today
    if is_child and not draws.happens(600):
        return None
    since = max(_CHILD_CARDS, birth) if is_child else max(_FIRST_CHIPS, own_from)
    issued = since + timedelta(days=draws.below(max(1, (today - since).days)))
    expires = expiry(birth, issued)
    # Most people have a new one made soon after the old one's term.
    if expires is not None and expires <= today and draws.happens(850):
        late = (today - expires).days
        issued = expires + timedelta(days=draws.below(max(1, min(60, late))))
        expires = expiry(birth, issued)
    fate = draws.below(1000)
    card = RegisteredCard(
        state="revoked" if fate < 3 else "held" if fate < 5 else "valid",
        issued_on=issued.isoformat(),
        expires_on=None if expires is None else expires.isoformat(),
    )
    return as_of(card, today)


def residence_card(draws: Draws, today: date) -> RegisteredCard:
    """Return a foreigner's residence card: for one to five years."""
    issued = today - timedelta(days=draws.between(20, 900))
    expires = issued + timedelta(days=365 * draws.between(2, 5))
    return RegisteredCard(
        "valid", issued.isoformat(), expires.isoformat(), kind="residence"
    )


def expiry(birth: date, issued: date) -> date | None:
    """Return when a card expires, None for one that never does.

    Law on Identification art. 21: at 14, 25, 40 and 60; one issued within two years
    before reaches the next of these ages.
    """
    for age in _MILESTONES:
        # A child's card always ends at 14.
        early = 0 if age == _OWN_AGE else _EARLY
        if anniversary(birth, age - early) > issued:
            return anniversary(birth, age)
    return None


def as_of(card: RegisteredCard, today: date) -> RegisteredCard:
    """Return the card as it stands today: terms run out by themselves."""
    has_ended = card.expires_on is not None and card.expires_on <= today.isoformat()
    if card.state == "valid" and has_ended:
        return replace(card, state="expired")
    return card


def anniversary(birth: date, years: int) -> date:
    """Return a birthday; 29 February's falls on 1 March (Civil Code art. 148)."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)
