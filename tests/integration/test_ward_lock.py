"""A representative locks a ward's account and opens it again; nobody else does."""

from flask import Flask

from idp import clock
from idp.accounts.lifecycle import live_locks
from idp.locks import placing
from idp.provider import Provider
from tests.driver import Browser
from tests.integration.acting import (
    CHILD,
    GUARDIAN,
    LEGAL,
    account,
    as_child,
    portal_for,
    sign_in,
    userinfo,
)


def locks(provider: Provider) -> tuple[str, ...]:
    with provider.database.read() as connection:
        return live_locks(connection, account(provider, CHILD))


def change(browser: Browser, provider: Provider, what: str):
    """Open the page of a change and press its button."""
    browser.visit(f"/account/wards/{account(provider, CHILD)}/{what}")
    return browser.submit()


def test_a_mother_locks_and_opens(app: Flask, provider: Provider) -> None:
    """Tokens die at once; history and audit say who acted."""
    browser, tokens = as_child(app, provider, portal_for(provider))
    page = browser.visit("/account/wards")
    assert f"/account/wards/{account(provider, CHILD)}/lock" in page.text

    page = change(browser, provider, "lock")

    assert "đã bị khóa ở mọi nơi" in page.text
    assert locks(provider) == ("holder_request",)
    assert userinfo(browser.client, tokens).status_code == 401
    assert "đã được mở khóa" in change(browser, provider, "unlock").text
    assert locks(provider) == ()
    with provider.database.read() as connection:
        entries = provider.audit.recent(connection, account(provider, CHILD), 50)
    done = {one.type: one.data for one in entries if one.type.startswith("Lock")}
    mother = {"asker": "representative", "by": str(account(provider, GUARDIAN))}
    assert set(done) == {"LockPlaced", "LockLifted"}
    assert all(mother.items() <= data.items() for data in done.values())


def test_another_ground_keeps_holding(app: Flask, provider: Provider) -> None:
    """The page says so; what others placed is not hers to lift."""
    browser = sign_in(app, provider, GUARDIAN, "/account/wards")
    change(browser, provider, "lock")
    with provider.database.transaction() as session:
        placing.lock(
            provider,
            session,
            account(provider, CHILD),
            ground="card_held",
            asker="system",
            now=clock.now(),
        )
    page = change(browser, provider, "unlock")
    assert "vẫn bị khóa vì lý do khác" in page.text
    assert locks(provider) == ("card_held",)


def test_a_stranger_does_neither(app: Flask, provider: Provider) -> None:
    """Neither the pages nor the posts know a ward of somebody else."""
    browser = sign_in(app, provider, LEGAL, "/account")
    address = f"/account/wards/{account(provider, CHILD)}"
    assert browser.visit(f"{address}/lock").status_code == 404
    page = browser.visit(f"{address}/lock", data={"csrf_token": "x"})
    assert page.status_code in {400, 403, 404}
    assert locks(provider) == ()
