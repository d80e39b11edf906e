"""One organisation, for its legal representative: who is listed, who has a mandate.

Whether a number has an account is never told: an invitation looks the same until it is
accepted by the holder of that number.
"""

from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers, memberships, organisations
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.accounts.memberships import Invitation, Listed, MembershipError
from idp.accounts.organisations import AUTHORISED, LEGAL_REPRESENTATIVE, ROLES, Details
from idp.authentication.session import SignedIn
from idp.errors import NotFoundError
from idp.web import account, account_access, people, presentation, proofs
from idp.web.account_organisations import ROLES as ROLE_NAMES
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.typed import typed_day, typed_line
from idp.web.visit import Visit

blueprint = Blueprint("account_organisation", __name__)

_FIELDS = ("personal_number", "role", "mandate", "valid_from", "valid_until")


@blueprint.get("/account/organisations/<uuid:organisation>")
def show(organisation: UUID) -> ResponseReturnValue:
    """Show everyone who is listed."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member, organisation)


@blueprint.post("/account/organisations/<uuid:organisation>/invite")
def invite(organisation: UUID) -> ResponseReturnValue:
    """List a person, with a mandate or without."""
    address = url_for("account_organisation.show", organisation=organisation)
    here, member = account_access.act(address, strong=True)
    if isinstance(member, Response):
        return member
    typed = here.check(_purpose(member, organisation), *_FIELDS)
    _details(here, member, organisation)
    invitation = _invitation(here, member, organisation, typed)
    if isinstance(invitation, Problem):
        return _page(here, member, organisation, typed, invitation)
    provider = here.provider
    subject = str(member.account.id)
    admission = provider.throttle.admit_today("member", subject=subject)
    if not admission.allowed:
        wrong = proofs.too_many(admission.retry_after)
        return _page(here, member, organisation, typed, wrong)
    try:
        with provider.database.transaction() as database:
            memberships.invite(
                database, provider.audit, provider.sealer, invitation, now=here.now
            )
    except MembershipError as error:
        wrong = notice(error.code, detail=error.detail or "")
        return _page(here, member, organisation, typed, wrong)
    return redirect(f"{address}?done=member-invited", HTTPStatus.SEE_OTHER)


@blueprint.post("/account/organisations/<uuid:organisation>/end/<uuid:membership>")
def end(organisation: UUID, membership: UUID) -> ResponseReturnValue:
    """Revoke a mandate: it is worth nothing at any portal from this moment."""
    address = url_for("account_organisation.show", organisation=organisation)
    here, member = account_access.act(address, strong=True)
    if isinstance(member, Response):
        return member
    here.check(_purpose(member, organisation))
    _details(here, member, organisation)
    provider = here.provider
    with provider.database.transaction() as database:
        listed = memberships.of_organisation(database, provider.sealer, organisation)
        if membership not in {one.id for one in listed} or not memberships.end(
            database,
            provider.audit,
            membership,
            ended_by=member.account.id,
            now=here.now,
        ):
            raise NotFoundError("no such listing of this organisation")
    return redirect(f"{address}?done=member-ended", HTTPStatus.SEE_OTHER)


def _details(here: Visit, member: SignedIn, organisation: UUID) -> Details:
    """Return the organisation if the citizen is its legal representative."""
    provider = here.provider
    with provider.database.read() as connection:
        own = memberships.of_person(connection, provider.sealer, member.account.id)
        if not any(
            one.organisation_id == organisation and one.role == LEGAL_REPRESENTATIVE
            for one in own
        ):
            raise NotFoundError("no such organisation of this citizen")
        return organisations.read_details(connection, provider.sealer, organisation)


def _invitation(
    here: Visit, member: SignedIn, organisation: UUID, typed: dict[str, str]
) -> Invitation | Problem:
    wrong = notice("DD-AUTH-006")
    try:
        number = identifiers.parse_personal_number(
            typed["personal_number"],
            sandbox=here.provider.config.sandbox.enabled,
            now=here.now,
        )
    except InvalidPersonalNumberError:
        mend = gettext("Type the 12-digit personal number of the person")
        return wrong.at("personal_number", mend)
    role, mandate = typed["role"], typed_line(typed["mandate"])
    if role not in ROLES:
        return wrong.at("role", gettext("Choose one of the two"))
    if role == AUTHORISED and not mandate:
        return wrong.at("mandate", gettext("Say what the person may do"))
    begins, ends = _moment(typed["valid_from"]), _moment(typed["valid_until"])
    if typed["valid_from"].strip() and begins is None:
        return wrong.at("valid_from", gettext("Type the date as dd/mm/yyyy"))
    if typed["valid_until"].strip() and (
        ends is None or ends <= max(here.now, begins or here.now)
    ):
        return wrong.at("valid_until", gettext("Type a later day as dd/mm/yyyy"))
    return Invitation(
        organisation_id=organisation,
        invited_by=member.account.id,
        number=number,
        role=role,
        mandate=mandate if role == AUTHORISED else "",
        valid_from=begins or here.now,
        valid_until=ends + timedelta(days=1) if ends else None,  # that day included
    )


def _moment(text: str) -> datetime | None:
    """Return the first moment of a typed day in Vietnam."""
    day = typed_day(text)
    if day is None:
        return None
    begins = datetime.combine(
        datetime.fromisoformat(day), time(), tzinfo=presentation.VIETNAM
    )
    return begins.astimezone(UTC)


def _page(
    here: Visit,
    member: SignedIn,
    organisation: UUID,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    details, provider = _details(here, member, organisation), here.provider
    with provider.database.read() as connection:
        listed = memberships.of_organisation(connection, provider.sealer, organisation)
    return account.page(
        "organisation",
        details.name,
        tab="account_organisations.show",
        problem=problem,
        organisation_id=organisation,
        details=details,
        founded_on=presentation.date_text(details.founded_on),
        people=[_person(here, one) for one in sorted(listed, key=_rank)],
        typed=typed or dict.fromkeys(_FIELDS, ""),
        token=here.token(_purpose(member, organisation)),
    )


def _rank(one: Listed) -> int:
    return ROLES.index(one.role)


def _person(here: Visit, one: Listed) -> dict[str, Any]:
    name = ""
    if one.account_id is not None:  # whoever accepted is no stranger any more
        name = people.person(here.provider, one.account_id, is_masked=True).name
    ends = one.valid_until
    return {
        "id": one.id,
        "name": name,
        "number": identifiers.mask_number(one.number),
        "role": gettext(ROLE_NAMES[one.role]),
        "mandate": one.mandate,
        "since": presentation.date_text(one.valid_from),
        "until": presentation.date_text(ends - timedelta(days=1)) if ends else "",
        "accepted": one.accepted_at is not None,
        "may_end": one.role != LEGAL_REPRESENTATIVE,
    }


def _purpose(member: SignedIn, organisation: UUID) -> str:
    return account_access.purpose(member, f"organisation:{organisation}")
