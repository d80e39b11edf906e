"""Known and unknown persons are answered equally fast, by a running server.

Each question is asked for one kind of person after the other, in a new order each
round, at the real cost of a password hash; what is compared is the medians.
"""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urljoin

import requests

from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.config.settings import PasswordConfig
from idp.factors.password import PasswordPool, set_password
from idp.provider import Provider
from tests.driver import citizen, step_form
from tests.integration.activating import another, grant
from tests.integration.chip.agent import unknown_number
from tests.integration.enrolling import details, newcomer
from tests.integration.way_back import PHONE
from tests.prove.stage import provider_on, serving, write_settings
from tests.services import Services

ALLOWED = 12.0  # milliseconds between medians
_OTHER_PHONE = "+84500000932"
# Nobody is throttled, so that every answer takes the whole way.
_SETTINGS = """issuer = "{issuer}"
[server]
port = {port}
workers = 1
[mail]
gateway = "sandbox"
[carrier]
check = "sandbox"
[face]
match = "sandbox"
[enrolment]
drafts_per_person = 1000000
drafts_per_source = 1000000
[throttle]
passwords_per_source = 1000000
unknown_sources_per_account = 1000000
sms_per_account = 1000000
sms_per_phone_a_day = 1000000
sms_per_prefix = 1000000
sms_per_source = 1000000
sms_resend_after = 1
recoveries_per_account = 1000000
[log]
level = "ERROR"
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A page, what each kind of person types there, and how long answers took."""

    page: str
    path: str
    persons: dict[str, dict[str, str]]
    took: dict[str, list[float]]
    answers: dict[str, set[tuple[int, str]]]

    @property
    def medians(self) -> dict[str, float]:
        """Return each kind's median in milliseconds."""
        return {name: 1000 * median(times) for name, times in self.took.items()}

    @property
    def difference(self) -> float:
        """Return the milliseconds between the fastest and the slowest kind."""
        medians = self.medians.values()
        return max(medians) - min(medians)

    @property
    def is_uniform(self) -> bool:
        """Say whether every kind got the same status at the same page."""
        return len(set().union(*self.answers.values())) == 1


def measure(services: Services, *, rounds: int, folder: Path) -> list[Question]:
    """Ask every question so often for every kind of person."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    issuer = f"http://localhost:{port}"
    with provider_on(services, "production", folder) as provider:
        questions = _questions(provider)
        more = _SETTINGS.format(issuer=issuer, port=port)
        settings = write_settings(provider, folder / "timing.toml", more)
        with serving(settings, issuer):
            turns = [
                (question, name) for question in questions for name in question.persons
            ]
            order = secrets.SystemRandom()
            for _ in range(rounds):
                order.shuffle(turns)
                for question, name in turns:
                    _ask(issuer, question, name)
    return questions


def _ask(issuer: str, question: Question, name: str) -> None:
    """Fill the page's form in a new browser, and note how long its answer takes."""
    with requests.Session() as browser:
        page = browser.get(issuer + question.path, timeout=60)
        form = step_form(page)  # type: ignore[arg-type] - it reads the text alone
        typed = question.persons[name]
        data = [pair for pair in form.fields if pair[0] not in typed]
        data += typed.items()
        target = urljoin(page.url, form.action)
        began = perf_counter()
        answer = browser.post(target, data=data, timeout=60)
        question.took[name].append(perf_counter() - began)
    where = answer.url.removeprefix(issuer).split("/")[1].partition("?")[0]
    question.answers[name].add((answer.status_code, where))


def _questions(provider: Provider) -> list[Question]:
    known = citizen(provider, state="active", factors=["pwd"])["personal_number"]
    _hash_at_real_cost(provider, known)
    granted = grant(provider, person=another("999188000017")).person.number
    stranger, person = unknown_number(), newcomer(provider)
    wrong = {"password": "không phải mật khẩu này"}
    return [
        _question(
            "sign-in, wrong password",
            "/account",
            known={"personal_number": known, **wrong},
            **{"not activated": {"personal_number": granted, **wrong}},
            unknown={"personal_number": stranger, **wrong},
        ),
        _question(
            "enrolment",
            "/enrol/details",
            matching=details(person),
            mismatching=details(person, name="Nguyễn Văn Khác"),
            **{"has an account": details(person, personal_number=known)},
            unknown=details(person, personal_number=stranger),
        ),
        _question(
            "activation",
            "/activate",
            granted={"personal_number": granted, "phone": PHONE},
            **{
                "another phone": {"personal_number": granted, "phone": _OTHER_PHONE},
                "active already": {"personal_number": known, "phone": PHONE},
            },
            unknown={"personal_number": stranger, "phone": PHONE},
        ),
        _question(
            "forgotten password",
            "/forgotten",
            known={"personal_number": known},
            unknown={"personal_number": stranger},
        ),
    ]


def _hash_at_real_cost(provider: Provider, number: str) -> None:
    """Give the citizen a password of the default cost: tests make theirs cheap."""
    hashed = PasswordPool(PasswordConfig()).hash(secrets.token_urlsafe())
    with provider.database.transaction() as database:
        account_id = find_account_id(database, provider.sealer, number)
        assert account_id
        set_password(database, provider.audit, account_id, hashed, now=clock.now())


def _question(page: str, path: str, **persons: dict[str, str]) -> Question:
    return Question(
        page,
        path,
        persons,
        took={name: [] for name in persons},
        answers={name: set() for name in persons},
    )
