"""Transactions: whose they are, how long they live, what they carry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from idp.authentication import logout, transaction
from idp.authentication.transaction import (
    AuthenticationTransaction,
    AuthorizationRequest,
    TransactionError,
)
from idp.storage.embedded import EmbeddedStore

T0 = datetime(2026, 11, 21, 8, tzinfo=UTC)
TTL = 1800
REQUEST = AuthorizationRequest(
    client_id="bank",
    redirect_uri="https://bank.example/back?a=b",
    response_mode="form_post",
    scopes=("openid", "residence"),
    state="trạng thái",
    nonce="n",
    code_challenge="c" * 43,
    prompt=("login", "consent"),
    max_age=0,
    acr_values=("LoA2",),
    essential_acr=("urn:dinhdanh:acr:2.2",),
    login_hint="hint",
    hinted_subject="sub",
    ui_locales=("en",),
    claims={"id_token": {"acr": {"values": ["LoA2"]}}},
    resource=("https://api.example",),
    request_uri="urn:x",
)


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "ephemeral.db")


def test_round_trip() -> None:
    """Everything survives the store, in its type."""
    full = AuthenticationTransaction(
        id="t",
        browser="b",
        created_at=T0,
        request=REQUEST,
        max_age=5,
        chosen_account=UUID(int=1),
        consented_at=T0,
        consented_by=UUID(int=2),
        denied=True,
        step="max_age",
        finished_at=T0,
    )
    bare = AuthenticationTransaction(id="t", browser="b", created_at=T0)

    for original in (full, bare):
        assert AuthenticationTransaction.from_json(original.to_json()) == original


def begin(store: EmbeddedStore, browser: str = "cookie") -> AuthenticationTransaction:
    started = transaction.prepare(browser, now=T0, request=REQUEST)
    transaction.save(store, started, now=T0, ttl=TTL)
    return started


def failure(
    store: EmbeddedStore, name: str, browser: str | None, seconds: float = 0
) -> str:
    with pytest.raises(TransactionError) as caught:
        transaction.load(
            store, name, browser=browser, now=T0 + timedelta(seconds=seconds), ttl=TTL
        )
    return caught.value.code


def test_load(store: EmbeddedStore) -> None:
    """The browser that began a transaction finds it, with what was changed."""
    started = begin(store)
    changed = replace(started, chosen_account=UUID(int=7), step="account_selection")

    transaction.save(store, changed, now=T0, ttl=TTL)

    assert (
        transaction.load(store, started.id, browser="cookie", now=T0, ttl=TTL)
        == changed
    )


def test_each_refusal_has_its_code(store: EmbeddedStore) -> None:
    """Unknown, expired, another browser's, finished and cookieless are told apart."""
    started = begin(store)

    assert failure(store, "guess", "cookie") == "DD-TXN-001"
    assert failure(store, started.id, "cookie", TTL) == "DD-TXN-002"
    assert failure(store, started.id, "planted") == "DD-TXN-003"
    assert failure(store, started.id, None) == "DD-TXN-005"
    transaction.end(store, started, now=T0, ttl=TTL)
    assert failure(store, started.id, "cookie", 11) == "DD-TXN-004"


def test_double_submit(store: EmbeddedStore) -> None:
    """A second click within seconds still gets an answer, and no longer window."""
    started = begin(store)
    transaction.end(store, started, now=T0, ttl=TTL)

    again = transaction.load(
        store, started.id, browser="cookie", now=T0 + timedelta(seconds=9), ttl=TTL
    )
    transaction.end(store, again, now=T0 + timedelta(seconds=9), ttl=TTL)

    assert again.finished_at == T0
    assert failure(store, started.id, "cookie", 11) == "DD-TXN-004"


def test_identifiers_have_one_use(store: EmbeddedStore) -> None:
    """The id of one kind names nothing of another kind (CVE-2026-4282)."""
    started = begin(store)
    waiting = logout.start(store, "cookie", client_id=None, return_uri=None)

    assert failure(store, waiting.id, "cookie") == "DD-TXN-001"
    with pytest.raises(TransactionError):
        logout.load(store, started.id, browser="cookie")


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https:evil.example", "", "a", "/a\nb"],
)
def test_return_path_stays_here(path: str) -> None:
    """A page's return path leads to our own host only."""
    with pytest.raises(TransactionError):
        transaction.prepare("cookie", now=T0, return_path=path)


def test_own_page() -> None:
    """A transaction without a request is for a page of our own."""
    started = transaction.prepare("c", now=T0, return_path="/account?x=1", max_age=300)

    assert (started.purpose, started.max_age) == ("account", 300)
    assert transaction.form_action_source(started) is None


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://bank.example/back?a=b", "https://bank.example"),
        ("http://127.0.0.1:8001/back", "http://127.0.0.1:8001"),
        ("http://[::1]:8001/back", "http:"),
        ("vn.example.app:/back", "vn.example.app:"),
    ],
)
def test_form_action(uri: str, source: str) -> None:
    """Pages may post on to the redirect URI's origin, or its private-use scheme."""
    started = transaction.prepare(
        "c", now=T0, request=replace(REQUEST, redirect_uri=uri)
    )

    assert transaction.form_action_source(started) == source


def test_logout_request(store: EmbeddedStore) -> None:
    """A waiting request to sign out is its browser's, and gone once answered."""
    waiting = logout.start(
        store, "cookie", client_id="bank", return_uri="https://b/?s=1"
    )

    assert logout.load(store, waiting.id, browser="cookie") == waiting
    with pytest.raises(TransactionError):
        logout.load(store, waiting.id, browser="other")
    with pytest.raises(TransactionError) as caught:
        logout.load(store, waiting.id, browser=None)
    assert caught.value.code == "DD-TXN-005"
    logout.end(store, waiting)
    with pytest.raises(TransactionError):
        logout.load(store, waiting.id, browser="cookie")
