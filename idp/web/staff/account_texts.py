"""Proposals of commands to lock or unlock, in words."""

from uuid import UUID

from idp.accounts import identifiers
from idp.approvals import accounts
from idp.approvals.kinds import Payload
from idp.provider import Provider
from idp.web.language import gettext, phrase
from idp.web.staff.descriptions import Change, Description
from idp.web.staff.locks import GROUNDS


def _lock(provider: Provider, payload: Payload) -> Description:
    effect = gettext(
        "The account is locked: every session ends, at every portal too; the holder "
        "is told."
    )
    return Description((effect,), _facts(provider, payload))


def _unlock(provider: Provider, payload: Payload) -> Description:
    effect = gettext(
        "The holder can sign in again at once, unless another ground locks the account."
    )
    return Description((effect,), _facts(provider, payload))


def _facts(provider: Provider, payload: Payload) -> tuple[Change, ...]:
    with provider.database.read() as connection:
        number = identifiers.current_number(
            connection, provider.sealer, UUID(payload["account_id"])
        )
    ground = payload["ground"]
    words = gettext(GROUNDS[ground]) if ground in GROUNDS else ground
    return (
        Change(gettext("Personal number"), "", identifiers.mask_number(number)),
        Change(gettext("Reason by law"), "", words),
    )


WORDS = {
    accounts.LOCK: (phrase("Lock the account %(subject)s"), _lock),
    accounts.UNLOCK: (phrase("Unlock the account %(subject)s"), _unlock),
}
