"""The invented holders of the tests' cards, their issuer and its day."""

from dataclasses import replace
from datetime import UTC, date, datetime

from clients.reader.virtual import issuer, personaliser
from clients.reader.virtual.card import Card
from clients.reader.virtual.person import Person
from clients.reader.virtual.profiles import Profile

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

AN = Person(
    number="999099012345",
    family_name="Nguyễn",
    middle_name="Văn",
    given_name="An",
    birth_date="1999-01-01",
    sex="M",
    nationality="Việt Nam",
    issued_on=date(2024, 1, 1),
    expires_on=date(2039, 1, 1),
    residence="1 phố Hoa Sữa, phường Ba Đình, Hà Nội",
    place_of_origin="phường Ba Đình, Hà Nội",
)
DAO = replace(
    AN,
    number="999140067890",
    family_name="Đặng",
    middle_name="Thị",
    given_name="Đào",
    birth_date="1950",
    sex="F",
    expires_on=None,
)

# An ECDSA card with everything on it is made in no time.
QUICK = Profile(active="ecdsa", portrait=False)


def authority(country: str = issuer.COUNTRY) -> issuer.Authority:
    """Return a new CSCA."""
    return issuer.create_authority(now=NOW, country=country)


def issue(by: issuer.Authority, profile: Profile = QUICK, person: Person = AN) -> Card:
    """Return a new card under an authority."""
    signer = issuer.create_signer(by, profile.signer, now=NOW)
    return personaliser.issue(person, profile, signer)
