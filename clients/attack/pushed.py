"""Lines P: pushed requests are their client's, short-lived, and used once."""

from urllib.parse import urlencode

from clients.attack.browser import Browser, at
from clients.attack.portal import enter, portal
from clients.attack.redirects import EVIL
from clients.attack.suite import attack, expect
from clients.attack.target import Target


@attack("P1", "CWE-294")
def pushed_request_reused(target: Target) -> None:
    """A pushed request answers once, and to nobody who guesses or borrows it."""
    visit = enter(portal(target))
    party, browser = visit.portal, visit.browser
    urn = party.push(party.ask())
    own = {"client_id": party.client_id, "request_uri": urn}
    used = browser.visit(f"/authorize?{urlencode(own)}")
    expect("code=" in used.headers.get("Location", ""), "a first use got no code")
    for name, sent in (
        ("a second use", own),
        ("a guess", own | {"request_uri": urn[:-4] + "AAAA"}),
        ("no client", {"request_uri": party.push(party.ask())}),
        (
            "another client",
            {
                "client_id": portal(target, 2).client_id,
                "request_uri": party.push(party.ask()),
            },
        ),
    ):
        page = browser.visit(f"/authorize?{urlencode(sent)}")
        expect("code=" not in page.headers.get("Location", ""), f"{name} got a code")
        expect(page.status_code in (400, 303), f"{name}: {page.status_code}")


@attack("P1", "CWE-235")
def parameters_beside_a_pushed_request(target: Target) -> None:
    """What stands beside a request_uri changes nothing of what was pushed."""
    visit = enter(portal(target))
    party = visit.portal
    asked = party.ask(scope="openid", state="pushed")
    sent = {"client_id": party.client_id, "request_uri": party.push(asked)}
    beside = {"scope": "openid residence", "state": "beside", "redirect_uri": EVIL}
    page = visit.browser.visit(f"/authorize?{urlencode(sent | beside)}")
    location = page.headers.get("Location", "")
    expect(location.startswith(party.redirect_uri), f"it led to {location}")
    expect("state=pushed" in location, "the state beside it was taken")


@attack("P1", "CWE-362")
def pushed_request_race(target: Target) -> None:
    """Of many uses of one pushed request at once one gets a code."""
    visit = enter(portal(target))
    party = visit.portal
    urn = party.push(party.ask())
    sent = urlencode({"client_id": party.client_id, "request_uri": urn})
    cookies = dict(visit.browser.cookies)
    answers = target.at_once(
        lambda _: Browser(target, dict(cookies)).open("GET", f"/authorize?{sent}")
    )
    won = sum("code=" in page.headers.get("Location", "") for page in answers)
    expect(won == 1, f"{won} of {target.parallel} got a code")


@attack("P2", "CWE-757")
def request_not_pushed(target: Target) -> None:
    """A client that must push its requests is not served by a plain one."""
    party = portal(target, 1)
    page = Browser(target).visit(f"/authorize?{urlencode(party.ask().params)}")
    expect(at(page) == "portal", "a plain request went on to the sign-in")
    expect("error=" in page.headers["Location"], "a plain request was answered")
