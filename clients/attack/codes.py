"""Lines C: a code is for one client, one browser, one verifier, and works once."""

import secrets
from urllib.parse import urlencode, urlsplit

from requests import Response

from clients.attack.browser import Browser, at
from clients.attack.portal import Visit, after, enter, portal
from clients.attack.suite import attack, expect
from clients.attack.target import Target

_PLANTED = {"dd_browser": "x", "__Host-dd_browser": "x"}


def _error(answered: Response) -> str:
    body = answered.json()
    return str(body.get("error", body))


def _is_dead(visit: Visit) -> bool:
    return visit.portal.userinfo(visit.tokens["access_token"]).status_code == 401


@attack("C1", "CWE-362", "CWE-367")
def code_race(target: Target) -> None:
    """Of many redemptions of one code at once exactly one succeeds."""
    visit = enter(portal(target))
    code = visit.code
    answers = target.at_once(lambda _: visit.portal.redeem(code, visit.asked))
    won = sum(answered.status_code == 200 for answered in answers)
    expect(won == 1, f"{won} of {target.parallel} got tokens")


@attack("C2", "CWE-294", "CVE-2026-68079", "CVE-2026-73311")
def code_replayed(target: Target) -> None:
    """The owner's replay ends the tokens of the code; a stranger's changes nothing."""
    visit = enter(portal(target)).redeem()
    stolen = portal(target, 2).redeem(
        visit.code, visit.asked, redirect_uri=visit.portal.redirect_uri
    )
    expect(stolen.status_code == 400, "another client's replay got tokens")
    expect(not _is_dead(visit), "another client's replay ended the tokens")
    again = visit.portal.redeem(visit.code, visit.asked)
    expect(again.status_code == 400, "the replay got tokens")
    expect(_is_dead(visit), "the tokens outlive the replay")


@attack("C3", "CWE-863", "CVE-2026-26232")
def code_of_another_client(target: Target) -> None:
    """A code is redeemed by its own client, for its own redirect URI, alone."""
    visit, other = enter(portal(target)), portal(target, 2)
    home = visit.portal.redirect_uri
    stolen = other.redeem(visit.code, visit.asked, redirect_uri=home)
    expect(stolen.status_code == 400, "another client redeemed the code")
    strayed = visit.portal.redeem(visit.code, visit.asked, redirect_uri=f"{home}/x")
    expect(strayed.status_code == 400, "another redirect URI was taken")
    bare = enter(visit.portal, browser=visit.browser)
    strayed = bare.portal.redeem(bare.code, bare.asked, redirect_uri="")
    expect(strayed.status_code == 400, "no redirect URI was needed")


@attack("C3", "CWE-613")
def code_expired(target: Target) -> None:
    """A code that was not redeemed in its short life is worth nothing."""
    visit = enter(portal(target))
    with after(target, "code"):
        late = visit.portal.redeem(visit.code, visit.asked)
        expect(late.status_code == 400, "an expired code got tokens")


@attack("C4", "CWE-287", "CVE-2023-48228", "CVE-2024-22258")
def verifier_wrong(target: Target) -> None:
    """A code that was asked with a challenge needs exactly its verifier."""
    visit = enter(portal(target))
    challenge = visit.asked.params["code_challenge"]
    for verifier in ("", challenge, "w" * 43, "w" * 42, "w" * 129):
        step = enter(visit.portal, browser=visit.browser)
        answered = step.portal.redeem(step.code, step.asked, code_verifier=verifier)
        told = f"{len(verifier)} characters that do not fit were taken"
        expect(answered.status_code == 400, told)


@attack("C4", "CWE-757", "CVE-2025-4144")
def challenge_downgraded(target: Target) -> None:
    """A request without S256 gets no code: no challenge, `plain`, an empty one."""
    visit = enter(portal(target))
    for changes in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": ""},
        {"code_challenge": "a" * 42},
        {"code_challenge_method": "s256"},
    ):
        step = enter(visit.portal, browser=visit.browser, **changes)
        expect("code" not in step.answer, f"{changes} got a code")


@attack("C5", "CWE-843", "CVE-2026-4282", "CVE-2023-0264")
def one_id_for_another(target: Target) -> None:
    """No id of one kind (request, sign-in, code, token) opens what is another's."""
    visit = enter(portal(target), scope="openid profile offline_access").redeem()
    party, browser = visit.portal, visit.browser
    urn = party.push(party.ask())
    started = browser.visit(party.address(party.ask(prompt="login")))
    transaction = urlsplit(started.url).path.rsplit("/", 1)[-1]
    session = browser.session() or ""
    for found in (urn, urn.rpartition(":")[2], transaction, session):
        for answered in (party.redeem(found, visit.asked), party.refresh(found)):
            expect(answered.status_code == 400, "an id of another kind got tokens")
        expect(party.userinfo(found).status_code == 401, "an id opened userinfo")
    kinds = (urn.rpartition(":")[2], visit.code, visit.tokens["refresh_token"], session)
    for found in kinds:
        query = urlencode({"transaction": found})
        page = browser.visit(f"/authorize/resume?{query}")
        expect(page.status_code >= 400, "a sign-in went on under another id")


@attack("C6", "CWE-384")
def code_injected(target: Target) -> None:
    """A victim's code, put into another's sign-in, yields nothing there."""
    victim, attacker = enter(portal(target)), enter(portal(target))
    answered = victim.portal.redeem(victim.code, attacker.asked)
    expect(answered.status_code == 400, "another sign-in's verifier was taken")
    step = enter(portal(target)).redeem()
    told = step.claims.get("nonce")
    expect(told == step.asked.params["nonce"], "the ID token has another nonce")


@attack("C7", "CWE-384", "CVE-2022-39222")
def sign_in_in_another_browser(target: Target) -> None:
    """A sign-in under way goes on in the browser that began it alone."""
    party, browser = portal(target), Browser(target)
    started = browser.visit(party.address(party.ask()))
    transaction = urlsplit(started.url).path.rsplit("/", 1)[-1]
    other = enter(party).browser
    for stranger in (Browser(target), Browser(target, dict(_PLANTED)), other):
        for page in ("login", "consent", "choose", "otp", "recovery"):
            answered = stranger.visit(f"/{page}/{transaction}")
            told = f"/{page} was answered {answered.status_code}"
            expect(answered.status_code >= 400, told)
        query = urlencode({"transaction": transaction})
        answered = stranger.visit(f"/authorize/resume?{query}")
        expect(answered.status_code >= 400, "another browser went on with it")
        expect(at(answered) != "portal", "another browser finished it")


@attack("C7", "CWE-330")
def code_guessed(target: Target) -> None:
    """A guessed code, of whatever shape, is refused like a used one."""
    visit = enter(portal(target))
    for code in (secrets.token_urlsafe(32), "", "x", "%00", "a" * 5000, "../code"):
        answered = visit.portal.redeem(code, visit.asked)
        told = f"{code[:20]!r} was answered {answered.status_code}"
        expect(answered.status_code == 400, told)
        is_plain = _error(answered) in ("invalid_grant", "invalid_request")
        expect(is_plain, f"{code[:20]!r}: {_error(answered)}")
