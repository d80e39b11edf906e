"""An officer at the desk in tests: forms filled in, cards read, people registered."""

from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

from clients.reader.virtual.card import Card
from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.person import Person
from clients.reader.virtual.profiles import Profile
from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.enrolment import queue
from idp.factors import face
from idp.factors.card_database import SANDBOX_CAPTURES
from idp.provider import Provider
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.person import PersonRecord, RegisteredCard, RegisteredPerson
from tests.authenticator import Authenticator
from tests.cards.people import AN
from tests.driver import Browser, Form, _Forms
from tests.integration.chip.agent import TOKEN, Agent, come_back
from tests.integration.chip.people import issue, trust
from tests.staff import sign_in_officer

WITH_PORTRAIT = Profile(active="ecdsa", portrait=True)
SAME, OTHER = face.SANDBOX_PHOTO + face.SANDBOX_MARK, face.SANDBOX_PHOTO
PHONE = "0912345671"
OFFICER = "Phạm Thị Lan"


def registered(person: Person = AN, **changes: Any) -> RegisteredPerson:
    """Return the person as the registry has them: as the card says."""
    values = {
        "number": person.number,
        "family_name": person.family_name,
        "middle_name": person.middle_name,
        "given_name": person.given_name,
        "birth_date": person.birth_date,
        "gender": {"M": "male", "F": "female"}[person.sex],
        "card": RegisteredCard(
            "valid",
            person.issued_on.isoformat(),
            person.expires_on and person.expires_on.isoformat(),
        ),
    }
    return RegisteredPerson(**(values | changes))


def register(provider: Provider, person: RegisteredPerson) -> None:
    """Let the registry know the person."""
    registry = EmbeddedRegistry(provider.database, provider.sealer)
    with provider.database.transaction() as session:
        registry.store(session, PersonRecord(as_of=clock.now(), person=person))


def forms(page: TestResponse) -> list[Form]:
    """Return every form of a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


@dataclass
class Desk:
    """One officer's browser at the desk."""

    provider: Provider
    browser: Browser
    officer_id: UUID
    device: Authenticator
    files: dict[str, Any] = field(default_factory=dict)

    @property
    def page(self) -> TestResponse:
        assert self.browser.page is not None
        return self.browser.page

    @property
    def step(self) -> str:
        """Name the step where the officer is."""
        return self.page.request.path.rpartition("/")[2]

    def press(self, ending: str, **typed: Any) -> TestResponse:
        """Fill in and send the form whose address ends so."""
        found = [form for form in forms(self.page) if form.action.endswith(ending)]
        assert found, (ending, self.page.text)
        kept = dict(found[0].fields)
        sent = {
            name: (BytesIO(value), "file") if isinstance(value, bytes) else value
            for name, value in (kept | typed).items()
        }
        return self.browser.visit(found[0].action, data=sent)

    def begin(self, scan: str = AN.number, path: str = "card") -> TestResponse:
        """Scan a number."""
        self.browser.visit("/staff/desk")
        return self.press("/staff/desk", scan=scan, path=path)

    def read_card(self, chip: VirtualChip, person: Person = AN) -> TestResponse:
        """Read a card at the step where one is asked for."""
        expires_on = person.expires_on.strftime("%d/%m/%Y") if person.expires_on else ""
        day = "/".join(reversed(person.birth_date.split("-")))
        self.press("/card", birth_date=day, expires_on=expires_on)
        return self.at_reader(chip)

    def at_reader(self, chip: VirtualChip) -> TestResponse:
        """Let the agent read the card that the page has led to."""
        token = TOKEN.search(self.page.text)
        assert token, self.page.text
        agent = Agent(self.browser.client.application)
        assert agent.open(token[1]).status_code == 201
        chip.reset()
        return come_back(self.browser, agent.read(chip))

    def prove(self, photo: bytes = SAME, fingers: str = "match") -> TestResponse:
        """Take photo and fingerprints."""
        self.press("/proof/photo", photo=photo)
        return self.press("/proof/fingers", capture=SANDBOX_CAPTURES[fingers])

    def finish(self, phone: str = PHONE, **contacts: str) -> TestResponse:
        """Go on from the phone to the submission."""
        self.press("/contacts", phone=phone, **contacts)
        self.press("/agreement", agreed="yes")
        return self.press("/summary")

    def enrol(self, chip: VirtualChip, person: Person = AN) -> TestResponse:
        """Enrol somebody whose card and registry agree, to the receipt."""
        self.begin(person.number)
        self.read_card(chip, person)
        self.press("/registry")
        self.prove()
        return self.finish()


def open_desk(
    app: Flask,
    provider: Provider,
    name: str = OFFICER,
    unit: str = "Ba Đình",
    number: str | None = None,
) -> Desk:
    """Sign an enrolment officer in, in a browser of their own."""
    browser = Browser(app.test_client())
    officer_id, device = sign_in_officer(
        browser,
        provider,
        roles=("enrolment_officer",),
        name=name,
        number=number,
        unit=unit,
    )
    return Desk(provider, browser, officer_id, device)


@cache
def _issued(person: Person) -> Card:
    return issue(WITH_PORTRAIT, person)


def card_of(person: Person = AN) -> VirtualChip:
    """Return the person's believed card, with a portrait, in a reader of its own."""
    return VirtualChip(_issued(person))


def ready(provider: Provider, person: Person = AN, **changes: Any) -> VirtualChip:
    """Have a person registered and their card believed; return the card."""
    trust(provider)
    register(provider, registered(person, **changes))
    return card_of(person)


def dossier_of(provider: Provider, number: str = AN.number):
    """Return the newest dossier of the person, None if there is none."""
    with provider.database.read() as connection:
        account_id = find_account_id(connection, provider.sealer, number)
        if account_id is None:
            return None
        found = queue.find_by_account(connection, account_id)
    return found[0] if found else None


def events(provider: Provider, account_id: UUID) -> list[str]:
    """Return the types of the account's newest events."""
    with provider.database.read() as connection:
        entries = provider.audit.recent(connection, account_id, 50)
    return [entry.type for entry in entries]
