"""SMS codes: bound, single-use, short-lived, sparingly sent, never kept in clear."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from idp.config import Config, PagesConfig, SandboxConfig, ThrottleConfig
from idp.factors import sms
from idp.factors.enrolled import enrolled_kinds
from idp.factors.gateway import GatewayError, SandboxOutbox
from idp.factors.throttle import Throttle
from tests.unit.world import NOW, on_each_backend

CONFIG = Config(sandbox=SandboxConfig(enabled=True))
KEY = b"k" * 32
PHONE = "+84500000006"


class Sender:
    """One account's phone, the ways to it, and what arrives."""

    def __init__(self, database, ephemeral):
        self.outbox = SandboxOutbox(database)
        self.ephemeral = ephemeral
        self.account_id = uuid4()

    def send(self, binding="txn-1", *, now=NOW, config=CONFIG, gateway=None):
        return sms.send_code(
            self.ephemeral,
            gateway or self.outbox,
            KEY,
            account_id=self.account_id,
            phone=PHONE,
            binding=binding,
            locale="vi",
            now=now,
            config=config,
        )

    def verify(self, otp, binding="txn-1", *, account_id=None, now=NOW, key=KEY):
        return sms.verify_code(
            self.ephemeral,
            key,
            account_id=account_id or self.account_id,
            binding=binding,
            otp=otp,
            now=now,
        )

    def received(self):
        return [re.search(r"\d{6}", item.text)[0] for item in self.outbox.list(PHONE)]


@pytest.fixture
def sender(database, ephemeral):
    return Sender(database, ephemeral)


@on_each_backend
def test_a_code_arrives_and_is_taken_once(sender):
    """What was sent proves the factor, the first time only."""
    assert sender.send().sent
    (otp,) = sender.received()
    factor = sender.verify(f"{otp[:3]} {otp[3:]}")
    assert factor is not None
    assert (factor.method, factor.at) == ("sms", NOW)
    assert sender.verify(otp) is None


@on_each_backend
def test_of_fifty_parallel_tries_one_succeeds(sender):
    """One code, one proof."""
    sender.send()
    (otp,) = sender.received()
    with ThreadPoolExecutor(16) as pool:
        proven = list(pool.map(lambda _: sender.verify(otp), range(50)))
    assert sum(factor is not None for factor in proven) == 1


@on_each_backend
def test_guesses_over_sessions_and_resends_stop_at_five(sender):
    """New codes and new transactions do not open the account's counter again."""
    throttle = Throttle(sender.ephemeral, CONFIG.throttle)
    looked_at = 0

    def guess(number):
        binding = f"txn-{number % 4}"
        if number % 10 == 0:
            sender.send(binding)
        admission = throttle.admit(
            "otp", subject=str(sender.account_id), source=None, device=None
        )
        if not admission.allowed:
            return 0
        assert sender.verify("0000000", binding) is None
        return 1

    with ThreadPoolExecutor(16) as pool:
        looked_at = sum(pool.map(guess, range(100)))
    assert looked_at == CONFIG.throttle.otps_per_account


def test_a_code_belongs_to_its_transaction_account_and_key(sender):
    """Moved anywhere else it is worth nothing, and the right place still takes it."""
    sender.send()
    (otp,) = sender.received()
    assert sender.verify(otp, "txn-2") is None
    assert sender.verify(otp, account_id=uuid4()) is None
    assert sender.verify(otp, key=b"x" * 32) is None
    assert sender.verify("12345") is None
    wrong = f"{(int(otp) + 1) % 10**6:06}"
    assert sender.verify(wrong) is None
    assert sender.verify(otp) is not None


def test_a_code_expires_after_three_minutes(sender):
    """One second before it is good, at the end it is not."""
    sender.send()
    (otp,) = sender.received()
    assert sender.verify(otp, now=NOW + timedelta(seconds=180)) is None
    assert sender.verify(otp, now=NOW + timedelta(seconds=179)) is not None


def test_a_new_code_makes_the_older_one_worthless(sender):
    """Only the last one counts."""
    quick = replace(
        CONFIG, throttle=ThrottleConfig(sms_resend_after=1, sms_per_account=9)
    )
    sender.send(config=quick)
    while not sender.send(config=quick).sent:
        pass
    latest, oldest = sender.received()
    if latest != oldest:
        assert sender.verify(oldest) is None
    assert sender.verify(latest) is not None


def test_resending_waits(sender):
    """A second request within the interval sends nothing and says when."""
    assert sender.send().sent
    second = sender.send()
    assert (second.sent, second.retry_after) == (False, 60)
    assert sender.send("txn-2").sent
    assert len(sender.received()) == 2


@on_each_backend
def test_an_account_gets_five_messages_in_a_window(sender):
    """However many transactions ask at once (SMS pumping)."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(sender.send, [f"txn-{n}" for n in range(40)]))
    assert sum(answer.sent for answer in answers) == 5
    assert len(sender.received()) == 5
    refused = next(answer for answer in answers if not answer.sent)
    assert refused.retry_after == CONFIG.throttle.window


def test_codes_that_were_used_do_not_count_against_the_limit(sender):
    """Whoever signs in often by SMS is no flood."""
    for number in range(12):
        assert sender.send(f"txn-{number}").sent
        assert sender.verify(sender.received()[0], f"txn-{number}")


def test_a_gateway_that_fails_costs_the_citizen_nothing(sender):
    """No pause, no count, no code; the next try goes out."""

    class Failing:
        def send(self, phone, text, now):
            self.text = text
            raise GatewayError

    failing = Failing()
    for _ in range(8):
        with pytest.raises(GatewayError):
            sender.send(gateway=failing)
    assert sender.verify(re.search(r"\d{6}", failing.text)[0]) is None
    assert sender.send().sent


@pytest.mark.parametrize("locale", ["vi", "en", "fr"])
def test_the_text_is_one_plain_message(locale):
    """GSM-7 letters, one part, operator and warning; Vietnamese without accents."""
    text = sms.message("012345", locale=locale, config=CONFIG)
    assert text.isascii()
    assert len(text) <= 160
    assert text.startswith("Dinh Danh: ")
    assert "012345" in text
    assert ("Never share" if locale == "en" else "Khong dua ma") in text
    long_name = replace(CONFIG, pages=PagesConfig(operator="Cơ quan quản lý" * 9))
    assert len(sms.message("012345", locale=locale, config=long_name)) <= 160


def test_neither_code_nor_phone_is_logged_or_kept_in_clear(sender, caplog, tmp_path):
    """The store has an HMAC, the log has nothing."""
    with caplog.at_level(logging.DEBUG):
        sender.send()
        (otp,) = sender.received()
        sender.verify("999999")
    assert otp not in caplog.text
    assert PHONE not in caplog.text
    kept = sender.ephemeral.get(f"sms-otp:{sender.account_id}:txn-1")
    assert kept is not None
    assert set(kept) == {"mac", "exp"}
    assert len(kept["mac"]) == 64


def test_enrolling_is_recorded(world, account):
    """The phone becomes a factor, with its event."""
    with world.database.transaction() as session:
        sms.enrol(session, world.audit, account.id, now=NOW)
    with world.database.read() as connection:
        assert enrolled_kinds(connection, account.id) == {"sms"}
    assert world.events(account.id)[0] == "CredentialEnrolled"
