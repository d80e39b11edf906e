"""What is still unmet before a transaction may be answered, and in which order.

Pure: a transaction, a session and the clock in, the first unmet step out. The
dispatcher (`oidc.authorization`) asks again after every step, so no step can be
skipped, and the table of cases in tests/unit/authentication/test_steps.py is the
specification.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp.authentication import assurance
from idp.authentication.assurance import Earned
from idp.authentication.session import SignedIn, SignInAccount
from idp.authentication.transaction import (
    AuthenticationTransaction,
    AuthorizationRequest,
)

ONE_TIME_CODES = frozenset({"totp", "sms"})
PASSCODE = "passcode"


@dataclass(frozen=True, slots=True)
class Step:
    """Why the transaction cannot finish yet, the page that mends it, or its error.

    `error` is the answer under `prompt=none` (OpenID Connect Core §3.1.2.6), and the
    only answer if there is no page.
    """

    reason: str
    page: str | None
    error: str


NO_SESSION = Step("no_session", "login.show", "login_required")
ACCOUNT_SELECTION = Step(
    "account_selection", "login.choose", "account_selection_required"
)
ACCOUNT_MISMATCH = Step("account_mismatch", "login.show", "login_required")
PROMPT_LOGIN = Step("prompt_login", "login.show", "login_required")
MAX_AGE = Step("max_age", "login.show", "login_required")
CONFIRM = Step("confirm", "passcode.show", "login_required")
ACCOUNT_LOCKED = Step("account_locked", "refused.show", "login_required")
RESTRICTED = Step("restricted", "refused.show", "access_denied")
FACTOR_MISSING = Step("factor_missing", "ways.show", "login_required")
ASSURANCE_TOO_LOW = Step("assurance_too_low", "ways.show", "login_required")
# Decree 69/2024 art. 14.2: only with the representative's confirmation.
REPRESENTATIVE_MISSING = Step(
    "representative_missing", "confirmation.show", "interaction_required"
)
ACTING = Step("acting", "acting.show", "interaction_required")
# OpenID Connect Core Error Code unmet_authentication_requirements 1.0
ASSURANCE_UNREACHABLE = Step(
    "assurance_unreachable", None, "unmet_authentication_requirements"
)


def unmet(  # noqa: PLR0913 - everything that the decision rests on
    transaction: AuthenticationTransaction,
    signed_in: SignedIn | None,
    *,
    subject: str | None,
    minimum_acr: str | None,
    biometric: bool = False,
    now: datetime,
) -> Step | None:
    """Return the first unmet step, or None if the citizen is proven as asked.

    `subject` is the signed-in account's `sub` at the asking client (needed only if the
    request hints one); `minimum_acr` is the client's policy, whatever it requested.
    `biometric` is the operator's setting of what a verified passkey counts as.
    """
    if signed_in is None:
        return NO_SESSION
    if transaction.is_strong:
        signed_in = without_device(signed_in)
        if signed_in is None:
            return PROMPT_LOGIN
    account = signed_in.account
    pair = assurance.earned(signed_in.session.events, account.level)
    return (
        _selection(transaction, account, pair)
        or _mismatch(transaction.request, subject)
        or _recency(transaction, signed_in, pair, now)
        or unmet_session(signed_in)
        or _restriction(transaction, account)
        or _strength(
            account, pair, is_strong=transaction.is_strong, biometric=biometric
        )
        or _assurance(
            transaction.request, minimum_acr, account, pair, biometric=biometric
        )
    )


def unmet_action(
    signed_in: SignedIn,
    *,
    max_age: int,
    is_strong: bool,
    biometric: bool = False,
    now: datetime,
) -> Step | None:
    """Return what is unmet before the citizen may change something of their own.

    Each action asks for a fresh proof, or for the passcode if there is one; one that
    decides who may sign in from now on, for the strongest that the account can give,
    proven in this very browser.
    """
    member = without_device(signed_in) if is_strong else signed_in
    if member is None:
        return PROMPT_LOGIN
    pair = assurance.earned(member.session.events, member.account.level)
    proven_at = pair.auth_time if is_strong else _confirmed_at(member, pair)
    if now - proven_at > timedelta(seconds=max_age):
        return MAX_AGE
    return unmet_session(member) or _strength(
        member.account, pair, is_strong=is_strong, biometric=biometric
    )


def unmet_session(signed_in: SignedIn | None) -> Step | None:
    """Return what is unmet before anything personal may be shown to this browser."""
    if signed_in is None:
        return NO_SESSION
    account = signed_in.account
    if account.locks or account.state != "active":
        return ACCOUNT_LOCKED
    if not _is_whole(signed_in):
        return FACTOR_MISSING
    if account.is_ward and signed_in.session.confirmed_by is None:
        return REPRESENTATIVE_MISSING
    return None


def _is_whole(signed_in: SignedIn) -> bool:
    """Say whether two factors are proven, or knowledge where no code is enrolled.

    A card or a code alone may have been found: each asks for one more. An enrolled code
    is asked after every password, and one that is held back is waited for: whoever took
    over a phone number must not be let in for it.
    """
    pair = assurance.earned(signed_in.session.events, signed_in.account.level)
    if pair.authentication_level > 1:
        return True
    knows = any(
        assurance.KNOWLEDGE in assurance.proof(event.method, event.flags).kinds
        for event in signed_in.session.events
    )
    enrolled = signed_in.account.factors | signed_in.account.held
    return knows and not enrolled & ONE_TIME_CODES


def _restriction(
    transaction: AuthenticationTransaction, account: SignInAccount
) -> Step | None:
    """Stop what is for a portal, once its holder has restricted the processing."""
    is_for_portal = transaction.request is not None
    return RESTRICTED if is_for_portal and account.is_restricted else None


def without_device(signed_in: SignedIn) -> SignedIn | None:
    """Return the sign-in without what another device vouched for, if any is left."""
    own = tuple(item for item in signed_in.session.events if item.method != "device")
    if not any(assurance.proof(item.method, item.flags).kinds for item in own):
        return None  # what only confirms stands for nothing by itself
    return replace(signed_in, session=replace(signed_in.session, events=own))


def _strength(
    account: SignInAccount, pair: Earned, *, is_strong: bool, biometric: bool
) -> Step | None:
    if not is_strong:
        return None
    best = assurance.ceiling(account.factors, biometric=biometric)
    return ASSURANCE_TOO_LOW if pair.authentication_level < best else None


def _is_fresh(transaction: AuthenticationTransaction, pair: Earned) -> bool:
    return pair.auth_time >= transaction.created_at


def _selection(
    transaction: AuthenticationTransaction, account: SignInAccount, pair: Earned
) -> Step | None:
    chosen = transaction.chosen_account
    if chosen is not None:
        # A sign-in in another tab may have overtaken the choice: it is asked again.
        return None if chosen == account.id else ACCOUNT_SELECTION
    prompt = transaction.request.prompt if transaction.request else ()
    is_asked = "select_account" in prompt and not _is_fresh(transaction, pair)
    return ACCOUNT_SELECTION if is_asked else None


def _mismatch(request: AuthorizationRequest | None, subject: str | None) -> Step | None:
    hinted = request.hinted_subject if request else None
    return ACCOUNT_MISMATCH if hinted is not None and hinted != subject else None


def _recency(
    transaction: AuthenticationTransaction,
    signed_in: SignedIn,
    pair: Earned,
    now: datetime,
) -> Step | None:
    if _is_fresh(transaction, pair):
        return None
    request = transaction.request
    if request is None:
        return _own_recency(transaction, signed_in, pair, now)
    if "login" in request.prompt:
        return PROMPT_LOGIN
    if request.max_age is None:
        return None
    # max_age=0 asks for a new authentication, however young the last one is.
    age = timedelta(seconds=request.max_age)
    is_old = request.max_age == 0 or now - pair.auth_time > age
    return MAX_AGE if is_old else None


def _own_recency(
    transaction: AuthenticationTransaction,
    signed_in: SignedIn,
    pair: Earned,
    now: datetime,
) -> Step | None:
    """Ask for a fresh proof on a page of our own; the passcode is enough for most."""
    if transaction.max_age is None:
        return None
    age, is_strong = timedelta(seconds=transaction.max_age), transaction.is_strong
    proven_at = pair.auth_time if is_strong else _confirmed_at(signed_in, pair)
    if proven_at >= transaction.created_at or now - proven_at <= age:
        return None
    has_passcode = PASSCODE in signed_in.account.factors
    return CONFIRM if has_passcode and not is_strong else MAX_AGE


def _confirmed_at(signed_in: SignedIn, pair: Earned) -> datetime:
    """Return when the citizen last showed that it is still they, if only so."""
    events = signed_in.session.events
    confirmed = [event.at for event in events if event.method == PASSCODE]
    return max((pair.auth_time, *confirmed))


def _assurance(
    request: AuthorizationRequest | None,
    minimum_acr: str | None,
    account: SignInAccount,
    pair: Earned,
    *,
    biometric: bool,
) -> Step | None:
    if request is None:
        return None
    minimum = (minimum_acr,) if minimum_acr else ()
    demanded = [wanted for wanted in (minimum, request.essential_acr) if wanted]
    for wanted in demanded:
        if not _any_reachable(wanted, account, biometric=biometric):
            return ASSURANCE_UNREACHABLE
    # Voluntary values are tried for and, out of reach, given up (Core §3.1.2.1).
    if request.acr_values and _any_reachable(
        request.acr_values, account, biometric=biometric
    ):
        demanded.append(request.acr_values)
    is_met = all(_any_satisfied(wanted, pair) for wanted in demanded)
    return None if is_met else ASSURANCE_TOO_LOW


def _any_reachable(
    wanted: Sequence[str], account: SignInAccount, *, biometric: bool
) -> bool:
    return any(
        assurance.reachable(account, value, biometric=biometric) for value in wanted
    )


def _any_satisfied(wanted: Sequence[str], pair: Earned) -> bool:
    return any(assurance.satisfies(pair, value) for value in wanted)
