"""Adding an authenticator app: its key by QR code or by hand, and a code to confirm.

The key counts only once a code of it was typed; until then it is sealed in the
ephemeral store under the session, so opening the page again shows the same key.
"""

from base64 import b64decode, b64encode
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import segno
from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers
from idp.authentication import browser, sign_in
from idp.authentication.session import SignedIn
from idp.factors import notices, totp
from idp.factors.results import VerifiedFactor
from idp.web import account, account_access, double_click, visit
from idp.web.counter_mode import refuse_at_counter
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_totp", __name__)

_PURPOSE = "totp"
_FORM = "account_totp"
_SECONDS = 900
_GROUP = 4
_MAX_LABEL = 64


@blueprint.get("/account/ways/totp")
def show() -> ResponseReturnValue:
    """Show the key of a new app, to whoever has just proven who they are."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    refuse_at_counter(here)
    return _page(here, member)


@blueprint.post("/account/ways/totp")
def add() -> ResponseReturnValue:
    """Enrol the app once it has shown that it has the key."""
    here, pressed = visit.begin(), _pressed()
    if pressed:
        return _added(here, pressed)
    here, member = account_access.act(url_for("account_totp.show"), strong=True)
    if isinstance(member, Response):
        return member
    refuse_at_counter(here)
    fields = here.check(_form(member), "otp", "label")
    label = _legible(fields["label"])
    secret = _kept(here, member)
    counter = totp.confirm(secret, fields["otp"], now=here.now) if secret else None
    if secret is None or counter is None:
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return _page(here, member, label, wrong)
    # Of two presses at one moment one takes the key.
    if here.provider.ephemeral.take(_key(member)) is None:
        return _added(here, double_click.find_for(here, _FORM, fields["otp"]))
    account_id = member.account.id
    enrol(here, account_id, secret, label=label, counter=counter, member=member)
    return _added(here, _prove(here, member, fields["otp"]))


def _pressed() -> str | None:
    """Return the cookie that a double press of this form has earned already."""
    otp = request.form.get("otp", "")
    return double_click.find_for(visit.begin(), _FORM, otp)


def _prove(here: Visit, member: SignedIn, otp: str) -> str:
    """Let the code that confirmed the app count in this sign-in, which asks it now."""
    with here.provider.database.transaction() as database:
        token = sign_in.prove(
            here.provider,
            database,
            session=member.session,
            factor=VerifiedFactor("totp", here.now),
            now=here.now,
        )
    double_click.keep_for(here, _FORM, otp, token)
    return token


def _added(here: Visit, token: str | None) -> Response:
    address = url_for("account.factors", done="app-added")
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    if token:
        here.keep(response, (browser.SESSION, token, None))
    return response


def enrol(  # noqa: PLR0913 - the visit, then the app
    here: Visit,
    account_id: UUID,
    secret: str,
    *,
    label: str,
    counter: int,
    usable_from: datetime | None = None,
    member: SignedIn | None = None,
) -> None:
    """Enrol the app, hold back the codes of whoever adds it, and tell the contacts."""
    provider = here.provider
    with provider.database.transaction() as database:
        if member is not None:
            account_access.hold_codes(here, database, member)
        known = contacts.read_contacts(database, provider.sealer, account_id)
        totp.enrol(
            database,
            provider.audit,
            provider.sealer,
            account_id,
            now=here.now,
            secret=secret,
            label=label,
            counter=counter,
            usable_from=usable_from,
        )
    notices.warn(provider, known, "app_added", here.now)


def key_parts(here: Visit, account_id: UUID, secret: str) -> dict[str, str]:
    """Return what a page shows of a new key: the picture and the key in groups."""
    provider = here.provider
    with provider.database.read() as connection:
        number = identifiers.current_number(connection, provider.sealer, account_id)
    # The app shows this name for years: the masked number is enough to recognise.
    uri = totp.provisioning_uri(
        secret,
        account_name=identifiers.mask_number(number),
        issuer=provider.config.pages.operator,
    )
    groups = (secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP))
    code = segno.make(uri, micro=False, error="m")
    return {
        "qr": code.svg_data_uri(scale=5, border=4, light="#fff", dark="#000"),
        "key": " ".join(groups),
        "uri": uri,
    }


def _kept(here: Visit, member: SignedIn) -> str | None:
    value = here.provider.ephemeral.get(_key(member))
    if value is None:
        return None
    sealed = b64decode(value["secret"])
    return here.provider.sealer.open(sealed, context=_key(member)).decode()


def _secret(here: Visit, member: SignedIn) -> str:
    """Return the key that this session was shown already, or a new one."""
    secret, key = totp.new_secret(), _key(member)
    sealed = here.provider.sealer.seal(secret.encode(), context=key)
    value = {"secret": b64encode(sealed).decode()}
    if here.provider.ephemeral.claim(key, value, ttl=_SECONDS):
        return secret
    return _kept(here, member) or secret


def _page(
    here: Visit, member: SignedIn, label: str = "", problem: Problem | None = None
) -> ResponseReturnValue:
    body = account.page(
        "totp",
        gettext("Add an authenticator app"),
        tab="account.factors",
        **key_parts(here, member.account.id, _secret(here, member)),
        token=here.token(_form(member)),
        label=label,
        problem=problem,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return make_response(body[0] if isinstance(body, tuple) else body, status)


def _legible(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()[
        :_MAX_LABEL
    ]


def _form(member: SignedIn) -> str:
    return account_access.purpose(member, _PURPOSE)


def _key(member: SignedIn) -> str:
    return f"totp-new:{member.session.id}"
