"""`idp accounts`: accounts from the terminal, personal data off the command line."""

import json
import logging
import re
from uuid import UUID

import pyotp
import pytest
from click.testing import CliRunner

from idp import clock
from idp.accounts.contacts import read_contacts
from idp.cli.accounts import group
from idp.cli.context import CliContext
from idp.errors import IdpError
from idp.factors import holds, sms, totp
from idp.factors.password import prove

NUMBER = "001 085 123 456"
PERSON = {
    "personal_number": NUMBER,
    "phone": "0500 000 950",
    "email": "thu@congdan.test",
    "family_name": "Trần",
    "middle_name": "Văn",
    "given_name": "Thử",
    "birth_date": "1985-11-20",
    "gender": "male",
}
PASSWORD = "một câu đủ dài"


@pytest.fixture
def idp(provider):
    """Return a function that runs `idp accounts …` and returns what it prints."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config, provider=provider)

    def run(*arguments, stdin=""):
        result = CliRunner().invoke(group, arguments, obj=cli, input=stdin)
        if result.exception and isinstance(result.exception, IdpError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def account(idp):
    """Return the id of an account that was just added."""
    output = idp("add", "--level", "2", "--state", "granted", stdin=json.dumps(PERSON))
    return str(UUID(output.strip()))


def test_an_account_goes_its_way(idp, account, provider):
    """Added, given a password, activated: then the password proves it."""
    idp("set-password", account, stdin=f"{PASSWORD}\n")
    assert "active" in idp("set-state", account, "active")
    proven = prove(
        provider.database,
        provider.sealer,
        provider.passwords,
        provider.audit,
        number="001085123456",
        password=PASSWORD,
        now=clock.now(),
    )
    assert str(proven.account_id) == account


def test_nothing_shown_is_personal(idp, account):
    """Numbers, names and contacts come masked."""
    idp("set-password", account, stdin=f"{PASSWORD}\n")
    shown, listed = idp("show", account), idp("list", "--state", "granted")
    assert "Trần V. T." in shown
    assert "t•••@congdan.test" in shown
    assert "456" in listed
    for text in (shown, listed):
        for secret in ("085123", "085 123", "Văn", "0000950", "thu@", PASSWORD):
            assert secret not in text


def test_a_number_is_entered_not_passed(idp, account):
    """`-` reads it; on the command line only a sandbox number is taken."""
    assert account in idp("show", "-", stdin=f"{NUMBER}\n")
    assert "••• ••• ••• 003" in idp("show", "999085000003")
    result = CliRunner().invoke(group, ["show", "001085123456"])
    assert result.exit_code != 0


def test_a_real_number_on_the_command_line_is_refused(idp, account):
    """It would stay in the shell's history."""
    with pytest.raises(AssertionError, match="enter - and the number"):
        idp("show", "001085123456")


def test_a_number_is_replaced_and_the_level_set(idp, account):
    """Staff find the account by both numbers; the new one is the shown one."""
    idp("replace-number", account, stdin="001085777888\n")
    assert "••• ••• ••• 888" in idp("show", "-", stdin=f"{NUMBER}\n")
    assert "Now level 1" in idp("set-level", "-", "1", stdin="001085777888\n")


def test_locks_are_placed_and_lifted(idp, account, provider):
    """Each by its ground; the last one lifted unlocks; it is told and recorded."""
    by = ("--by", "CA-0117")
    asked = {"holder_request": "holder", "card_held": "agency"}
    for ground, asker in asked.items():
        idp("lock", account, "--ground", ground, "--asker", asker, *by)
    assert "card_held" in idp("show", account)
    with pytest.raises(IdpError):
        idp("unlock", account, "--ground", "card_held", "--asker", "holder", *by)
    lift = ("unlock", account, *by, "--ground")
    left = idp(*lift, "holder_request", "--asker", "holder")
    assert "still locked: card_held" in left
    assert "Unlocked" in idp(*lift, "card_held", "--asker", "agency")
    with pytest.raises(IdpError):
        idp(*lift, "card_held", "--asker", "agency")
    told = [message.text for message in provider.messages.list("+84500000950")]
    assert ["vua bi khoa" in one for one in told] == [False, False, True, True]
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, UUID(account), 10)
    locks = [one.data["by"] for one in events if one.type.startswith("Lock")]
    assert locks == ["CA-0117"] * 4


def test_an_authenticator_app_is_enrolled(idp, account, provider):
    """The printed URI proves the factor; the QR code comes with it."""
    output = idp("add-totp", account, "--label", "Điện thoại")
    secret = re.search(r"secret=([A-Z2-7]+)", output)[1]
    now = clock.now()
    with provider.database.transaction() as session:
        assert totp.verify(
            session,
            provider.audit,
            provider.sealer,
            UUID(account),
            otp=pyotp.TOTP(secret).at(now),
            now=now,
        )
    assert "001085123456" not in output


@pytest.mark.parametrize("source", ["no json", "[]", "{}", '{"personal_number": 1}'])
def test_strange_input_creates_nothing(idp, provider, source):
    """Each is refused with a sentence."""
    with pytest.raises((AssertionError, IdpError)):
        idp("add", stdin=source)


def test_nothing_personal_is_logged(idp, caplog):
    """Neither number nor name reaches a log."""
    with caplog.at_level(logging.DEBUG):
        idp("add", stdin=json.dumps(PERSON))
    assert "085123" not in caplog.text
    assert "Thử" not in caplog.text


def test_a_phone_is_changed_and_the_old_one_told(idp, account, provider):
    """Entered unseen; codes to the new one are held back for a day."""
    with provider.database.transaction() as session:
        sms.enrol(session, provider.audit, UUID(account), now=clock.now())
    said = idp("set-phone", account, stdin="0500 000 951\n")
    assert "0500" not in said
    assert "doi" in provider.messages.list("+84500000950")[0].text
    with provider.database.read() as connection:
        assert holds.held_until(connection, UUID(account), "sms", now=clock.now())
        kept = read_contacts(connection, provider.sealer, UUID(account))
    assert kept.phone == "+84500000951"
