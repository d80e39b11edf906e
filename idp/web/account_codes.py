"""Recovery codes on the citizen's own page: how many are left, and ten new ones."""

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp import clock
from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.factors import notices, recovery_codes
from idp.web import account, account_access, presentation
from idp.web.language import gettext
from idp.web.visit import Visit

blueprint = Blueprint("account_codes", __name__)

_PURPOSE = "codes"


@blueprint.get("/account/ways/codes")
def show() -> ResponseReturnValue:
    """Say how many codes are left; the codes themselves are shown once only."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/ways/codes")
def make() -> ResponseReturnValue:
    """Show ten new codes; every former one ends."""
    here, member = account_access.act(url_for("account_codes.show"), strong=True)
    if isinstance(member, Response):
        return member
    here.check(_form(member))
    provider, account_id = here.provider, member.account.id
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        codes = recovery_codes.make(
            database, provider.audit, provider.sealer, account_id, now=here.now
        )
    notices.warn(provider, known, "codes_made", here.now)
    return _page(here, member, codes)


def _page(
    here: Visit, member: SignedIn, codes: tuple[str, ...] = ()
) -> ResponseReturnValue:
    with here.provider.database.read() as connection:
        remaining = recovery_codes.remaining(connection, member.account.id)
    return account.page(
        "codes",
        gettext("Recovery codes"),
        tab="account.factors",
        codes=codes,
        remaining=remaining,
        made_on=presentation.date_text(clock.now()),
        token=here.token(_form(member)),
    )


def _form(member: SignedIn) -> str:
    return account_access.purpose(member, _PURPOSE)
