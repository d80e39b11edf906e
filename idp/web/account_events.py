"""Audit events in the words of the citizen whom they concern."""

from idp.accounts import identifiers
from idp.audit.log import AuditEntry
from idp.authentication.session import SignedIn
from idp.web import officer_look_ups, presentation, visit
from idp.web.language import gettext, phrase
from idp.web.visit import Visit

TEXTS = {
    "SessionStarted": phrase("Signed in"),
    "AccountActivated": phrase("The account was activated"),
    "ActivationPermitted": phrase("The hotline opened the time to activate again"),
    "FactorProven": phrase("Proved once more who you are"),
    "CrossDeviceApproved": phrase("Approved a sign-in on another device"),
    "CrossDeviceRefused": phrase("Refused a sign-in on another device"),
    "CitizenCalled": phrase("%(portal)s asked you to confirm a sign-in"),
    "SessionReached": phrase("Signed in to %(portal)s"),
    "SessionEnded": phrase("Signed out"),
    "SignalNotTold": phrase("%(portal)s could not be told of a change of your account"),
    "PortalNotTold": phrase("%(portal)s could not be told that you signed out"),
    "GrantGiven": phrase("Allowed %(portal)s to see data"),
    "GrantEnded": phrase("The permission of %(portal)s ended"),
    "GivenForOther": phrase("Allowed %(portal)s to see data of whom you act for"),
    "ActedFor": phrase("A representative signed in to %(portal)s for you"),
    "RepresentationBegan": phrase("A representative may act for you"),
    "RepresentationEnded": phrase("A representative no longer acts for you"),
    "SignInConfirmed": phrase("Your representative confirmed the sign-in"),
    "SignInNotConfirmed": phrase("Your representative did not confirm the sign-in"),
    "MembershipAccepted": phrase("You accepted to be listed by an organisation"),
    "MembershipEnded": phrase("Your place at an organisation ended"),
    "RefreshTokensEnded": phrase("Lasting access of %(portal)s ended"),
    "PasswordChanged": phrase("The password was changed"),
    "CredentialEnrolled": phrase("A way to sign in was added"),
    "CredentialRetired": phrase("A way to sign in was removed"),
    "PasskeySuspended": phrase("A passkey was held: it may have been copied"),
    "DeviceRemembered": phrase("A device was remembered"),
    "LockPlaced": phrase("The account was locked"),
    "LockLifted": phrase("A lock of the account ended"),
    "UnlockPermitted": phrase("The hotline let you unlock it with codes, at your call"),
    "UnlockPermitWithdrawn": phrase("You took back that it may be unlocked"),
    "StateChanged": phrase("The account's state changed"),
    "LevelChanged": phrase("The account's level changed"),
    "NumberReplaced": phrase("The personal number was replaced"),
    "AccountCreated": phrase("The account was opened"),
    "DossierFiled": phrase("Somebody applied for the account"),
    "DossierRefused": phrase("The application was refused"),
    "AccountImported": phrase("The account was taken over from an earlier register"),
    "ContactChanged": phrase("The phone or the e-mail address was changed"),
    "DataExported": phrase("A copy of your data was taken"),
    "CorrectionAsked": phrase("A correction was asked for"),
    "CorrectionAnswered": phrase("A wish for a correction was answered"),
    "ProcessingRestricted": phrase("The use of your data was stopped"),
    "ProcessingAllowed": phrase("The use of your data was allowed again"),
    "ClosingAsked": phrase("Closing the account was asked for"),
    "ClosingTakenBack": phrase("The wish to close the account was taken back"),
    "WalletOfferMade": phrase("A code for %(portal)s was shown"),
    "WalletCredentialsIssued": phrase("%(portal)s was given a proof of residence"),
    "WalletCredentialsRevoked": phrase("Proofs of residence in wallets were ended"),
}

# The same on a shared computer in counter mode.
AT_COUNTER = {
    "SessionStarted": phrase("Signed in at a shared computer (counter mode)"),
    "AccountActivated": phrase(
        "The account was activated at a shared computer (counter mode)"
    ),
}

# What a representative did for the holder.
BY_REPRESENTATIVE = {
    "LockPlaced": phrase("Your representative locked the account"),
    "LockLifted": phrase("Your representative ended a lock of the account"),
}


def recent(here: Visit, member: SignedIn, limit: int) -> list[dict[str, str]]:
    """Return the newest events, newest first.

    Officers' looks from before there was an account are among them.
    """
    with here.provider.database.read() as connection:
        sealer, account_id = here.provider.sealer, member.account.id
        numbers = identifiers.numbers_of(connection, sealer, account_id)
        types = (*TEXTS, *officer_look_ups.TYPES)
        entries = here.provider.audit.recent(
            connection, account_id, limit, types=types, numbers=numbers
        )
    return [
        {"text": _text(here, entry), "at": presentation.moment_text(entry.at)}
        for entry in entries
    ]


def last_sign_in(here: Visit, member: SignedIn) -> str:
    """Return when the citizen signed in before this session, or nothing."""
    with here.provider.database.read() as connection:
        entries = here.provider.audit.recent(
            connection, member.account.id, 2, types=("SessionStarted",)
        )
    for entry in entries:
        if entry.data.get("session_id") != str(member.session.id):
            return presentation.moment_text(entry.at)
    return ""


def _text(here: Visit, entry: AuditEntry) -> str:
    client_id = entry.data.get("client_id")
    party = here.provider.relying_parties.find(client_id) if client_id else None
    portal = visit.asker_of(party).name if party else gettext("a former portal")
    if entry.type in officer_look_ups.TYPES:
        return officer_look_ups.text(here, entry, portal)
    text = TEXTS[entry.type]
    if entry.data.get("place") == "counter":
        text = AT_COUNTER[entry.type]
    if entry.data.get("asker") == "representative":
        text = BY_REPRESENTATIVE[entry.type]
    return gettext(text, portal=portal) if "%(portal)s" in text else gettext(text)
