"""Opening at home what its holder has locked, by whatever proofs allow it.

The card and the password do, or, after a call to the hotline, the phone and the mailbox
or the card (`recovery.opens`).
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.audit.factor_events import RecoveryEnded
from idp.authentication import recovery
from idp.authentication.recovery import Change, RecoveryError
from idp.factors import notices
from idp.locks import hotline, placing
from idp.locks.grounds import HOLDER_REQUEST
from idp.web import way_back_case

blueprint = Blueprint("unlock", __name__)

_FORM: Change = "unlock"


@blueprint.post("/way-back/<case_id>/unlock")
def unlock(case_id: str) -> ResponseReturnValue:
    """Lift the holder's own lock; any other ground keeps holding."""
    here = way_back_case.enter_for(case_id, _FORM)
    here.visit.check(here.purpose(_FORM))
    if way_back_case.refusal(here) != way_back_case.LOCKED_BY_HOLDER:
        raise RecoveryError("the account is not locked by its holder alone")
    proofs = here.proofs()
    here.take(_FORM)
    provider, now, account_id = here.provider, here.visit.now, here.case.holder
    with provider.database.transaction() as database:
        is_permitted = hotline.take(database, account_id, now=now)
        if not is_permitted and _FORM not in recovery.opens(
            proofs - {recovery.HOTLINE}
        ):
            raise RecoveryError("the hotline's word is over")
        known = contacts.read_contacts(database, provider.sealer, account_id)
        placing.unlock(
            provider,
            database,
            account_id,
            ground=HOLDER_REQUEST,
            asker="holder",
            now=now,
        )
        ended = RecoveryEnded(account_id, _FORM, tuple(sorted(proofs)))
        provider.audit.record(database, ended, now=now)
    notices.warn(provider, known, "account_unlocked", now)
    return redirect(url_for("unlock.done"), HTTPStatus.SEE_OTHER)


@blueprint.get("/unlocked")
def done() -> ResponseReturnValue:
    """Say that the account is open again."""
    return render_template("rights/unlocked.html")
