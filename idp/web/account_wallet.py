"""The citizen's wallet: which gets a proof of residence, and the code by which it does.

Only for an account of level 2, after a fresh strong proof (Decree 69/2024 art. 9). What
will be in it is shown first, value by value; the number that the wallet asks for comes
to the phone, since whoever sees the screen could take its picture.
"""

import hashlib
import json

import segno
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.contacts import mask_phone
from idp.authentication.session import SignedIn
from idp.claims.person import PersonReader
from idp.credentials import offers
from idp.errors import NotFoundError
from idp.web import account, account_access, claim_texts, forms, wallet_offers
from idp.web.counter_mode import refuse_at_counter
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.text_message import FAILURES, SENT
from idp.web.visit import Visit

blueprint = Blueprint("account_wallet", __name__)


@blueprint.get("/account/wallet")
def show() -> ResponseReturnValue:
    """Show the wallets, and the very values that each would get."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    _require_open(here)
    return _page(here, member)


@blueprint.post("/account/wallet")
def offer() -> ResponseReturnValue:
    """Allow what the form showed: the number to the phone, the picture to scan."""
    here, member = account_access.act(url_for("account_wallet.show"), strong=True)
    if isinstance(member, Response):
        return member
    asked = forms.read("wallet")["wallet"]
    chosen = next(
        (
            item
            for item in wallet_offers.choices(here, member)
            if item.party.client_id == asked
        ),
        None,
    )
    here.check(_purpose(member, asked, chosen.names if chosen else ()))
    _require_open(here)
    refuse_at_counter(here)
    if chosen is None:
        raise NotFoundError("no wallet of this name for this citizen")
    code = offers.fresh_code()
    outcome, phone = wallet_offers.send(here, member, code)
    if outcome != SENT:
        return _page(here, member, notice(FAILURES[outcome]))
    wallet_offers.make(here, member, chosen, code)
    link = wallet_offers.link(here, code)
    picture = segno.make(link, micro=False, error="l")
    return account.page(
        "wallet_offer",
        gettext("Scan this with your wallet"),
        tab="account_wallet.show",
        wallet=str(chosen.party.name),
        phone=mask_phone(phone),
        link=link,
        qr=picture.svg_data_uri(scale=4, border=4, light="#fff", dark="#000"),
        minutes=max(1, here.provider.config.lifetimes.sms_otp // 60),
    )


def _page(
    here: Visit, member: SignedIn, problem: Problem | None = None
) -> ResponseReturnValue:
    choices = wallet_offers.choices(here, member)
    names = {name for item in choices for name in item.names}
    reader = PersonReader.of(here.provider)
    person = reader.read(member.account.id, names, here.now)
    wallets = [
        {
            "id": item.party.client_id,
            "name": str(item.party.name),
            "token": here.token(_purpose(member, item.party.client_id, item.names)),
            "entries": [
                {
                    "label": claim_texts.label(name),
                    "lines": claim_texts.told(name, person.values.get(name), person),
                }
                for name in item.names
            ],
        }
        for item in choices
    ]
    return account.page(
        "wallet",
        gettext("Proof of residence for your wallet"),
        tab="account_wallet.show",
        problem=problem,
        wallets=wallets,
        has_level=wallet_offers.reaches(member),
    )


def _purpose(member: SignedIn, client_id: str, names: tuple[str, ...]) -> str:
    """Bind the form to what it shows: a wallet whose registration changed asks anew."""
    text = json.dumps([client_id, *names])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return account_access.purpose(member, f"wallet:{digest}")


def _require_open(here: Visit) -> None:
    if not here.provider.config.credentials.enabled:
        raise NotFoundError("credentials are not issued here")
