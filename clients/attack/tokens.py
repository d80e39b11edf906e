"""Lines T: tokens are their client's, narrow only, and dead once they are ended."""

from clients.attack.portal import Portal, Visit, after, enter, portal, withdraw_all
from clients.attack.suite import attack, expect
from clients.attack.target import Target

OFFLINE = "openid profile offline_access"


def _lives(party: Portal, token: str) -> bool:
    return party.userinfo(token).status_code == 200


def _offline(target: Target) -> Visit:
    return enter(portal(target), scope=OFFLINE).redeem()


@attack("T1", "CWE-362", "CVE-2026-50631", "CVE-2026-53517")
def refresh_race(target: Target) -> None:
    """Of many uses of one refresh token at once one continues: no family forks."""
    visit = _offline(target)
    token = visit.tokens["refresh_token"]
    answers = target.at_once(lambda _: visit.portal.refresh(token))
    won = sum(answered.status_code == 200 for answered in answers)
    expect(won == 1, f"{won} of {target.parallel} got tokens")


@attack("T1", "CWE-294")
def refresh_token_reused(target: Target) -> None:
    """A refresh token that is used again later ends its whole family."""
    visit = _offline(target)
    first = visit.tokens["refresh_token"]
    second = visit.portal.refresh(first).json()
    with after(target, "refresh_grace"):
        again = visit.portal.refresh(first)
    expect(again.status_code == 400, "a used refresh token got tokens")
    heir = visit.portal.refresh(second["refresh_token"])
    expect(heir.status_code == 400, "the family lives on after the reuse")
    expect(not _lives(visit.portal, second["access_token"]), "its access token lives")


@attack("T2", "CWE-269")
def scope_widened(target: Target) -> None:
    """A refresh never brings more than was granted."""
    visit = _offline(target)
    token = visit.tokens["refresh_token"]
    for scope in (f"{OFFLINE} residence", "openid admin", "residence", "*"):
        answered = visit.portal.refresh(token, scope=scope)
        expect(answered.status_code == 400, f"{scope!r} got tokens")


@attack("T3", "CWE-613")
def refresh_after_revocation(target: Target) -> None:
    """What the client revokes is dead, with all that descends from it."""
    visit = _offline(target)
    token = visit.tokens["refresh_token"]
    visit.portal.post("revocation", token=token)
    expect(visit.portal.refresh(token).status_code == 400, "it was refreshed")
    is_alive = _lives(visit.portal, visit.tokens["access_token"])
    expect(not is_alive, "the access token lives")


@attack("T4", "CWE-639", "CVE-2026-58425", "CVE-2026-18208")
def token_of_another_client(target: Target) -> None:
    """Another client can neither look into a token, nor end it, nor use it."""
    visit, other = _offline(target), portal(target, 2)
    for name in ("access_token", "refresh_token"):
        token = visit.tokens[name]
        told = other.post("introspection", token=token).json()
        expect(told == {"active": False}, f"the {name} was told about: {told}")
        other.post("revocation", token=token)
    alive = _lives(visit.portal, visit.tokens["access_token"])
    expect(alive, "another client ended the access token")
    stolen = other.refresh(visit.tokens["refresh_token"])
    expect(stolen.status_code == 400, "another client refreshed")
    kept = visit.portal.refresh(visit.tokens["refresh_token"])
    expect(kept.status_code == 200, "another client ended the refresh token")


@attack("T5", "CWE-598")
def token_in_the_address(target: Target) -> None:
    """An access token in an address is not taken."""
    visit = enter(portal(target)).redeem()
    address = target.endpoints["userinfo_endpoint"]
    token = visit.tokens["access_token"]
    answered = target.open("GET", f"{address}?access_token={token}")
    expect(answered.status_code in (400, 401), "a token in the address was taken")


@attack("T6", "CWE-359", "CWE-863")
def claims_beyond_the_scope(target: Target) -> None:
    """Userinfo is about the same subject and tells no more than was agreed to."""
    visit = enter(portal(target), scope="openid").redeem()
    told = visit.portal.userinfo(visit.tokens["access_token"]).json()
    expect(told["sub"] == visit.claims["sub"], "userinfo is about someone else")
    expect(set(told) == {"sub"}, f"userinfo tells {sorted(told)}")
    other = enter(portal(target, 2), scope="openid").redeem()
    expect(other.claims["sub"] != told["sub"], "two sectors know the same subject")


@attack("T7", "CWE-269", "CVE-2024-52287")
def scope_not_registered(target: Target) -> None:
    """A scope that the client did not register is never granted."""
    visit = enter(portal(target), scope="openid household personal_number admin")
    scope = visit.redeem().tokens["scope"]
    expect(scope == "openid", f"{scope!r} was granted")
    for grant in ("password", "client_credentials", "implicit"):
        fields = {"grant_type": grant, "scope": "openid household admin"}
        answered = visit.portal.post("token", **fields)
        expect(answered.status_code in (400, 401), f"{grant} got tokens")


@attack("K7", "CWE-613")
def use_after_withdrawal(target: Target) -> None:
    """What a citizen takes back is told no more, from that moment on."""
    visit = _offline(target)
    withdraw_all(visit.browser)
    told = "after the withdrawal it still works: "
    token = visit.tokens["access_token"]
    expect(not _lives(visit.portal, token), f"{told}userinfo")
    active = visit.portal.post("introspection", token=token).json()["active"]
    expect(not active, f"{told}introspection")
    refreshed = visit.portal.refresh(visit.tokens["refresh_token"])
    expect(refreshed.status_code == 400, f"{told}refresh")
