"""Keys that were killed after the archive was made from which a database came back.

The archive knows nothing of it, so whoever restores says which; they die again in the
transaction that brings them back, and nobody ever reads them alive.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.config import Config
from idp.config.key_clocks import key_clocks
from idp.custody import kill, rotating
from idp.custody.kill import Choice, Opening
from idp.staff.officer import BY_COMMAND
from keys.errors import KeyOrderError
from keys.ring import RingKey
from keys.signing_keys import Opener

_REASON = "Killed after the archive was made; killed again as it was restored"


def kill_again(  # noqa: PLR0913 - the settings and stores, then which
    config: Config,
    opener: Opener,
    session: Session,
    audit: AuditLog,
    kids: Sequence[str],
    *,
    now: datetime,
) -> list[RingKey]:
    """Kill what was killed since, and return every key that lives all the same.

    What the archive knows as dead stays so; a name that it does not know is refused:
    it may be another's, misspelt.
    """
    rotator = rotating.unserved(opener, key_clocks(config), session, audit)
    if kids:
        rotator.settle(now=now)
    opening = Opening(config, audit, rotator, _REASON, BY_COMMAND)
    for kid in dict.fromkeys(kids):
        known = {row.kid: row for row in rotator.store.rows()}
        if kid not in known:
            raise KeyOrderError(
                f"the archive has no signing key {kid}: leave it out if it was made "
                "after the archive"
            )
        if known[kid].destroyed_at is None:
            kill.begin(opening, session, Choice(kid), now=now)
    return [row for row in rotator.store.rows() if row.destroyed_at is None]
