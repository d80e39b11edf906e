"""Identity data and contacts: forms, masking, sealing to their row."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.contacts import (
    InvalidContactError,
    mask_email,
    mask_phone,
    parse_email,
    parse_phone,
    read_contacts,
)
from idp.accounts.identity import (
    Identity,
    InvalidIdentityError,
    open_identity,
    parse_identity,
    read_identity,
    seal_identity,
)
from idp.errors import NotFoundError
from keys.errors import SealError
from keys.sealing import Sealer

SEALER = Sealer({1: b"s" * 32}, b"i" * 32)
PERSON = {
    "family_name": "Trần",
    "middle_name": "Văn",
    "given_name": "Bình",
    "birth_date": "1985-11-20",
    "gender": "male",
    "document": {
        "type": "can_cuoc",
        "number": "999085000003",
        "issued_on": "2024-07-15",
        "expires_on": None,
        "issuer": "Bộ Công an",
    },
}


def test_names_stand_in_vietnamese_order():
    """Họ, chữ đệm, tên; parts that a person lacks leave no gap."""
    assert parse_identity(PERSON).full_name == "Trần Văn Bình"
    alone = Identity(given_name="Y-Bhiêu", birth_date="1990", gender="male")
    assert alone.full_name == "Y-Bhiêu"
    assert parse_identity(PERSON).masked_name == "Trần V. B."


@given(st.text(min_size=1), st.text(), st.sampled_from(["1945", "1945-02-28"]))
def test_what_is_sealed_opens_the_same(given_name, family_name, birth_date):
    """Any name and both precisions of birth come back unchanged."""
    account_id = uuid4()
    identity = Identity(
        given_name=given_name,
        family_name=family_name,
        birth_date=birth_date,
        gender="female",
    )
    sealed = seal_identity(SEALER, identity, account_id)
    assert open_identity(SEALER, sealed, account_id) == identity


def test_a_row_moved_to_another_account_does_not_open():
    """The seal is bound to the account."""
    sealed = seal_identity(SEALER, parse_identity(PERSON), uuid4())
    with pytest.raises(SealError):
        open_identity(SEALER, sealed, uuid4())


@pytest.mark.parametrize(
    "change",
    [{"birth_date": "20/11/1985"}, {"birth_date": "1985-13-01"}, {"gender": "M"},
     {"given_name": " "}, {"given_name": 7}, {"verified": True},
     {"document": {"type": "can_cuoc"}}, {"document": "card"}],
)  # fmt: skip
def test_wrong_or_unknown_members_are_refused(change):
    """Nothing slips in beside the known members, each in its form."""
    with pytest.raises(InvalidIdentityError):
        parse_identity({**PERSON, **change})


def test_a_missing_member_is_refused():
    """Name, birth and gender are needed."""
    with pytest.raises(InvalidIdentityError):
        parse_identity({"given_name": "Bình"})


@pytest.mark.parametrize(
    "text",
    ["0500000003", "+84 50 000 0003", "84500000003", " 84500000003", "050.000.0003",
     "(+84)-500-000-003", "０５００００0003"],
)  # fmt: skip
def test_a_phone_is_read_in_every_usual_form(text):
    """With 0, 84 or +84 (whose plus a URL turns into a space), in any grouping."""
    assert parse_phone(text) == "+84500000003"


@pytest.mark.parametrize(
    "text", ["", "0200000003", "050000000", "05000000031", "+1500000003", "phone"]
)
def test_what_is_no_vietnamese_mobile_is_refused(text):
    """Landlines, foreign and mistyped numbers."""
    with pytest.raises(InvalidContactError):
        parse_phone(text)


@given(st.text(max_size=100))
def test_no_text_breaks_the_phone_parser(text):
    """E.164 or the one refusal."""
    try:
        phone = parse_phone(text)
    except InvalidContactError:
        return
    assert phone.startswith("+84")
    assert len(phone) == 12


def test_emails_are_plausible():
    """One @, a domain with a dot, no blanks or brackets."""
    assert parse_email(" binh@congdan.test ") == "binh@congdan.test"
    for text in ("", "binh", "a@b", "a b@congdan.test", "<a@congdan.test>", "a@b@c.d"):
        with pytest.raises(InvalidContactError):
            parse_email(text)


def test_masks_tell_no_more_than_needed():
    """Three digits of a phone; first letter and domain of an address."""
    assert mask_phone("+84500000123") == "•••\xa0•••\xa0•123"
    assert mask_email("binh@congdan.test") == "b•••@congdan.test"


def test_contacts_are_read_back(world, new_account):
    """Phone and e-mail open for their account; none is None."""
    account = new_account(phone="+84500000902", email="an@congdan.test")
    bare = new_account()
    with world.database.read() as connection:
        contacts = read_contacts(connection, world.sealer, account.id)
        assert (contacts.phone, contacts.email) == ("+84500000902", "an@congdan.test")
        nothing = read_contacts(connection, world.sealer, bare.id)
        assert (nothing.phone, nothing.email) == (None, None)
        assert read_identity(connection, world.sealer, bare.id).full_name
        for read in (read_contacts, read_identity):
            with pytest.raises(NotFoundError):
                read(connection, world.sealer, uuid4())
