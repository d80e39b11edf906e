"""The specification of sign-in and step-up, as a table and as properties."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication import assurance, steps
from idp.authentication.session import (
    AuthenticationEvent,
    Session,
    SignedIn,
    SignInAccount,
)
from idp.authentication.transaction import (
    AuthenticationTransaction,
    AuthorizationRequest,
)

T0 = datetime(2026, 11, 21, 8, tzinfo=UTC)
LAN, MINH = UUID(int=1), UUID(int=2)
HOUR = 3600
ACR = assurance.PREFIX


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def asks(**changes: Any) -> AuthenticationTransaction:
    """Return a transaction that began at T0, of a client that asks `changes`."""
    chosen = changes.pop("chosen_account", None)
    request = AuthorizationRequest("bank", "https://bank.example/back", **changes)
    return AuthenticationTransaction(
        "t", "b", T0, request=request, chosen_account=chosen
    )


def own_page(max_age: int | None) -> AuthenticationTransaction:
    """Return a transaction of a page of our own."""
    return AuthenticationTransaction("t", "b", T0, purpose="account", max_age=max_age)


def strong() -> AuthenticationTransaction:
    """Return a transaction of a page of our own that asks for the strongest."""
    return replace(own_page(300), is_strong=True)


def person(
    *proofs: tuple[str, float],
    level: int = 2,
    state: str = "active",
    locks: tuple[str, ...] = (),
    factors: tuple[str, ...] = ("pwd",),
    held: tuple[str, ...] = (),
) -> SignedIn:
    """Return Lan, who proved `proofs` so many seconds after T0."""
    events = tuple(AuthenticationEvent(method, at(second)) for method, second in proofs)
    started = events[0].at if events else T0
    return SignedIn(
        Session(UUID(int=9), LAN, events, (), started, T0),
        SignInAccount(
            LAN, level, state, locks, frozenset(factors), held=frozenset(held)
        ),
    )


OLD_PASSWORD = ("pwd", -HOUR)
NEW_PASSWORD = ("pwd", 10)
OTP = ("pwd", "totp")
BOTH = ("pwd", "totp", "sms")
CARD = ("pwd", "chip")

CASES: list[tuple[str, AuthenticationTransaction, SignedIn | None, str | None]] = [
    # what is asked, of whom -> what is unmet
    ("nobody", asks(), None, "no_session"),
    ("somebody", asks(), person(OLD_PASSWORD), None),
    # account selection
    (
        "select_account",
        asks(prompt=("select_account",)),
        person(OLD_PASSWORD),
        "account_selection",
    ),
    (
        "select_account, chosen",
        asks(prompt=("select_account",), chosen_account=LAN),
        person(OLD_PASSWORD),
        None,
    ),
    (
        "select_account, signed in since",
        asks(prompt=("select_account",)),
        person(NEW_PASSWORD),
        None,
    ),
    (
        "chosen, then another person in another tab",
        asks(chosen_account=MINH),
        person(OLD_PASSWORD),
        "account_selection",
    ),
    (
        "chosen, then another person signed in anew in another tab",
        asks(chosen_account=MINH),
        person(NEW_PASSWORD),
        "account_selection",
    ),
    # the hinted person
    ("hint fits", asks(hinted_subject="lan@bank"), person(OLD_PASSWORD), None),
    (
        "hint of another",
        asks(hinted_subject="minh@bank"),
        person(OLD_PASSWORD),
        "account_mismatch",
    ),
    (
        "hint of another, after signing in",
        asks(hinted_subject="minh@bank"),
        person(NEW_PASSWORD),
        "account_mismatch",
    ),
    (
        "selection comes before the hint",
        asks(hinted_subject="minh@bank", prompt=("select_account",)),
        person(OLD_PASSWORD),
        "account_selection",
    ),
    # a new sign-in asked for
    ("login", asks(prompt=("login",)), person(OLD_PASSWORD), "prompt_login"),
    ("login, done", asks(prompt=("login",)), person(NEW_PASSWORD), None),
    ("login, at once", asks(prompt=("login",)), person(("pwd", 0)), None),
    (
        "login: a code alone is no new sign-in",
        asks(prompt=("login",)),
        person(OLD_PASSWORD, ("totp", 10), factors=OTP),
        "prompt_login",
    ),
    (
        "login, with a code after it",
        asks(prompt=("login",)),
        person(NEW_PASSWORD, ("totp", 20), factors=OTP),
        None,
    ),
    # max_age
    ("young enough", asks(max_age=2 * HOUR), person(OLD_PASSWORD), None),
    ("exactly as old", asks(max_age=HOUR + 60), person(OLD_PASSWORD), None),
    ("too old", asks(max_age=HOUR), person(OLD_PASSWORD), "max_age"),
    ("max_age=0", asks(max_age=0), person(("pwd", -1)), "max_age"),
    ("max_age=0, done", asks(max_age=0), person(NEW_PASSWORD), None),
    ("max_age=1, slow but done", asks(max_age=1), person(NEW_PASSWORD), None),
    (
        "max_age: the password counts, not the younger code",
        asks(max_age=HOUR),
        person(OLD_PASSWORD, ("totp", -1), factors=OTP),
        "max_age",
    ),
    ("own page", own_page(None), person(OLD_PASSWORD), None),
    ("own page, fresh factor", own_page(300), person(OLD_PASSWORD), "max_age"),
    ("own page, fresh, done", own_page(300), person(NEW_PASSWORD), None),
    (
        "own page, and a passcode",
        own_page(300),
        person(OLD_PASSWORD, factors=("pwd", "passcode")),
        "confirm",
    ),
    (
        "own page, confirmed by passcode",
        own_page(300),
        person(OLD_PASSWORD, ("passcode", 10), factors=("pwd", "passcode")),
        None,
    ),
    (
        "own page, confirmed by passcode long ago",
        own_page(300),
        person(OLD_PASSWORD, ("passcode", -301), factors=("pwd", "passcode")),
        "confirm",
    ),
    (
        "a passcode stands for no code",
        own_page(300),
        person(OLD_PASSWORD, ("passcode", 10), factors=(*OTP, "passcode")),
        "factor_missing",
    ),
    (
        "a passcode is no new sign-in for a portal",
        asks(max_age=300),
        person(OLD_PASSWORD, ("passcode", 10), factors=("pwd", "passcode")),
        "max_age",
    ),
    (
        "own page asks the code too",
        own_page(None),
        person(OLD_PASSWORD, factors=OTP),
        "factor_missing",
    ),
    # locks and states
    (
        "locked",
        asks(),
        person(OLD_PASSWORD, locks=("holder_request",)),
        "account_locked",
    ),
    ("not activated", asks(), person(OLD_PASSWORD, state="granted"), "account_locked"),
    (
        "locked is told before the code is asked",
        asks(),
        person(OLD_PASSWORD, locks=("card_expired",), factors=OTP),
        "account_locked",
    ),
    (
        "prompt=login is asked before a lock is told",
        asks(prompt=("login",)),
        person(OLD_PASSWORD, locks=("death",)),
        "prompt_login",
    ),
    # enrolled codes
    ("code missing", asks(), person(OLD_PASSWORD, factors=OTP), "factor_missing"),
    (
        "code missing at level 1 too",
        asks(acr_values=(f"{ACR}1.1",)),
        person(OLD_PASSWORD, factors=OTP),
        "factor_missing",
    ),
    (
        "one of two codes is enough",
        asks(),
        person(OLD_PASSWORD, ("sms", -HOUR), factors=BOTH),
        None,
    ),
    (
        "a code counts for its session though its factor was retired since",
        asks(),
        person(OLD_PASSWORD, ("sms", -HOUR), factors=OTP),
        None,
    ),
    # other factors
    ("a card alone", asks(), person(("chip", 5), factors=CARD), "factor_missing"),
    (
        "a card alone, of an account without codes",
        asks(),
        person(("chip", 5), factors=("chip",)),
        "factor_missing",
    ),
    ("a card, then the password", asks(), person(("chip", 5), ("pwd", 9)), None),
    (
        "a card, then a code",
        asks(),
        person(("chip", 5), ("totp", 9), factors=("pwd", "chip", "totp")),
        "factor_missing",
    ),
    (
        "a code held back is waited for",
        asks(),
        person(NEW_PASSWORD, held=("sms",)),
        "factor_missing",
    ),
    (
        "a code held back, and the card in its place",
        asks(),
        person(NEW_PASSWORD, ("chip", 20), factors=CARD, held=("sms",)),
        None,
    ),
    ("another device", asks(), person(("device", -HOUR)), None),
    (
        "another device does not stand for an enrolled code",
        asks(),
        person(("device", -HOUR), factors=OTP),
        "factor_missing",
    ),
    # strong: what decides who may sign in from now on
    ("strong, password only", strong(), person(NEW_PASSWORD), None),
    (
        "strong: a passcode is not enough",
        strong(),
        person(OLD_PASSWORD, ("passcode", 10), factors=("pwd", "passcode")),
        "max_age",
    ),
    (
        "strong, with a card enrolled",
        strong(),
        person(NEW_PASSWORD, factors=CARD),
        "assurance_too_low",
    ),
    (
        "strong, card proven",
        strong(),
        person(NEW_PASSWORD, ("chip", 20), factors=CARD),
        None,
    ),
    ("strong, old", strong(), person(OLD_PASSWORD), "max_age"),
    ("strong, by another device", strong(), person(("device", 5)), "prompt_login"),
    (
        "strong, another device left out",
        strong(),
        person(("device", 5), ("pwd", 9), factors=CARD),
        "assurance_too_low",
    ),
    # assurance
    (
        "voluntary, out of reach",
        asks(acr_values=(f"{ACR}2.2",)),
        person(OLD_PASSWORD),
        None,
    ),
    (
        "essential, out of reach",
        asks(essential_acr=(f"{ACR}2.2",)),
        person(OLD_PASSWORD),
        "assurance_unreachable",
    ),
    (
        "essential, earned",
        asks(essential_acr=(f"{ACR}2.2",)),
        person(OLD_PASSWORD, ("totp", -HOUR), factors=OTP),
        None,
    ),
    (
        "essential by the older name",
        asks(essential_acr=("LoA2",)),
        person(OLD_PASSWORD, ("totp", -HOUR), factors=OTP),
        None,
    ),
    (
        "essential, of a lower account",
        asks(essential_acr=(f"{ACR}2.2",)),
        person(OLD_PASSWORD, ("totp", -HOUR), factors=OTP, level=1),
        "assurance_unreachable",
    ),
    (
        "one of two essential values is enough",
        asks(essential_acr=(f"{ACR}2.4", f"{ACR}1.1")),
        person(OLD_PASSWORD),
        None,
    ),
    (
        "unknown values, voluntary",
        asks(acr_values=("urn:elsewhere:high",)),
        person(OLD_PASSWORD),
        None,
    ),
    (
        "unknown values, essential",
        asks(essential_acr=("urn:elsewhere:high",)),
        person(OLD_PASSWORD),
        "assurance_unreachable",
    ),
]


@pytest.mark.parametrize(
    ("transaction", "signed_in", "expected"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_table(
    transaction: AuthenticationTransaction,
    signed_in: SignedIn | None,
    expected: str | None,
) -> None:
    """Each case stops at the expected step, a minute after the request."""
    step = steps.unmet(
        transaction, signed_in, subject="lan@bank", minimum_acr=None, now=at(60)
    )

    assert (step.reason if step else None) == expected


@pytest.mark.parametrize(
    ("minimum", "factors", "expected"),
    [
        (f"{ACR}1.1", ("pwd",), None),
        (f"{ACR}2.2", ("pwd",), "assurance_unreachable"),
        (f"{ACR}2.2", ("pwd", "totp"), None),
    ],
)
def test_client_minimum(
    minimum: str, factors: tuple[str, ...], expected: str | None
) -> None:
    """A client's minimum holds though its request asks for less, or nothing."""
    proofs = tuple((method, -60.0) for method in factors)
    for request in (asks(), asks(acr_values=(f"{ACR}1.1",))):
        step = steps.unmet(
            request,
            person(*proofs, factors=factors),
            subject=None,
            minimum_acr=minimum,
            now=at(60),
        )

        assert (step.reason if step else None) == expected


