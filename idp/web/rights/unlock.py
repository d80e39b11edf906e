"""Opening at home what its holder has locked: the card and the password."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.audit.factor_events import RecoveryEnded
from idp.authentication.recovery import Change, RecoveryError
from idp.factors import notices
from idp.locks import placing
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
    here.take(_FORM)
    provider, now, account_id = here.provider, here.visit.now, here.case.holder
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        placing.unlock(
            provider,
            database,
            account_id,
            ground=HOLDER_REQUEST,
            asker="holder",
            now=now,
        )
        ended = RecoveryEnded(account_id, _FORM, tuple(sorted(here.case.proofs)))
        provider.audit.record(database, ended, now=now)
    notices.warn(provider, known, "account_unlocked", now)
    return redirect(url_for("unlock.done"), HTTPStatus.SEE_OTHER)


@blueprint.get("/unlocked")
def done() -> ResponseReturnValue:
    """Say that the account is open again."""
    return render_template("rights/unlocked.html")
