"""SMS codes: of one errand, single-use, short-lived, sparingly sent, never in clear."""

import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from idp.config import PagesConfig
from idp.factors import holds, sms
from idp.factors.carrier import CarrierError
from idp.factors.enrolled import enrolled_kinds
from idp.factors.gateway import GatewayError
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.factors.throttle import Throttle
from tests.unit.factors.sending import CONFIG, SOURCE
from tests.unit.world import NOW, on_each_backend

PHONE, OTHER_PHONE = "+84500000906", "+84500000907"
DAY = timedelta(days=1)


class Sender:
    """One account with its phone, and what arrives there."""

    def __init__(self, world, post, account_id):
        self.world, self.post, self.account_id = world, post, account_id
        self.codes = SmsCodes(post)

    def errand(self, binding="txn-1", *, purpose="sign_in", phone=PHONE):
        return Errand(self.account_id, phone, purpose, binding)

    def send(self, binding="txn-1", *, now=NOW, source=SOURCE, **errand):
        wanted = self.errand(binding, **errand)
        return self.codes.send(wanted, source=source, locale="vi", now=now)

    def verify(self, otp, binding="txn-1", *, purpose="sign_in", now=NOW, account=None):
        with self.world.database.transaction() as session:
            return self.codes.verify(
                session,
                account or self.account_id,
                purpose=purpose,
                binding=binding,
                otp=otp,
                now=now,
            )

    def received(self):
        return self.post.codes_to(PHONE)

    def with_limits(self, **limits):
        self.codes = SmsCodes(self.post.throttled(**limits))
        return self


@pytest.fixture
def sender(world, post, new_account):
    account = new_account(phone=PHONE)
    with world.database.transaction() as session:
        sms.enrol(session, world.audit, account.id, now=NOW)
    return Sender(world, post, account.id)


@on_each_backend
def test_a_code_arrives_and_is_taken_once(sender, world):
    """What was sent proves the factor, the first time only, and its use is recorded."""
    assert sender.send().sent
    (otp,) = sender.received()
    factor = sender.verify(f"{otp[:3]} {otp[3:]}")
    credential = sender.post.sms_credential(sender.account_id)
    assert (factor.method, factor.at) == ("sms", NOW)
    assert factor.credential_id == credential.id
    assert credential.last_used_at == NOW
    assert world.events(sender.account_id)[0] == "CredentialUsed"
    assert sender.verify(otp) is None
    assert world.events(sender.account_id).count("CredentialUsed") == 1


@on_each_backend
def test_of_fifty_parallel_tries_one_succeeds(sender):
    """One code, one proof, one record."""
    sender.send()
    (otp,) = sender.received()
    with ThreadPoolExecutor(16) as pool:
        proven = list(pool.map(lambda _: sender.verify(otp), range(50)))
    assert sum(factor is not None for factor in proven) == 1
    assert sender.world.events(sender.account_id).count("CredentialUsed") == 1


@on_each_backend
def test_guesses_over_sessions_and_resends_stop_at_five(sender):
    """New codes and new transactions do not open the account's counter again."""
    throttle = Throttle(sender.post.ephemeral, CONFIG.throttle)

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


def test_a_code_belongs_to_its_errand_alone(sender, new_account):
    """Another transaction, purpose or account gets nothing from it."""
    stranger = new_account(phone=OTHER_PHONE)
    with sender.world.database.transaction() as session:
        sms.enrol(session, sender.world.audit, stranger.id, now=NOW)
    sender.send()
    (otp,) = sender.received()
    assert sender.verify(otp, "txn-2") is None
    assert sender.verify(otp, account=stranger.id) is None
    for purpose in ("reset", "recover", "contact"):
        assert sender.verify(otp, purpose=purpose) is None
        assert not sender.codes.check(sender.errand(purpose=purpose), otp, now=NOW)
    assert not sender.codes.check(sender.errand(phone=OTHER_PHONE), otp, now=NOW)
    assert sender.verify("12345") is None
    assert sender.verify(f"{(int(otp) + 1) % 10**6:06}") is None
    assert sender.verify(otp) is not None


def test_a_code_to_confirm_a_phone_signs_nobody_in(sender):
    """The other way round too: what confirms a contact is no factor."""
    sender.send(purpose="contact")
    (otp,) = sender.received()
    assert sender.verify(otp) is None
    assert sender.codes.check(sender.errand(purpose="contact"), otp, now=NOW)
    assert not sender.codes.check(sender.errand(purpose="contact"), otp, now=NOW)