def test_step_up() -> None:
    """A level that a known factor reaches is asked for, and then met."""
    signed_in = person(OLD_PASSWORD, factors=OTP)
    earned = assurance.earned(signed_in.session.events, 2)

    assert (
        steps._assurance(
            asks(acr_values=(f"{ACR}2.2",)).request,
            None,
            signed_in.account,
            earned,
            biometric=False,
        )
        == steps.ASSURANCE_TOO_LOW
    )


def test_each_step_has_a_page_or_an_error() -> None:
    """What cannot be mended on a page is answered by an error alone."""
    every = [item for item in vars(steps).values() if isinstance(item, steps.Step)]

    assert len(every) == 13
    assert [item.reason for item in every if item.page is None] == [
        "assurance_unreachable"
    ]
    assert all(item.error for item in every)


PROOFS = {
    # method and flags -> what it is worth, told again and more simply than the code
    ("pwd", ()): "K",
    ("totp", ()): "P",
    ("sms", ()): "P",
    ("recovery", ()): "P",
    ("chip", ()): "P",
    ("passkey", ()): "P",
    ("passkey", ("uv",)): "KP",
    ("device", ()): "K",
    ("device", ("mfa",)): "KP",
    ("passcode", ()): "",
}
credentials = st.sampled_from(
    ("totp", "sms", "chip", "passkey", "security_key", "passcode")
)
acr_values = st.lists(
    st.sampled_from([*assurance.supported_acr_values(), f"{ACR}2.3", "urn:other"]),
    max_size=3,
).map(tuple)
accounts = st.builds(
    SignInAccount,
    id=st.just(LAN),
    level=st.sampled_from((1, 2)),
    state=st.sampled_from(("submitted", "in_review", "granted", "active", "active")),
    locks=st.sampled_from(((), (), (), ("death",))),
    factors=st.frozensets(credentials).map(lambda found: found | {"pwd"}),
    held=st.frozensets(st.sampled_from(("totp", "sms")), max_size=1),
)
requests = st.builds(
    AuthorizationRequest,
    client_id=st.just("bank"),
    redirect_uri=st.just("https://bank.example/back"),
    prompt=st.sampled_from(((), ("login",), ("select_account",), ("none",))),
    max_age=st.none() | st.integers(0, 2 * HOUR),
    acr_values=acr_values,
    essential_acr=acr_values,
    hinted_subject=st.sampled_from((None, "lan@bank", "minh@bank")),
)
Proof = tuple[tuple[str, tuple[str, ...]], int, bool]
walks = st.lists(
    st.tuples(st.sampled_from(sorted(PROOFS)), st.integers(-HOUR, HOUR), st.booleans()),
    max_size=6,
)


