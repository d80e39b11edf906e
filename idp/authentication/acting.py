"""For whom a signed-in citizen acts in one transaction: themselves, or another.

A portal asks by the scopes `representation` (a ward) and `organisation`; without them,
or where there is nobody to act for, nothing is asked and nothing is looked up. What was
chosen holds for this transaction and this citizen, and is checked again at each step.
An `id_token_hint` (or a `sub` that the request names) chooses too, so that a portal can
come back without a question.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.engine import Connection

from idp.accounts import principals
from idp.accounts.identifiers import find_subject
from idp.accounts.principals import ACTOR_LEVEL, Kind, Principal
from idp.authentication.session import SignedIn
from idp.authentication.transaction import (
    AuthenticationTransaction,
    AuthorizationRequest,
)

SCOPES: Mapping[str, Kind] = {"representation": "ward", "organisation": "organisation"}
_CLAIM = "organisation"
About = Literal["person", "organisation"]


@dataclass(frozen=True, slots=True)
class Acting:
    """Whom a citizen may act for here, and whom they chose.

    `principal` is None for themselves; while `is_open` they have still to choose.
    `own` says that they may go on for themselves.
    """

    options: tuple[Principal, ...] = ()
    principal: Principal | None = None
    is_open: bool = False
    own: bool = True

    @property
    def kind(self) -> About:
        """Return what it is that the portal is told about."""
        if self.principal and self.principal.kind == "organisation":
            return "organisation"
        return "person"

    def at_level(self, signed_in: SignedIn) -> SignedIn:
        """Return the sign-in at the account level of whom it is for."""
        if self.principal is None:
            return signed_in
        account = replace(signed_in.account, level=self.principal.level)
        return replace(signed_in, account=account)

    def about(self, signed_in: SignedIn) -> UUID:
        """Return the account that the portal is told about."""
        return self.principal.id if self.principal else signed_in.account.id

    def stands(self, given_at: datetime) -> bool:
        """Say whether what was allowed then was allowed under today's mandate."""
        return self.principal is None or given_at >= self.principal.since

    def actor(self, signed_in: SignedIn) -> UUID | None:
        """Return who acts for it, None where citizens act for themselves."""
        return signed_in.account.id if self.principal else None


NOBODY_ELSE = Acting()


def kinds(request: AuthorizationRequest | None) -> frozenset[Kind]:
    """Return the kinds of others that a portal lets people act for."""
    scopes = request.scopes if request else ()
    return frozenset(SCOPES[scope] for scope in scopes if scope in SCOPES)


def find(
    connection: Connection,
    transaction: AuthenticationTransaction,
    signed_in: SignedIn,
    *,
    sector: str,
    now: datetime,
) -> Acting:
    """Return for whom the citizen acts; no statement unless the portal asks."""
    request, asked = transaction.request, kinds(transaction.request)
    if request is None or not asked:
        return NOBODY_ELSE
    account, own = signed_in.account, not _only_organisations(request)
    options: tuple[Principal, ...] = ()
    if account.level == ACTOR_LEVEL:
        options = principals.list_for(connection, account.id, asked, now=now)
    if not options and own:
        return NOBODY_ELSE
    chosen = None
    if transaction.acting_by == account.id:
        chosen = transaction.acting_for
    elif request.hinted_subject is not None:
        chosen = _hinted(
            connection, request.hinted_subject, account.id, options, sector
        )
    if chosen == account.id and own:
        return Acting(options, own=own)
    able = (item for item in options if item.obstacle is None)
    principal = next((item for item in able if item.id == chosen), None)
    return Acting(options, principal, is_open=principal is None, own=own)


def _hinted(
    connection: Connection,
    hinted: str,
    account_id: UUID,
    options: tuple[Principal, ...],
    sector: str,
) -> UUID | None:
    candidates = (account_id, *(item.id for item in options))
    return next(
        (one for one in candidates if find_subject(connection, one, sector) == hinted),
        None,
    )


def _only_organisations(request: AuthorizationRequest) -> bool:
    """Say whether the portal insists on one (OIDC Core §5.5.1, `essential`)."""
    members: list[Any] = [
        (request.claims.get(place) or {}).get(_CLAIM)
        for place in ("id_token", "userinfo")
    ]
    return "organisation" in kinds(request) and any(
        isinstance(member, dict) and member.get("essential") is True
        for member in members
    )
