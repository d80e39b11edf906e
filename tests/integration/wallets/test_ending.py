"""What takes a wallet's credentials back, and that nothing gives them again."""

from uuid import UUID

import pytest
from click.testing import CliRunner

from clients.sdk.credentials import CredentialError
from idp import clock
from idp.accounts import identifiers
from idp.cli.accounts import group
from idp.cli.context import CliContext
from idp.locks import registry_events
from tests.driver import Browser
from tests.integration.token_side import account_of, authorize, redeem, register
from tests.integration.wallets.asking import SCOPES, ask, holder, issued, verified
from tests.services import BACKENDS

OTHER_NUMBER = "999085777888"
on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


def told(provider, account_id, *kinds, **members):
    """Apply what the registry tells of the account, event by event."""
    with provider.database.read() as connection:
        number = identifiers.current_number(connection, provider.sealer, account_id)
    for kind in kinds:
        line = {"id": f"r-{kind}", "kind": kind, "number": number, **members}
        event = registry_events.parse(line, sandbox=True, now=clock.now())
        assert registry_events.apply(provider, event, now=clock.now()) == "applied"


def idp(provider, *arguments):
    """Run `idp accounts …` as an operator does."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config, provider=provider)
    result = CliRunner().invoke(group, arguments, obj=cli)
    assert result.exit_code == 0, result.output


def assert_ended(client, wallet, credential):
    with pytest.raises(CredentialError, match="taken back or is suspended"):
        verified(client, wallet, credential, "name")


@on_each_backend
def test_a_lock_ends_what_a_thief_had_issued(client, provider, token, wallet):
    """The holder unlocks, and the thief's credential stays as dead as the tokens."""
    credential, account_id = issued(client, token, wallet), account_of(provider)
    assert verified(client, wallet, credential, "name")

    told(provider, account_id, "card_held", "card_returned")

    assert_ended(client, wallet, credential)


def test_another_number_ends_what_attests_the_old(client, provider, token, wallet):
    """The former number is an alias here, and nobody's elsewhere."""
    credential = issued(client, token, wallet)

    told(provider, account_of(provider), "number_replaced", new_number=OTHER_NUMBER)

    assert_ended(client, wallet, credential)


def test_a_lost_level_comes_back_without_its_credentials(
    client, provider, token, wallet
):
    """Residence is for level 2 alone (Decree 69/2024 art. 9), without a gap."""
    credential, account_id = issued(client, token, wallet), account_of(provider)

    for level in ("1", "2"):
        idp(provider, "set-level", str(account_id), level)

    assert_ended(client, wallet, credential)


@on_each_backend
def test_a_permission_taken_back_ends_its_wallet_alone(
    app, client, provider, portal, wallet
):
    """Withdrawn on the citizen's own page; another wallet of theirs keeps its own."""
    browser = Browser(client)
    browser.visit("/account/permissions")
    person = holder(provider)
    browser.sign_in(person)
    machine, kept, ended = app.test_client(), register(provider, scope=SCOPES), portal
    with provider.database.read() as connection:
        found = identifiers.find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    tokens = [give(machine, provider, one, found) for one in (kept, ended)]
    first, second = (issued(machine, one, wallet) for one in tokens)

    browser.visit("/account/permissions")  # the newest permission is the first form
    page = browser.submit()

    assert "done=withdrawn" in page.request.url
    assert verified(machine, wallet, first, "name")
    assert_ended(machine, wallet, second)
    assert ask(machine, tokens[1], "x").status_code == 401
    history = browser.visit("/account/history").text
    assert "Giấy xác nhận cư trú điện tử trong ví đã hết hiệu lực" in history


def give(machine, provider, portal, account_id: UUID):
    made = authorize(provider, portal, scopes=SCOPES, account_id=account_id)
    return redeem(machine, portal, made)["access_token"]
