"""Citizens with cards of a demo issuer that the provider trusts."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding

from clients.reader.virtual import issuer, personaliser
from clients.reader.virtual.card import Card
from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.person import Person
from clients.reader.virtual.profiles import Profile
from idp import clock
from idp.accounts.identity import Identity, IdentityDocument
from idp.accounts.lifecycle import NewAccount, create_account
from idp.emrtd.trust import TrustStore
from idp.factors import chip, chip_trust
from idp.factors.chip_evidence import Judge, read_files
from idp.factors.password import set_password
from idp.provider import Provider
from tests.cards.people import AN, QUICK

PASSWORD = "hoa-sen-bay-canh"


@dataclass(frozen=True)
class Citizen:
    """An account of the card's holder; `entry` is what the login page takes."""

    id: UUID
    person: Person

    @property
    def entry(self) -> dict[str, str]:
        return {"personal_number": self.person.number, "password": PASSWORD}


@cache
def authority() -> issuer.Authority:
    """Return the demo country's CSCA."""
    return issuer.create_authority(now=clock.now())


@cache
def signer(kind: str):
    return issuer.create_signer(authority(), kind, now=clock.now())


def issue(profile: Profile = QUICK, person: Person = AN) -> Card:
    """Return a new card of the demo issuer."""
    return personaliser.issue(person, profile, signer(profile.signer))


def chip_of(card: Card) -> VirtualChip:
    return VirtualChip(card)


def trust(provider: Provider, *items: bytes) -> None:
    """Import certificates and lists as the operator does."""
    mine = authority().certificate.public_bytes(Encoding.DER)
    now = clock.now()
    for item in items or (mine,):
        with provider.database.read() as connection:
            loaded = chip_trust.read_file(connection, item, now=now)
        with provider.database.transaction() as session:
            chip_trust.keep(session, provider.audit, loaded, source="test", now=now)
    store(provider)


def store(provider: Provider) -> TrustStore:
    """Return the trust store as it is now, for the provider too."""
    return chip_trust.load(provider.database, "VNM", max_age=0)


def create_citizen(provider: Provider, person: Person = AN, **changes) -> Citizen:
    """Return an active account of the person, with a password and nothing else."""
    identity = Identity(
        family_name=person.family_name,
        middle_name=person.middle_name,
        given_name=person.given_name,
        birth_date=person.birth_date,
        gender="male" if person.sex == "M" else "female",
        document=IdentityDocument(
            type="can_cuoc",
            number=person.number,
            issued_on=person.issued_on.isoformat(),
            expires_on=person.expires_on and person.expires_on.isoformat(),
            issuer="test",
        ),
    )
    values = {"number": person.number, "identity": identity, "level": 2}
    new = NewAccount(**({**values, "state": "active"} | changes))
    password_hash = provider.passwords.hash(PASSWORD)
    with provider.database.transaction() as session:
        stores = (session, provider.audit)
        account_id = create_account(*stores, provider.sealer, new, now=clock.now())
        set_password(*stores, account_id, password_hash, now=clock.now())
    return Citizen(account_id, person)


def enrol(provider: Provider, citizen: Citizen, card: Card, **changes) -> UUID:
    """Enrol a card without a reader."""
    groups = {n: card.files[str(n)] for n in (1, 13, 14, 15) if str(n) in card.files}
    judge = Judge(store(provider), "VNM", allow_sha1=False)
    read = replace(
        read_files(groups, card.files["sod"], judge, now=clock.now()), **changes
    )
    with provider.database.transaction() as session:
        return chip.enrol(
            session,
            provider.audit,
            provider.sealer,
            citizen.id,
            read,
            now=clock.now(),
        )


def later_card(profile: Profile = QUICK, person: Person = AN) -> Card:
    """Return the same person's next card, issued today."""
    today = clock.now().date()
    return issue(profile, replace(person, issued_on=date(today.year, 1, 1)))