def test_a_code_of_another_key_is_worth_nothing(sender, world, ephemeral):
    """The HMAC's key is the server's own."""
    from keys.secrets import NAMES, ServerSecrets

    sender.send()
    (otp,) = sender.received()
    secrets = ServerSecrets(dict.fromkeys(NAMES, b"x" * 32))
    sender.codes = SmsCodes(replace(sender.post, secrets=secrets))
    assert sender.verify(otp) is None


@on_each_backend
def test_a_new_phone_ends_codes_and_is_held_back(sender, world):
    """What went to the old phone is dead, and the new one proves nothing for a day."""
    sender.send()
    (otp,) = sender.received()
    with world.database.transaction() as session:
        former = holds.change_phone(
            session,
            world.audit,
            world.sealer,
            sender.account_id,
            OTHER_PHONE,
            held_until=NOW + DAY,
            now=NOW,
        )
    assert former == PHONE
    assert sender.verify(otp) is None
    assert sender.verify(otp, now=NOW + DAY) is None
    assert world.events(sender.account_id)[:2] == ["CredentialHeld", "ContactChanged"]
    late = NOW + DAY
    sender.send("txn-2", phone=OTHER_PHONE, now=NOW)
    (early,) = sender.post.codes_to(OTHER_PHONE)
    assert sender.verify(early, "txn-2", now=late - timedelta(seconds=1)) is None
    sender.send("txn-3", phone=OTHER_PHONE, now=late)
    assert sender.verify(sender.post.codes_to(OTHER_PHONE)[0], "txn-3", now=late)


def test_a_hold_never_gets_shorter(sender, world):
    """A second, shorter one changes nothing and is not recorded."""
    for days in (2, 1):
        with world.database.transaction() as session:
            holds.hold(
                session,
                world.audit,
                sender.account_id,
                "sms",
                until=NOW + days * DAY,
                ground="sim_changed",
                now=NOW,
            )
    with world.database.read() as connection:
        until = holds.held_until(connection, sender.account_id, "sms", now=NOW)
        over = holds.held_until(connection, sender.account_id, "sms", now=NOW + 2 * DAY)
    assert until == NOW + 2 * DAY
    assert over is None
    assert world.events(sender.account_id).count("CredentialHeld") == 1


def test_a_changed_sim_gets_no_code(sender):
    """For a day after the carrier's word; then again."""
    sender.post.carrier.change_sim(PHONE, NOW - timedelta(hours=1))
    answer = sender.send()
    assert (answer.outcome, answer.sent) == ("held", False)
    assert answer.held_until == NOW + timedelta(hours=23)
    assert sender.received() == []
    assert sender.send(now=NOW + timedelta(hours=23)).sent


@pytest.mark.parametrize("error", [GatewayError, CarrierError])
def test_a_partner_that_fails_costs_the_citizen_nothing(sender, error):
    """No pause, no count, no code; the next try goes out. No answer, no code."""
    seen = []

    class Failing:
        def send(self, phone, text, now):
            seen.append(text)
            raise error

        def sim_changed_at(self, phone, now):
            if error is CarrierError:
                raise error

    failing = Failing()
    sender.codes = SmsCodes(replace(sender.post, messages=failing, carrier=failing))
    for _ in range(8):
        with pytest.raises(error):
            sender.send()
    assert bool(seen) == (error is GatewayError)
    for text in seen:
        assert sender.verify(text.split("la ")[1][:6]) is None
    sender.codes = SmsCodes(sender.post)
    assert sender.send().sent


def test_without_an_enrolled_factor_a_code_proves_no_factor(world, post, new_account):
    """Nor for an account without a phone."""
    for account in (new_account(phone=OTHER_PHONE), new_account()):
        lone = Sender(world, post, account.id)
        lone.send(phone=OTHER_PHONE)
        otp = post.codes_to(OTHER_PHONE)[0]
        assert lone.verify(otp) is None


def test_a_code_expires_after_three_minutes(sender):
    """One second before it is good, at the end it is not."""
    sender.send()
    (otp,) = sender.received()
    assert sender.verify(otp, now=NOW + timedelta(seconds=180)) is None
    assert sender.verify(otp, now=NOW + timedelta(seconds=179)) is not None


def test_a_new_code_makes_the_older_one_worthless(sender):
    """Only the last one counts."""
    sender.with_limits(sms_resend_after=1, sms_per_account=9)
    sender.send()
    while not sender.send().sent:
        pass
    latest, oldest = sender.received()
    if latest != oldest:
        assert sender.verify(oldest) is None
    assert sender.verify(latest) is not None


