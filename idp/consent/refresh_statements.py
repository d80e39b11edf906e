"""The SQL of refresh tokens; each use is one statement, so one caller wins."""

from typing import cast

import sqlalchemy as sa

from idp.consent.models import Grant, RefreshToken
from idp.storage.prepared import Prepared

_TOKENS = cast("sa.Table", RefreshToken.__table__)
_GRANTS = cast("sa.Table", Grant.__table__)
_TIME = _TOKENS.c.issued_at.type
_ACCOUNT = (
    sa.select(_GRANTS.c.account_id)
    .where(_GRANTS.c.id == _TOKENS.c.grant_id)
    .scalar_subquery()
)
FIND = sa.select(_TOKENS, _ACCOUNT.label("account_id")).where(
    _TOKENS.c.digest == sa.bindparam("token_digest")
)
INSERT = Prepared(sa.insert(_TOKENS))
_USABLE = (
    _TOKENS.c.digest == sa.bindparam("token_digest"),
    _TOKENS.c.client_id == sa.bindparam("of_client"),
    _TOKENS.c.used_at.is_(None),
    _TOKENS.c.expires_at > sa.bindparam("now", type_=_TIME),
)
_DESCENT = (
    _TOKENS.c.grant_id,
    _TOKENS.c.chain_id,
    _TOKENS.c.client_id,
    _TOKENS.c.snapshot,
    _ACCOUNT.label("account_id"),
)
# The one winner of parallel refreshes is whoever changes the row (RFC 9700 §4.14.2).
USE = Prepared(
    sa.update(_TOKENS)
    .where(*_USABLE)
    .values(used_at=sa.bindparam("now", type_=_TIME))
    .returning(*_DESCENT)
)
RENEW = Prepared(
    sa.update(_TOKENS)
    .where(*_USABLE)
    .values(
        issued_at=sa.bindparam("now", type_=_TIME),
        expires_at=sa.bindparam("until", type_=_TIME),
    )
    .returning(*_DESCENT)
)
# Ended an hour before anything was: a use that began earlier, or whose clock is behind,
# comes too late as well.
_LONG_AGO = sa.type_coerce(
    sa.type_coerce(_TOKENS.c.issued_at, sa.BigInteger) - 3_600_000_000, _TIME
)
END_CHAIN = (
    sa.update(_TOKENS)
    .where(
        _TOKENS.c.chain_id == sa.bindparam("of_chain"),
        _TOKENS.c.grant_id == sa.bindparam("of_grant"),
        _TOKENS.c.expires_at > sa.bindparam("now", type_=_TIME),
    )
    .values(expires_at=_LONG_AGO)
)

END_GRANT = (
    sa.update(_TOKENS)
    .where(
        _TOKENS.c.grant_id == sa.bindparam("of_grant"),
        _TOKENS.c.expires_at > sa.bindparam("now", type_=_TIME),
    )
    .values(expires_at=_LONG_AGO)
    .returning(_TOKENS.c.chain_id)
)
