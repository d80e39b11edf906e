"""One-time codes that are sent: six random digits, one errand, one use, a short life.

Only an HMAC under the server's `otp` key is kept, in the ephemeral store. It covers
the channel, the account, the address, the purpose and the transaction: a code for
signing in serves no change of a contact, and one sent to a former phone is dead. A new
code makes the older one of its errand worthless. Wrong tries are `throttle`'s affair
and consume nothing here.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from idp import clock
from idp.storage.ephemeral import EphemeralStore

Channel = Literal["sms", "email"]
Purpose = Literal[
    "sign_in", "reset", "recover", "contact", "enrol", "activate", "desk", "wallet"
]

_SIX_DIGITS = re.compile(r"[0-9]{6}")
_DIGITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Errand:
    """What a code is for: whose account, sent where, to do what, in which transaction.

    `address` is a phone (E.164) or an e-mail address.
    """

    account_id: UUID
    address: str = field(repr=False)
    purpose: Purpose
    binding: str


class SentCodes:
    """The codes of one channel that are under way."""

    def __init__(
        self, ephemeral: EphemeralStore, key: bytes, channel: Channel, *, ttl: int
    ) -> None:
        self._ephemeral = ephemeral
        self._key = key
        self._channel = channel
        self._ttl = ttl

    def make(
        self, errand: Errand, *, now: datetime, counters: tuple[str, ...] = ()
    ) -> str:
        """Return a new code; the errand's older one ends.

        `counters` of the send limits are given back when the code is used.
        """
        otp = f"{secrets.randbelow(_DIGITS):06}"
        value = {
            "mac": self._mac(errand, otp),
            "exp": clock.timestamp(now + timedelta(seconds=self._ttl)),
            "counters": list(counters),
        }
        self._ephemeral.put(self._place(errand), value, ttl=self._ttl)
        return otp

    def drop(self, errand: Errand) -> None:
        """Forget the errand's code: it never went out."""
        self._ephemeral.drop(self._place(errand))

    def take(self, errand: Errand, otp: str, *, now: datetime) -> bool:
        """Accept the errand's latest code once: of parallel tries one succeeds."""
        digits = re.sub(r"\s", "", otp[:32])
        if not _SIX_DIGITS.fullmatch(digits):
            return False
        place, mac = self._place(errand), self._mac(errand, digits)
        if not _fits(self._ephemeral.get(place), mac, now):
            return False
        # What is taken is compared again: a resend may have come in between.
        taken = self._ephemeral.take(place)
        if taken is None or not _fits(taken, mac, now):
            return False
        for counter in taken["counters"]:
            # A message that did its work is no flood; the window stays as it was.
            self._ephemeral.count(counter, ttl=1, by=-1)
        return True

    def _mac(self, errand: Errand, otp: str) -> str:
        parts = (
            self._channel,
            str(errand.account_id),
            errand.address,
            errand.purpose,
            errand.binding,
            otp,
        )
        message = b"".join(
            len(part).to_bytes(2) + part for part in (text.encode() for text in parts)
        )
        return hmac.new(self._key, message, "sha256").hexdigest()

    def _place(self, errand: Errand) -> str:
        return (
            f"{self._channel}-otp:{errand.account_id}:{errand.purpose}:{errand.binding}"
        )


def _fits(value: dict[str, object] | None, mac: str, now: datetime) -> bool:
    if value is None or clock.timestamp(now) >= int(str(value["exp"])):
        return False
    return hmac.compare_digest(str(value["mac"]), mac)