def walk(account: SignInAccount, proofs: list[Proof]) -> SignedIn | None:
    """Return what a session keeps of these proofs, as `session_changes` would."""
    events: list[AuthenticationEvent] = []
    for (method, flags), second, begins_anew in sorted(
        proofs, key=lambda item: item[1]
    ):
        if begins_anew and method in ("pwd", "passkey", "chip", "device"):
            events = []
        elif not events:
            continue  # no session yet to add a code to
        events.append(AuthenticationEvent(method, at(second), flags))
    if not events:
        return None
    session = Session(UUID(int=9), LAN, tuple(events), (), events[0].at, T0)
    return SignedIn(session, account)


Reached = Callable[[AuthenticationTransaction, SignedIn, str | None], bool]


def _is_locked(_: AuthenticationTransaction, who: SignedIn, __: str | None) -> bool:
    return bool(who.account.locks) or who.account.state != "active"


def _lacks_code(_: AuthenticationTransaction, who: SignedIn, __: str | None) -> bool:
    worth = {
        kind
        for event in who.session.events
        for kind in PROOFS[event.method, event.flags]
    }
    codes = {"totp", "sms"} & (who.account.factors | who.account.held)
    return worth == {"P"} or (worth == {"K"} and bool(codes))


def _lacks_login(
    transaction: AuthenticationTransaction, who: SignedIn, __: str | None
) -> bool:
    request = transaction.request
    return (
        request is not None
        and "login" in request.prompt
        and not any(
            event.at >= transaction.created_at
            for event in who.session.events
            if event.method != "passcode"
        )
    )


