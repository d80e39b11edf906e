"""Lines S: a session is one person's in one browser, and ends when it is ended."""

from urllib.parse import urlencode, urlsplit

from clients.attack.browser import Browser, at, forms
from clients.attack.portal import Visit, enter, portal, prove, simple
from clients.attack.redirects import EVIL
from clients.attack.suite import attack, expect
from clients.attack.target import Target


def _account_is_open(browser: Browser) -> bool:
    return at(browser.visit("/account")) == "account"


def _transaction(page_url: str) -> str:
    return urlsplit(page_url).path.rsplit("/", 1)[-1]


@attack("S1", "CWE-384", "CVE-2026-7507")
def session_fixed(target: Target) -> None:
    """A planted session cookie never becomes the citizen's; each proof changes it."""
    name = "__Host-dd_session" if target.issuer.startswith("https:") else "dd_session"
    planted = "planted-value-of-the-attacker-0000000000000"
    browser = Browser(target, {name: planted})
    visit = enter(portal(target), browser=browser)
    first = visit.browser.session()
    expect("code" in visit.answer, "the sign-in did not finish")
    expect(first != planted, "the planted cookie was adopted")
    expect(
        not _account_is_open(Browser(target, {name: planted})),
        "the planted cookie is signed in",
    )
    stepped = enter(portal(target), browser=browser, prompt="login")
    expect(stepped.browser.session() != first, "a new proof kept the cookie")
    expect(
        not _account_is_open(Browser(target, browser.cookies | {name: first or ""})),
        "the former cookie lives on",
    )


@attack("S1", "CWE-613")
def session_after_logout(target: Target) -> None:
    """After the sign-out the former cookie opens nothing."""
    visit = enter(portal(target)).redeem()
    before = dict(visit.browser.cookies)
    hint = {"id_token_hint": visit.tokens["id_token"]}
    visit.browser.visit(f"/end_session?{urlencode(hint)}")
    expect(not _account_is_open(Browser(target, before)), "the cookie lives on")
    alive = visit.portal.userinfo(visit.tokens["access_token"])
    expect(alive.status_code == 401, "the access token outlives the session")


@attack("S1", "CWE-384")
def sign_in_planted(target: Target) -> None:
    """Who planted a sign-in in the citizen's browser does not share its end."""
    party, attacker = portal(target), Browser(target)
    asked = party.ask()
    started = attacker.visit(party.address(asked))
    victim = Browser(target, dict(attacker.cookies))
    page = prove(victim, victim.visit(urlsplit(started.url).path), simple(target))
    expect(at(page) in ("consent", "portal"), "the citizen was not signed in")
    query = urlencode({"transaction": _transaction(started.url)})
    taken = attacker.visit(f"/authorize/resume?{query}")
    expect(at(taken) == "login", f"the attacker came to {at(taken)}")


@attack("S2", "CWE-352")
def form_from_another_site(target: Target) -> None:
    """A form that is not from this browser's own page does nothing."""
    party, browser = portal(target), Browser(target)
    page = browser.visit(party.address(party.ask()))
    person = simple(target)
    typed = {name: person[name] for name in ("personal_number", "password")}
    other = Browser(target)
    foreign = dict(forms(other.visit(party.address(party.ask())))[0].fields)
    for token in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}, foreign):
        posted = urlencode(typed | token)
        answered = browser.open("POST", urlsplit(page.url).path, data=posted)
        expect(answered.status_code in (400, 403), f"it was {answered.status_code}")
        expect(browser.session() is None, "a stranger's form signed somebody in")
    bare = Browser(target).open(
        "POST", urlsplit(page.url).path, data=urlencode(typed), Origin=EVIL[:-1]
    )
    expect(bare.status_code in (400, 403), "a form without cookies was taken")


@attack("S3", "CWE-384", "GHSA-c9h6-v78w-52wj")
def another_person_after_prompt_login(target: Target) -> None:
    """Another person in the same browser shares neither subject nor session id."""
    first = enter(portal(target), scope="openid").redeem()
    another = target.people("pwd", account_level=2)[1]
    second = enter(
        first.portal, another, first.browser, prompt="login", scope="openid"
    ).redeem()
    for name in ("sub", "sid"):
        same = first.claims[name] == second.claims[name]
        expect(not same, f"both have the same {name}")


