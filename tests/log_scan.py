"""The log of the whole run, looked through for people and secrets: none may be there.

Servers write to their standard error, all but a few of them everything (`log.level =
"DEBUG"`): what pytest has caught of each test, on whichever worker, and the log files
of demos and servers. Whatever looks like a personal number, a phone, a code, a token
or a key fails the run, and so does whatever the sandbox's people are, have or type, an
organisation's number, and the secrets of the tests' portals, hardware module and
key-encryption key. A PIN or a card's number is too short to be known by itself: the
word before it tells, as it does of a key's name (`kid`, as long as a token) that it is
none.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import pytest

from idp.sandbox.citizens import all_citizens

SHAPES = {
    # The last group of a UUID may be all digits: PostgreSQL names rows by them.
    "personal number": re.compile(r"(?<![\w.])(?<!-[0-9a-f]{4}-)\d{12}(?![\w.])"),
    "phone": re.compile(r"(?<![\w.])(?:\+84|0)[35789]\d{8}(?![\w.])"),
    "code": re.compile(r"(?<![\w.:-])\d{6}(?![\w.:-])"),
    "pin": re.compile(
        r"(?i)(?<![a-z])(?:pin|can|otp|totp|passcode)[\"']?\s*[:=]\s*b?[\"']?"
        r"\d{4,12}(?![\w.])"
    ),
    "recovery code": re.compile(
        r"(?<![\w-])[2-9B-DF-HJKMNP-TV-XZ]{5}-[2-9B-DF-HJKMNP-TV-XZ]{5}(?![\w-])"
    ),
    "any seed": re.compile(r"(?<![\w+/-])[A-Z2-7]{32}(?![\w+/=-])|otpauth://"),
    "token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    "opaque token": re.compile(
        "".join(
            f"(?<!{re.escape(before)})"
            for before in (
                "kid=", "kid='", '"kid": "', "'kid': '", "(kid)=(",
                "signing key ", "signing key is called ",
            )
        )
        + r"(?<![\w/-])[\w-]{43}(?![\w-])"
    ),
    "key": re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/]{43}=(?![\w=])"),
}  # fmt: skip
PORTAL_SECRET = "a-secret-of-more-than-32-characters"
HSM_PINS = ("only-the-tests-token", "only-its-officer")
KEK_PASSPHRASE = "năm con ngựa ăn cỏ trên đồi"
_SHORTEST = 8  # of what does not occur by chance
_FILES = ("*.log", "log")


class Secrets:
    """What the sandbox's people are, have and type."""

    @cached_property
    def values(self) -> dict[str, str]:
        """Return each value, as the log might write it, with what it is."""
        return {
            written: kind
            for kind, value in _values()
            if len(value) >= _SHORTEST
            for written in {value, json.dumps(value)[1:-1]}
        }

    def found_in(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield each kind of secret in the text, with the line that has it."""
        for kind, shape in SHAPES.items():
            for match in shape.finditer(text):
                yield kind, _line(text, match.start())
        for value, kind in self.values.items():
            if (at := text.find(value)) >= 0:
                yield kind, _line(text, at)


class LogScan:
    """A plugin of pytest; it sees the reports of every worker."""

    def __init__(self, config: pytest.Config, *folders: Path) -> None:
        self._config = config
        self._folders = folders
        self._secrets = Secrets()
        self._found: dict[tuple[str, str], str] = {}
        self._scanned = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Scan what a test wrote, once it is over and everything is caught."""
        if report.when == "teardown":
            for name, text in report.sections:
                if "stdout" not in name:  # commands tell the sandbox's people there
                    self._scan(report.nodeid, text)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Scan the files too; fail a run whose log tells anything."""
        base = self._config._tmp_path_factory.getbasetemp()
        for folder in (base, *self._folders):
            for pattern in _FILES:
                for file in sorted(folder.rglob(pattern)):
                    if file.is_file():
                        self._scan(file.name, file.read_text(errors="replace"))
        if self._found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Say what was found, and in the log of which test."""
        if not self._found:
            size = f"{self._scanned / 2**20:.1f} MiB"
            terminalreporter.write_line(f"nothing personal in {size} of log")
            return
        terminalreporter.section("personal data or secrets in the log", red=True)
        for (kind, line), where in self._found.items():
            terminalreporter.write_line(f"{kind} in {where}: {line[:300]}")

    def _scan(self, where: str, text: str) -> None:
        self._scanned += len(text)
        for kind, line in self._secrets.found_in(text):
            self._found.setdefault((kind, line), where)


def _values() -> Iterator[tuple[str, str]]:
    yield "portal's secret", PORTAL_SECRET
    yield from (("token's PIN", pin) for pin in HSM_PINS)
    yield "passphrase", KEK_PASSPHRASE
    text = files("idp.sandbox").joinpath("citizens.toml").read_text(encoding="utf-8")
    for organisation in tomllib.loads(text)["organisations"]:
        yield "organisation's number", organisation["tax_code"]
    for person in all_citizens():
        account = person.account
        told = {
            "personal number": account.number,
            "phone": (account.phone or "").removeprefix("+84"),
            "e-mail": account.email,
            "name": account.identity.full_name,
            "birth date": account.identity.birth_date,
            "password": person.password,
            "seed": person.totp_secret,
        }
        if person.record and person.record.residence:
            stay = person.record.residence.permanent
            told["address"] = stay and stay.address.detail
        if person.record and person.record.household:
            told["household"] = person.record.household.file_number
        yield from ((kind, value) for kind, value in told.items() if value)


def _line(text: str, at: int) -> str:
    begins = text.rfind("\n", 0, at) + 1
    ends = text.find("\n", at)
    return text[begins : ends if ends >= 0 else len(text)]
