"""What userinfo or the ID token delivers: plain claims and verified ones."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from idp.claims import verified_claims
from idp.claims.catalogue import with_parts
from idp.claims.person import Person
from idp.claims.release import Recipient, obstacle, release
from idp.claims.request import Target
from idp.claims.verified_claims import Verification


class Reader(Protocol):
    """Where values come from: a person's data, or an organisation's."""

    def read(self, account_id: UUID, names: Collection[str], now: datetime) -> Person:
        """Return the values of `names`."""


def deliver(  # noqa: PLR0913 - what, of whom, to whom, with which consent, when
    plain: frozenset[str],
    target: Target,
    *,
    account_id: UUID,
    recipient: Recipient,
    allowed: frozenset[str],
    reader: Reader,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims that may be given of `plain` and of the verified requests.

    `plain` is `asked(…).userinfo` or `.id_token`; nothing is read for a claim that
    consent or a level already withholds.
    """
    verified = with_parts(target.verified_names)
    names = {
        name
        for name in (plain | verified) & allowed
        if obstacle(name, recipient) is None
    }
    person = reader.read(account_id, names, now)
    given = release(names, recipient, allowed=allowed, values=person.values).claims
    claims = {name: given[name] for name in given if name in plain}
    if target.verified:
        element = verified_claims.build(
            target,
            Verification(person, recipient.account_level),
            released={name: given[name] for name in given if name in verified},
            now=now,
        )
        if element is not None:
            claims["verified_claims"] = element
    return claims