@attack("S4", "CWE-288", "CWE-306", "CVE-2026-94218")
def factor_skipped(target: Target) -> None:
    """Whoever has proven a password alone comes no further where a code is due."""
    person = next(
        one
        for one in target.citizens
        if one["totp_secret"] and one["state"] == "active"
    )
    party, browser = portal(target), Browser(target)
    page = browser.visit(party.address(party.ask()))
    page = browser.submit(
        page, personal_number=person["personal_number"], password=person["password"]
    )
    expect(at(page) == "otp", f"after the password came {at(page)}")
    handle = _transaction(page.url)
    query = urlencode({"transaction": handle})
    for address in (f"/authorize/resume?{query}", f"/consent/{handle}"):
        landed = browser.visit(address)
        expect(at(landed) not in ("consent", "portal"), f"{address[:9]} went on")
    silent = browser.visit(party.address(party.ask(prompt="none")))
    told = silent.headers.get("Location", "")
    expect("code=" not in told, "a silent request got a code")
    expect(not _account_is_open(browser), "the account page opened")


@attack("S5", "CWE-488", "CVE-2025-12390")
def cookies_mixed(target: Target) -> None:
    """One person's session in another's sign-in never gives tokens of either."""
    first = enter(portal(target), scope="openid").redeem()
    other = Browser(target)
    asked = first.portal.ask(scope="openid profile", prompt="consent")
    page = other.visit(first.portal.address(asked))
    page = prove(other, page, target.people("pwd")[-1])
    expect(at(page) == "consent", f"the second person came to {at(page)}")
    for name, value in first.browser.cookies.items():
        if name.endswith("dd_session"):
            other.cookies[name] = value
    landed = other.submit(page, decision="allow")
    told = landed.headers.get("Location", "")
    expect("code=" not in told, "the mixed browser got a code")


@attack("S6", "CWE-488")
def two_tabs(target: Target) -> None:
    """Two sign-ins in two tabs end each at its own portal, in any order."""
    browser = enter(portal(target)).browser
    enter(portal(target, 2), browser=browser)
    parties = (portal(target), portal(target, 2))
    asked = [party.ask(prompt="consent") for party in parties]
    pages = [
        browser.visit(party.address(one))
        for party, one in zip(parties, asked, strict=True)
    ]
    for number in (1, 0):
        done = browser.submit(pages[number], decision="allow")
        visit = Visit(parties[number], browser, asked[number], done)
        home = parties[number].redirect_uri
        expect(done.headers["Location"].startswith(home), "it ended at the other")
        same = visit.answer["state"] == asked[number].params["state"]
        expect(same, "it ended with the other's state")
        visit.redeem()


@attack("S7", "CWE-352")
def logout_without_question(target: Target) -> None:
    """A sign-out that nobody vouches for is asked about first."""
    visit = enter(portal(target)).redeem()
    stranger = enter(portal(target), target.people("pwd", account_level=1)[0])
    foreign = stranger.redeem().tokens["id_token"]
    for sent in ({}, {"client_id": visit.portal.client_id}, {"id_token_hint": foreign}):
        page = visit.browser.visit(f"/end_session?{urlencode(sent)}")
        expect(at(page) == "logout", f"with {sorted(sent)} it did not ask")
        expect(_account_is_open(visit.browser), "the citizen was signed out")


@attack("S10", "CWE-1021", "CWE-525", "CWE-693")
def page_framed_or_kept(target: Target) -> None:
    """No page can be framed, kept by a cache, or tell its address to another site."""
    party, browser = portal(target), Browser(target)
    login = browser.visit(party.address(party.ask(prompt="consent")))
    consent = prove(browser, login, simple(target))
    for page in (login, consent, browser.visit("/account"), browser.visit("/nothing")):
        headers, name = page.headers, urlsplit(page.url).path.split("/")[1]
        policy = headers.get("Content-Security-Policy", "")
        expect("frame-ancestors 'none'" in policy, f"{name} can be framed")
        expect(headers.get("X-Frame-Options") == "DENY", f"{name} can be framed")
        expect("'unsafe-" not in policy, f"{name} allows inline scripts")
        expect("default-src 'none'" in policy, f"{name} allows what it does not name")
        expect(headers.get("Referrer-Policy") == "no-referrer", f"{name} refers")
        expect("no-store" in headers.get("Cache-Control", ""), f"{name} is cached")
        expect(headers.get("X-Content-Type-Options") == "nosniff", f"{name} sniffs")
    for line in _cookie_lines(target):
        low = line.lower()
        expect("httponly" in low and "samesite=lax" in low, "a cookie is open")
        is_safe = "secure" in low or not target.issuer.startswith("https:")
        expect(is_safe, "a cookie travels in clear")


def _cookie_lines(target: Target) -> list[str]:
    party = portal(target)
    page = Browser(target).open("GET", party.address(party.ask()))
    found: list[str] = page.raw.headers.getlist("Set-Cookie")
    expect(found, "the sign-in is bound to no browser")
    return found
