"""The sandbox's organisations: granted, with people with a mandate and without."""

import tomllib
from datetime import datetime
from importlib.resources import files
from typing import Any, Protocol

from sqlalchemy.orm import Session

from idp.accounts import memberships, organisations
from idp.accounts.identifiers import find_account_id
from idp.accounts.lifecycle import change_state
from idp.accounts.memberships import Invitation
from idp.accounts.organisations import AUTHORISED, MEMBER
from idp.audit.log import AuditLog
from idp.enrolment.organisation_source import sandbox_organisations
from keys.sealing import Sealer


class Wiring(Protocol):
    """What of the provider organisations are made with."""

    @property
    def sealer(self) -> Sealer:
        """What seals names."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


def load(provider: Wiring, session: Session, now: datetime) -> None:
    """Create those organisations that do not exist yet."""
    known = {item.details.tax_code: item for item in sandbox_organisations()}
    text = files("idp.sandbox").joinpath("citizens.toml").read_text(encoding="utf-8")
    for entry in tomllib.loads(text)["organisations"]:
        tax_code = entry["tax_code"]
        filer = known[tax_code].legal_representative
        filed_by = find_account_id(session, provider.sealer, filer)
        if filed_by is None or organisations.find_by_tax_code(
            session, provider.sealer, tax_code
        ):
            continue
        organisation_id = organisations.create(
            session,
            provider.audit,
            provider.sealer,
            known[tax_code].details,
            filed_by=filed_by,
            number=filer,
            now=now,
        )
        change_state(session, provider.audit, organisation_id, "in_review", now=now)
        change_state(session, provider.audit, organisation_id, "granted", now=now)
        for number, role, mandate in _people(entry):
            invitation = Invitation(
                organisation_id=organisation_id,
                invited_by=filed_by,
                number=number,
                role=role,
                mandate=mandate,
                valid_from=now,
            )
            _list(provider, session, invitation, now)


def _people(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    authorised = [
        (one["personal_number"], AUTHORISED, one["mandate"])
        for one in entry["authorised"]
    ]
    return [*authorised, *((number, MEMBER, "") for number in entry["members"])]


def _list(
    provider: Wiring, session: Session, invitation: Invitation, now: datetime
) -> None:
    audit, sealer, number = provider.audit, provider.sealer, invitation.number
    membership_id = memberships.invite(session, audit, sealer, invitation, now=now)
    account_id = find_account_id(session, sealer, number)
    if account_id is not None:
        memberships.accept(
            session,
            audit,
            sealer,
            membership_id,
            account_id=account_id,
            now=now,
        )
