"""What the pages with an officer's passkey share: options, checks, refusals."""

from uuid import UUID

from flask import Response

from idp.factors import passkey_options
from idp.factors.passkey_answers import NewPasskey
from idp.factors.passkey_options import PersonName
from idp.factors.passkey_site import PasskeySite
from idp.staff import passkeys
from idp.staff.errors import StaffSignInError
from idp.staff.passkeys import KnownStaffPasskey
from idp.web.language import gettext
from idp.web.visit import Visit


def site(here: Visit) -> PasskeySite:
    """Return the site of officers' passkeys."""
    return passkeys.staff_site(here.provider.passkeys)


def use_options(here: Visit, binding: str) -> Response:
    """Return the options of `get()`: they name no passkey and want a verified user."""
    text = passkey_options.sign_in_options(
        here.provider.ephemeral, site(here), binding=binding, now=here.now
    )
    return Response(text, mimetype="application/json")


def new_options(here: Visit, staff_id: UUID, name: str, binding: str) -> Response:
    """Return the options of `create()` for an officer."""
    with here.provider.database.read() as connection:
        known = passkeys.list_for(connection, staff_id)
    shown = gettext("Officer: %(name)s", name=name)
    text = passkey_options.enrolment_options(
        here.provider.ephemeral,
        site(here),
        known,
        account_id=staff_id,
        person=PersonName(shown, shown),
        binding=binding,
        now=here.now,
        is_strict=True,
    )
    return Response(text, mimetype="application/json")


def check_new(here: Visit, answer: str, binding: str) -> NewPasskey:
    """Return the new passkey; raises for one that is not genuine or verified."""
    return passkeys.check_new(
        here.provider.ephemeral,
        site(here),
        answer=answer,
        binding=binding,
        now=here.now,
    )


def check_use(here: Visit, answer: str, binding: str) -> KnownStaffPasskey:
    """Return whose passkey answered, its use noted; raises `StaffSignInError`."""
    provider = here.provider
    with provider.database.read() as connection:
        known, seen = passkeys.check_use(
            connection,
            provider.ephemeral,
            site(here),
            answer=answer,
            binding=binding,
            now=here.now,
        )
    with provider.database.transaction() as database:
        went_on = passkeys.use(database, provider.audit, known, seen, now=here.now)
    if not went_on:
        raise StaffSignInError(detail="counter_went_back")
    return known
