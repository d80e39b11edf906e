"""An organisation's account: applied for by its legal representative, checked, decided.

Decree 69/2024 art. 12 and 13: whom the register names applies from their own level 2
account; what the register knows is granted at once (the law gives 3 working days), and
what it does not know is an officer's to look at within 15.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import organisations
from idp.accounts.identifiers import numbers_of
from idp.accounts.identity import read_identity
from idp.accounts.organisations import Details, parse_tax_code
from idp.accounts.standing import read_standing
from idp.audit.log import AuditLog
from idp.config import Config
from idp.enrolment import dossiers
from idp.enrolment.organisation_source import OrganisationSource
from idp.enrolment.record import Filed, NewDossier
from idp.errors import IdpError
from idp.storage.database import Database
from keys.sealing import Sealer

APPLICANT_LEVEL = 2


class Services(Protocol):
    """The part of the running provider that applications of organisations need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def sealer(self) -> Sealer:
        """What seals names and evidence."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    def organisations(self) -> OrganisationSource:
        """The register of organisations."""


class NotRepresentativeError(IdpError):
    """The register names another legal representative, or the organisation is gone."""

    code = "DD-ORG-007"


class NotLevel2Error(IdpError):
    """The applicant's own account does not have level 2 (art. 12)."""

    code = "DD-ORG-008"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an application: `details_needed` asks for what nobody knows."""

    state: Literal["granted", "submitted", "details_needed"]
    filed: Filed | None = None


@dataclass(frozen=True, slots=True)
class _Applicant:
    id: UUID
    number: str


def apply(
    services: Services,
    applicant_id: UUID,
    tax_code: str,
    *,
    told: Details | None = None,
    now: datetime,
) -> Outcome:
    """Apply for the account of an organisation; `told` is what the applicant says.

    The register's word stands before the applicant's.
    """
    tax_code = parse_tax_code(tax_code)
    known = services.organisations.find(tax_code)
    with services.database.read() as connection:
        numbers = numbers_of(connection, services.sealer, applicant_id)
    if known is not None and (
        # The register may not have heard yet that a number was established anew.
        known.is_dissolved or known.legal_representative not in numbers
    ):
        raise NotRepresentativeError("not whom the register names")
    if known is not None:
        details = known.details
    elif told is not None:
        details = replace(told, tax_code=tax_code)
    else:
        return Outcome("details_needed")
    applicant = _Applicant(applicant_id, numbers[0])
    kind = "organisation" if known else "organisation_unknown"
    with services.database.transaction() as session:
        if read_standing(session, applicant_id).level != APPLICANT_LEVEL:
            raise NotLevel2Error("only from one's own level 2 account")
        filed = _file(services, session, applicant, details, kind=kind, now=now)
        if known is None:
            return Outcome("submitted", filed)
        dossiers.grant(
            services, session, filed.dossier_id, by=dossiers.BY_RULE, now=now
        )
    return Outcome("granted", filed)


def _file(  # noqa: PLR0913 - the stores, then who applies for what
    services: Services,
    session: Session,
    applicant: _Applicant,
    details: Details,
    *,
    kind: str,
    now: datetime,
) -> Filed:
    organisation_id = organisations.create(
        session,
        services.audit,
        services.sealer,
        details,
        filed_by=applicant.id,
        number=applicant.number,
        now=now,
    )
    new = NewDossier(
        kind=kind,
        channel="representative",
        identity=read_identity(session, services.sealer, applicant.id),
        number=applicant.number,
        evidence={
            "organisation": asdict(details),
            "in_register": kind == "organisation",
        },
        account_id=organisation_id,
        organisation_id=organisation_id,
        filed_by=applicant.id,
    )
    return dossiers.file(services, session, new, now=now)
