"""E-mail codes: of one errand, once, for ten minutes, sparingly; never a level."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from idp.authentication import assurance
from idp.factors import email
from idp.factors.email import EmailCodes
from idp.factors.mail import MailError, NoMail
from idp.factors.sent_codes import Errand
from tests.unit.factors.sending import CONFIG, SOURCE
from tests.unit.world import NOW, on_each_backend

TO = "an.nguyen@dinhdanh.test"
ERRAND = Errand(uuid4(), TO, "reset", "case-1")


def newest(post) -> str:
    letter = post.mail.list(TO)[0]
    return "".join(filter(str.isdigit, letter.text))[:6]


def send(post, errand=ERRAND, **changes):
    values = {"source": SOURCE, "locale": "en", "now": NOW} | changes
    return EmailCodes(post).send(errand, **values)


@on_each_backend
def test_a_code_proves_its_address_once(post):
    """And no other errand."""
    assert send(post).sent
    otp, codes = newest(post), EmailCodes(post)
    for other in (
        replace(ERRAND, address="else@dinhdanh.test"),
        replace(ERRAND, purpose="contact"),
        replace(ERRAND, binding="case-2"),
        replace(ERRAND, account_id=uuid4()),
    ):
        assert not codes.check(other, otp, now=NOW)
    late = NOW + timedelta(seconds=CONFIG.lifetimes.email_otp)
    assert not codes.check(ERRAND, otp, now=late)
    assert codes.check(ERRAND, otp, now=late - timedelta(seconds=1))
    assert not codes.check(ERRAND, otp, now=NOW)


def test_letters_are_limited(post):
    """Soon after the last one none goes, and five to an account."""
    assert send(post).sent
    assert send(post).outcome == "early"
    answers = [
        send(post, replace(ERRAND, binding=f"case-{number}")).outcome
        for number in range(2, 8)
    ]
    assert answers == ["sent"] * 4 + ["often"] * 2


def test_a_letter_that_was_refused_was_never_asked_for(post):
    """No pause, no count."""
    silent = replace(post, mail=NoMail())
    for _ in range(8):
        with pytest.raises(MailError):
            send(silent)
    assert send(post).sent


@pytest.mark.parametrize("locale", ["vi", "en", "fr"])
def test_the_letter_warns_and_may_carry_a_link(locale):
    """In the reader's language, with the operator's name."""
    link = "https://id.example.vn/forgotten/link/x"
    subject, text = email.letter("012345", locale=locale, config=CONFIG, link=link)
    assert "Định Danh" in subject
    assert "012345" in text
    assert link in text
    assert "10" in text
    _, plain = email.letter("012345", locale=locale, config=CONFIG)
    assert "http" not in plain


def test_an_address_is_no_factor():
    """No row of the truth table has it."""
    with pytest.raises(KeyError):
        assurance.proof("email")
