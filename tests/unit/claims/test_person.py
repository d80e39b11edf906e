"""A citizen's values, read only as far as they are asked for."""

from uuid import uuid4

import pytest

from idp.accounts.identity import Identity
from idp.claims.catalogue import CLAIMS
from idp.claims.delivery import deliver
from idp.claims.person import PersonReader, identity_values
from idp.claims.release import Recipient
from idp.claims.request import ClaimsRequest, Target
from idp.errors import NotFoundError
from idp.registry.embedded import EmbeddedRegistry
from tests.statements import noted_statements
from tests.unit.registry.records import AS_OF, ASKER, record_of
from tests.unit.relying_parties.parties import party
from tests.unit.world import NOW, on_each_backend

EVERYTHING = frozenset(n for n, claim in CLAIMS.items() if claim.about == "person")


@pytest.fixture
def reader(world):
    """Return a reader over the world's database."""
    registry = EmbeddedRegistry(world.database, world.sealer)
    return PersonReader(world.database, world.sealer, registry, ASKER)


def statements_of(world, call):
    """Return the SELECTs that `call` runs."""
    with noted_statements() as seen:
        call()
    return seen


@on_each_backend
def test_every_claim_of_a_person_is_read(world, new_account, reader):
    """Identity, contacts and the registry's record."""
    account = new_account(
        phone="+84900000001", email="thu@example.vn", email_verified=True
    )
    with world.database.transaction() as session:
        reader.registry.store(session, record_of(account.number))

    person = reader.read(account.id, EVERYTHING, NOW)

    assert person.values.keys() == EVERYTHING
    assert person.values["personal_number"] == account.number
    assert person.values["name"] == "Trần Văn Thử"
    assert person.values["phone_number"] == "+84900000001"
    assert person.values["phone_number_verified"] is True
    assert person.values["email_verified"] is True
    assert person.values["household"]["own"]["name"] == "Trần Văn Thử"
    assert person.registry_as_of == AS_OF


def test_what_is_not_held_has_no_value(account, reader):
    """No phone, no e-mail, no residence record: no claims, and no `verified: false`."""
    values = reader.read(account.id, EVERYTHING, NOW).values

    assert not values.keys() & {
        "phone_number",
        "phone_number_verified",
        "email",
        "email_verified",
        "residence",
        "address",
        "household",
        "household.members",
    }


@pytest.mark.parametrize(
    ("names", "count"),
    [((), 0), (("name", "email"), 1), (("personal_number",), 2), (("residence",), 3)],
)
def test_only_what_is_needed_is_read(world, account, reader, names, count):
    """The registry is asked for residence claims alone, the database not for none."""
    seen = statements_of(world, lambda: reader.read(account.id, names, NOW))

    assert len(seen) == count


def test_nobody_is_not_found(reader):
    """A vanished account is an error, not an empty person."""
    with pytest.raises(NotFoundError):
        reader.read(uuid4(), ["name"], NOW)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (
            Identity(
                family_name="Nguyễn",
                middle_name="Thị Minh",
                given_name="Khai",
                birth_date="1990-02-28",
                gender="female",
            ),
            {
                "name": "Nguyễn Thị Minh Khai",
                "family_name": "Nguyễn",
                "middle_name": "Thị Minh",
                "given_name": "Khai",
                "gender": "female",
                "birthdate": "1990-02-28",
                "birthdate_precision": "day",
            },
        ),
        (
            Identity(given_name="Y", birth_date="1948", gender="unknown"),
            {
                "name": "Y",
                "family_name": None,
                "middle_name": None,
                "given_name": "Y",
                "gender": None,
                "birthdate": "1948",
                "birthdate_precision": "year",
            },
        ),
    ],
)
def test_names_and_dates_are_told_as_they_are(identity, expected):
    """Họ, chữ đệm, tên in their order; a year stays a year (OIDC Core §5.1)."""
    assert identity_values(identity) == expected


def test_delivery_joins_plain_and_verified_claims(account, reader):
    """Only consented claims of both kinds, each once asked for."""
    portal = party(scope="openid profile personal_number")
    target = ClaimsRequest.from_json(
        {
            "userinfo": {
                "verified_claims": {
                    "verification": {"trust_framework": None},
                    "claims": {"birthdate": None, "personal_number": None},
                }
            }
        }
    ).userinfo

    told = deliver(
        frozenset({"name", "gender"}),
        target,
        account_id=account.id,
        recipient=Recipient(portal, 2, 1),
        allowed=frozenset({"name", "birthdate"}),
        reader=reader,
        now=NOW,
    )

    assert told.pop("verified_claims")["claims"] == {"birthdate": "1985"}
    assert told == {"name": "Trần Văn Thử"}


def test_nothing_is_read_for_what_is_withheld(world, account, reader):
    """A registry need not know of a question that is answered by silence."""
    seen = statements_of(
        world,
        lambda: deliver(
            EVERYTHING,
            Target(),
            account_id=account.id,
            recipient=Recipient(party(scope="openid residence"), 1, 1),
            allowed=EVERYTHING,
            reader=reader,
            now=NOW,
        ),
    )

    assert seen == []