def _lacks_acr(
    transaction: AuthenticationTransaction, who: SignedIn, minimum: str | None
) -> bool:
    request = transaction.request
    pair = assurance.earned(who.session.events, who.account.level)
    demanded = [(minimum,) if minimum else (), request.essential_acr if request else ()]
    return any(
        wanted and not any(assurance.satisfies(pair, value) for value in wanted)
        for wanted in demanded
    )


def _is_another(
    transaction: AuthenticationTransaction, _: SignedIn, __: str | None
) -> bool:
    request = transaction.request
    return request is not None and request.hinted_subject == "minh@bank"


@pytest.mark.parametrize(
    "must_not_finish",
    [_is_locked, _lacks_code, _lacks_login, _lacks_acr, _is_another],
)
@given(
    account=accounts,
    request=requests,
    proofs=walks,
    minimum=st.sampled_from((None, f"{ACR}2.2", "LoA1")),
)
def test_no_way_around(
    must_not_finish: Reached,
    account: SignInAccount,
    request: AuthorizationRequest,
    proofs: list[Proof],
    minimum: str | None,
) -> None:
    """No sequence of proofs reaches a code against the rule."""
    transaction = replace(asks(), request=request)
    signed_in = walk(account, proofs)

    step = steps.unmet(
        transaction,
        signed_in,
        subject="lan@bank",
        minimum_acr=minimum,
        now=at(HOUR),
    )

    assert (
        step is not None
        or signed_in is None
        or not must_not_finish(transaction, signed_in, minimum)
    )
    assert signed_in is not None or step == steps.NO_SESSION


