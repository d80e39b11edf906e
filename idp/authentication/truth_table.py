"""The truth table as it is shown: what is proven, what it counts for, who is let in.

Every cell is computed by the code that decides (`assurance`, `steps`);
docs/assurance.md and `idp assurance show` print these rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from idp.authentication import assurance, steps
from idp.authentication.session import (
    AuthenticationEvent,
    Session,
    SignedIn,
    SignInAccount,
)
from idp.factors.results import (
    COUNTS_AS_BIOMETRIC,
    DEVICE_BOUND,
    TWO_FACTORS,
    USER_VERIFIED,
)

# For the reader who knows these frames; nothing is decided by them. What a scheme is
# worth under eIDAS also hangs on enrolment and on who runs it.
EIDAS = {1: "low", 2: "substantial", 3: "substantial", 4: "substantial"}
NIST = {1: "AAL1", 2: "AAL2", 3: "AAL2", 4: "AAL2"}

_Item = tuple[str, tuple[str, ...]]
_PASSWORD: _Item = ("pwd", ())
_APP: _Item = ("totp", ())
_SMS: _Item = ("sms", ())
_RECOVERY: _Item = ("recovery", ())
_CHIP: _Item = ("chip", ())
_PRESENCE: _Item = ("passkey", (DEVICE_BOUND,))
_SYNCED: _Item = ("passkey", (USER_VERIFIED,))
_BOUND: _Item = ("passkey", (USER_VERIFIED, DEVICE_BOUND))
_DEVICE: _Item = ("device", ())
_PASSCODE: _Item = ("passcode", ())
_STRONG_DEVICE: _Item = ("device", (TWO_FACTORS,))

CASES: tuple[tuple[str, tuple[_Item, ...]], ...] = (
    ("password", (_PASSWORD,)),
    ("password, twice", (_PASSWORD, _PASSWORD)),
    ("password + authenticator app", (_PASSWORD, _APP)),
    ("password + text message", (_PASSWORD, _SMS)),
    ("password + recovery code", (_PASSWORD, _RECOVERY)),
    ("password + passcode", (_PASSWORD, _PASSCODE)),
    ("authenticator app + text message", (_APP, _SMS)),
    ("chip card", (_CHIP,)),
    ("chip card + authenticator app", (_CHIP, _APP)),
    ("chip card + password", (_CHIP, _PASSWORD)),
    ("chip card + passcode", (_CHIP, _PASSCODE)),
    ("security key, presence only", (_PRESENCE,)),
    ("password + security key, presence only", (_PASSWORD, _PRESENCE)),
    ("chip card + security key, presence only", (_CHIP, _PRESENCE)),
    ("passkey, user verified", (_SYNCED,)),
    ("passkey, user verified, bound to its device", (_BOUND,)),
    ("passkey, user verified + password", (_SYNCED, _PASSWORD)),
    ("chip card + passkey, user verified", (_CHIP, _SYNCED)),
    ("another device, itself at level 1", (_DEVICE,)),
    ("another device, itself at level 1 + password", (_DEVICE, _PASSWORD)),
    ("another device, itself at level 2 or more", (_STRONG_DEVICE,)),
    (
        "another device, itself at level 2 or more + passkey, user verified",
        (_STRONG_DEVICE, _SYNCED),
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    proven: str
    kinds: tuple[str, ...]
    level: int
    amr: tuple[str, ...]
    is_whole: bool

    @property
    def eidas(self) -> str:
        """Return the nearest level of eIDAS (Regulation 910/2014 art. 8)."""
        return EIDAS[self.level]

    @property
    def nist(self) -> str:
        """Return the nearest level of NIST SP 800-63B-4."""
        return NIST[self.level]


def rows(*, biometric: bool) -> Iterator[Row]:
    """Return the table under the operator's setting for verified passkeys."""
    for proven, items in CASES:
        yield _row(proven, items, biometric=biometric)


def markdown(*, biometric: bool, changed: bool = False) -> str:
    """Return the table as docs/assurance.md has it, or what the setting changes."""
    others = set(rows(biometric=not biometric)) if changed else set()
    head = (
        "| Proven | Kinds | Level | `amr` | Signs in | eIDAS | NIST |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    lines = (
        f"| {row.proven} | {', '.join(row.kinds)} | {row.level} "
        f"| `{' '.join(row.amr)}` | {'yes' if row.is_whole else 'asks for one more'} "
        f"| {row.eidas} | {row.nist} |\n"
        for row in rows(biometric=biometric)
        if row not in others
    )
    return head + "".join(lines)


def _row(proven: str, items: tuple[_Item, ...], *, biometric: bool) -> Row:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = tuple(
        AuthenticationEvent(
            method,
            start + timedelta(minutes=minute),
            _flags(flags, biometric=biometric),
        )
        for minute, (method, flags) in enumerate(items)
    )
    pair = assurance.earned(events, 2)
    counted = [assurance.proof(event.method, event.flags).kinds for event in events]
    nobody, enrolled = UUID(int=0), {method for method, _ in items}
    account = SignInAccount(nobody, 2, "active", (), frozenset(enrolled))
    session = Session(nobody, nobody, events, (), start, start)
    return Row(
        proven,
        tuple(sorted(frozenset().union(*counted))),
        pair.authentication_level,
        pair.amr,
        is_whole=steps.unmet_session(SignedIn(session, account)) is None,
    )


def _flags(flags: tuple[str, ...], *, biometric: bool) -> tuple[str, ...]:
    if biometric and USER_VERIFIED in flags:
        return (*flags, COUNTS_AS_BIOMETRIC)
    return flags
