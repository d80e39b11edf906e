"""`idp sandbox`: what portal developers call from their own tests."""

import json

import pytest
from click.testing import CliRunner

from idp import clock
from idp.cli.context import CliContext
from idp.cli.sandbox import group


@pytest.fixture
def idp(provider):
    """Return a function that runs `idp sandbox …` and returns what it prints."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config, provider=provider)

    def run(*arguments):
        result = CliRunner().invoke(group, arguments, obj=cli)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_citizens_come_as_json(idp):
    """A list of objects with exactly the documented members."""
    listing = json.loads(idp("citizens", "--json"))
    assert len(listing) >= 16
    for entry in listing:
        assert set(entry) == {
            "personal_number", "password", "totp_secret", "phone", "email",
            "account_level", "state", "lock", "factors", "story",
        }  # fmt: skip


def test_citizens_come_as_a_table(idp):
    """Everything needed to sign in is on the screen, however narrow it is."""
    table = idp("citizens", "--locale", "vi")
    assert "999085000003" in table
    assert "bien-xanh-cat-trang" in table
    assert "RFPYF4H34WUWLAAKG6GPK6RH2MIN5ZK6" in table
    assert "card expired" in " ".join(table.split())


def test_a_second_load_says_so(idp):
    """The fixture has loaded already."""
    assert "Nothing to do" in idp("load")


def test_the_outbox_is_read_by_phone(idp, provider):
    """In any form of the phone, as a table or as JSON."""
    provider.messages.send("+84500000006", "Dinh Danh: 012345", clock.now())
    provider.messages.send("+84500000008", "Dinh Danh: 543210", clock.now())
    (message,) = json.loads(idp("outbox", "--json", "--phone", "0500 000 006"))
    assert message["phone"] == "+84500000006"
    assert message["text"] == "Dinh Danh: 012345"
    assert "543210" in idp("outbox")


def test_the_outbox_has_letters(idp, provider):
    """By address, and beside the messages without one."""
    provider.mail.send("an@dinhdanh.test", "Thư", "Mã 123123\n", clock.now())
    provider.messages.send("+84500000006", "Dinh Danh: 012345", clock.now())
    (letter,) = json.loads(idp("outbox", "--json", "--email", "an@dinhdanh.test"))
    assert letter["subject"] == "Thư"
    assert len(json.loads(idp("outbox", "--json"))) == 2
    assert "123123" in idp("outbox")


def test_a_test_phone_gets_a_new_sim(idp, provider):
    """The sandbox's carrier knows of it from then on."""
    assert provider.carrier.sim_changed_at("+84500000006", clock.now()) is None
    assert "held back" in idp("change-sim", "0500 000 006")
    assert provider.carrier.sim_changed_at("+84500000006", clock.now())