def test_resending_waits(sender):
    """A second request within the interval sends nothing and says when."""
    assert sender.send().sent
    second = sender.send()
    assert (second.outcome, second.retry_after) == ("early", 60)
    assert sender.send("txn-2").sent
    assert len(sender.received()) == 2


LIMITS = {
    "sms_per_account": {},
    "sms_per_phone_a_day": {"accounts": True, "sources": True},
    "sms_per_prefix": {"accounts": True, "phones": True, "sources": True},
    "sms_per_source": {"accounts": True, "phones": True},
}


@on_each_backend
@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_stops_a_flood_by_itself(sender, limit):
    """Per account, phone and day, prefix, source: however many ask at once."""
    wide = dict.fromkeys(LIMITS, 1000) | {limit: 3}
    sender.with_limits(**wide)
    varied, numbers = LIMITS[limit], itertools.count()

    def ask(number):
        account = uuid4() if varied.get("accounts") else sender.account_id
        phone = f"+8450000{number:04}" if varied.get("phones") else PHONE
        source = f"198.51.100.{number}" if varied.get("sources") else SOURCE
        errand = Errand(account, phone, "sign_in", f"txn-{number}")
        return sender.codes.send(errand, source=source, locale="vi", now=NOW)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, itertools.islice(numbers, 24)))
    sent = sum(answer.sent for answer in answers)
    # Of parallel wishes some may be refused for ones that are given back.
    while (refused := ask(next(numbers))).sent:
        sent += 1
    assert sent == 3
    day = limit == "sms_per_phone_a_day"
    assert refused.outcome == "often"
    assert refused.retry_after == (86_400 if day else CONFIG.throttle.window)


def test_one_after_another_the_whole_limit_goes_out(sender):
    """Five messages to an account, and not one fewer."""
    answers = [sender.send(f"txn-{number}").sent for number in range(7)]
    assert answers == [True] * 5 + [False] * 2


def test_codes_that_were_used_do_not_count_against_the_limit(sender):
    """Whoever signs in often by SMS is no flood."""
    for number in range(30):
        assert sender.send(f"txn-{number}").sent
        assert sender.verify(sender.received()[0], f"txn-{number}")


@pytest.mark.parametrize("locale", ["vi", "en", "fr"])
@pytest.mark.parametrize("purpose", ["sign_in", "reset", "recover", "contact"])
def test_the_text_is_one_plain_message(locale, purpose):
    """GSM-7 letters, one part, operator, purpose and warning; never a link."""
    errand = Errand(uuid4(), PHONE, purpose, "txn-1")
    text = sms.message(errand, "012345", locale=locale, config=CONFIG)
    assert text.isascii()
    assert text.startswith("Dinh Danh: ")
    assert "012345" in text
    assert "http" not in text
    assert "/" not in text
    assert ("Never share" if locale == "en" else "Khong dua ma") in text
    long_name = replace(CONFIG, pages=PagesConfig(operator="Cơ quan quản lý" * 9))
    assert len(sms.message(errand, "012345", locale=locale, config=long_name)) <= 160


def test_purposes_are_told_apart_in_the_text():
    """A citizen sees what a code would do before giving it to anybody."""
    for locale in ("vi", "en"):
        texts = {
            sms.message(
                Errand(uuid4(), PHONE, purpose, ""), "1", locale=locale, config=CONFIG
            )
            for purpose in ("sign_in", "reset", "recover", "contact")
        }
        assert len(texts) == 4


def test_neither_code_nor_phone_is_logged_or_kept_in_clear(sender, caplog):
    """The store has HMACs, the log has nothing, an errand hides its address."""
    keys = []
    counting = sender.post.ephemeral.count
    sender.post.ephemeral.count = lambda key, **rest: (
        keys.append(key),
        counting(key, **rest),
    )[1]
    with caplog.at_level(logging.DEBUG):
        sender.send()
        (otp,) = sender.received()
        sender.verify("999999")
    assert otp not in caplog.text
    assert PHONE not in caplog.text
    assert PHONE not in repr(sender.errand())
    kept = sender.post.ephemeral.get(f"sms-otp:{sender.account_id}:sign_in:txn-1")
    assert set(kept) == {"mac", "exp", "counters"}
    assert len(kept["mac"]) == 64
    assert len(keys) == 4
    assert not [key for key in keys if PHONE[3:] in key or PHONE[:6] in key]


def test_enrolling_is_recorded(world, account):
    """The phone becomes a factor, with its event."""
    with world.database.transaction() as session:
        sms.enrol(session, world.audit, account.id, now=NOW)
    with world.database.read() as connection:
        assert enrolled_kinds(connection, account.id) == {"sms"}
    assert world.events(account.id)[0] == "CredentialEnrolled"
