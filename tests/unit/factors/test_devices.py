"""Known devices: one cookie, several accounts, nobody else's mark."""

from datetime import timedelta

import pytest

from idp.factors.devices import find_known, remember
from tests.unit.world import NOW


def is_known(connection, cookie, account_id, *, now):
    return find_known(connection, cookie, account_id, now=now) is not None


def mark(world, account, cookie=None, now=NOW):
    with world.database.transaction() as session:
        return remember(session, world.audit, account.id, cookie=cookie, now=now)


def test_a_browser_is_known_after_a_success(world, account, new_account):
    """To this account only, by a digest and not by the mark itself."""
    cookie = mark(world, account)
    with world.database.read() as connection:
        digest = find_known(connection, cookie, account.id, now=NOW)
        assert digest is not None
        assert digest not in cookie
        assert is_known(connection, cookie, account.id, now=NOW)
        assert not is_known(connection, cookie, new_account().id, now=NOW)
    assert world.events(account.id)[0] == "DeviceRemembered"


def test_a_family_shares_a_browser(world, new_account):
    """One cookie knows several accounts; the sixth pushes out the first."""
    accounts, cookie = [new_account() for _ in range(6)], None
    for account in accounts:
        cookie = mark(world, account, cookie)
    with world.database.read() as connection:
        known = [is_known(connection, cookie, item.id, now=NOW) for item in accounts]
    assert known == [False] + [True] * 5


def test_a_known_browser_keeps_its_cookie(world, account):
    """A second success renews the mark and records nothing new."""
    cookie = mark(world, account)
    later = NOW + timedelta(days=300)
    assert mark(world, account, cookie, later) == cookie
    assert world.events(account.id).count("DeviceRemembered") == 1
    with world.database.read() as connection:
        assert is_known(connection, cookie, account.id, now=NOW + timedelta(days=600))


def test_a_mark_lapses_after_a_year(world, account):
    """Whoever stayed away that long is a newcomer."""
    cookie = mark(world, account)
    with world.database.read() as connection:
        assert not is_known(
            connection, cookie, account.id, now=NOW + timedelta(days=365)
        )


@pytest.mark.parametrize("cookie", [None, "", ".", "x" * 43, "é" * 43, "a." * 9999])
def test_strange_cookies_are_unknown(world, account, cookie):
    """Nothing that a browser sends breaks the look-up."""
    with world.database.read() as connection:
        assert find_known(connection, cookie, account.id, now=NOW) is None