@given(account=accounts, request=requests, minimum=st.sampled_from((None, "LoA2")))
def test_every_step_can_be_met(
    account: SignInAccount, request: AuthorizationRequest, minimum: str | None
) -> None:
    """After every factor was proven anew, only what no factor mends is left."""
    transaction = replace(asks(), request=request)
    proofs: list[Proof] = [(("pwd", ()), 1, True)]
    for kind in sorted(account.factors - {"pwd"}):
        method = "passkey" if kind == "security_key" else kind
        proofs.append(((method, ()), 2, False))

    step = steps.unmet(
        transaction,
        walk(account, proofs),
        subject="lan@bank",
        minimum_acr=minimum,
        now=at(60),
    )

    assert step in (
        None,
        steps.ACCOUNT_LOCKED,
        steps.ACCOUNT_MISMATCH,
        steps.ASSURANCE_UNREACHABLE,
        # a held code is waited for, unless another factor is there
        *([steps.FACTOR_MISSING] if account.factors <= {"pwd", "passcode"} else []),
    )


@given(account=accounts, request=requests, proofs=walks, is_strong=st.booleans())
def test_a_passcode_opens_nothing_for_others(
    account: SignInAccount,
    request: AuthorizationRequest,
    proofs: list[Proof],
    is_strong: bool,
) -> None:
    """Portals, and what decides who may sign in, are asked as if it were not there."""
    transaction = strong() if is_strong else replace(asks(), request=request)
    with_it = walk(account, proofs)
    without = walk(account, [item for item in proofs if item[0][0] != "passcode"])

    found = [
        steps.unmet(
            transaction, who, subject="lan@bank", minimum_acr=None, now=at(HOUR)
        )
        for who in (with_it, without)
    ]

    assert found[0] == found[1]
    if with_it and without:
        asked = {"max_age": 300, "is_strong": True, "now": at(HOUR)}
        assert steps.unmet_action(with_it, **asked) == steps.unmet_action(
            without, **asked
        )
