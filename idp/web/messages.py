"""What a reader is told for each stable code: a sentence, and what to do.

Portals, help desks and automated tests know the codes; they never change their meaning.
A test holds that every code that the source can raise has its row here.
"""

from idp.web.activation_messages import ACTIVATION_MESSAGES
from idp.web.desk_messages import DESK_MESSAGES
from idp.web.enrol_messages import ENROL_MESSAGES
from idp.web.factor_messages import FACTOR_MESSAGES
from idp.web.language import phrase
from idp.web.lock_messages import LOCK_MESSAGES
from idp.web.message import Message
from idp.web.organisation_messages import ORGANISATION_MESSAGES
from idp.web.registry_messages import REGISTRY_MESSAGES
from idp.web.staff_messages import STAFF_MESSAGES

_START_AGAIN = phrase("Go back to the portal and start signing in again.")
_CALL = phrase("Call the hotline and read out the error id.")
_TELL_PORTAL = phrase("Go back to the portal, and tell its help desk about this code.")
_OFFICE = phrase(
    "Take your card to any commune police office, or call the hotline. "
    "Nobody can mend this by a link or for a fee."
)

MESSAGES: dict[str, Message] = {
    **ACTIVATION_MESSAGES,
    **ENROL_MESSAGES,
    **FACTOR_MESSAGES,
    **REGISTRY_MESSAGES,
    **STAFF_MESSAGES,
    **DESK_MESSAGES,
    **LOCK_MESSAGES,
    # Acting for another
    **ORGANISATION_MESSAGES,
    # Signing in
    "DD-AUTH-001": Message(
        phrase("The personal number or the password is not right."),
        phrase("Look at both and try again. Capital letters count in the password."),
    ),
    "DD-AUTH-002": Message(
        phrase("Too many tries."),
        phrase("For your protection, wait a little before the next try."),
    ),
    "DD-AUTH-003": Message(
        phrase("The code is not right, or was used already."),
        phrase("Type the newest code; each works once and for a short time only."),
    ),
    "DD-AUTH-004": Message(
        phrase("A code was sent only a moment ago."),
        phrase("Wait until it comes, or ask for a new one a little later."),
    ),
    "DD-AUTH-005": Message(
        phrase("The password is not right."),
        phrase("Look at it and try again. Capital letters count."),
    ),
    "DD-AUTH-006": Message(
        phrase("Something is missing or not right."),
        phrase("Look at the marked field."),
    ),
    "DD-AUTH-007": Message(
        phrase("This recovery code is not right, or was used already."),
        phrase("Each code works once. Look at the letters, or take the next code."),
    ),
    "DD-AUTH-008": Message(
        phrase("The passcode is not right."),
        phrase("Type the 6 digits that you chose yourself, or sign in anew instead."),
    ),
    "DD-AUTH-041": Message(
        phrase("The new password is too short or too long."),
        phrase("Take at least 12 characters; a few words are easy to remember."),
    ),
    "DD-AUTH-042": Message(
        phrase("The new password is about you."),
        phrase("Leave out your name, number, birthday, phone and e-mail."),
    ),
    "DD-AUTH-043": Message(
        phrase("The new password is too easy to guess."),
        phrase("Put a few words together that only you would put together."),
    ),
    "DD-AUTH-044": Message(
        phrase("The two passwords differ."), phrase("Type the same one twice.")
    ),
    "DD-AUTH-045": Message(
        phrase("A passcode is 6 digits."), phrase("Type digits only, six of them.")
    ),
    "DD-AUTH-046": Message(
        phrase("These digits are tried first by everyone."),
        phrase("Take no row, no repetition and no pattern of the keys."),
    ),
    "DD-AUTH-047": Message(
        phrase("These digits are of your birthday, number or phone."),
        phrase("Take digits that nobody who knows you would try."),
    ),
    "DD-AUTH-048": Message(
        phrase("The two passcodes differ."), phrase("Type the same 6 digits twice.")
    ),
    "DD-AUTH-503": Message(
        phrase("Very many people are signing in just now."),
        phrase("Nothing is lost. Try again in a few seconds."),
    ),
    # Accounts that cannot sign in
    "DD-AUTH-011": Message(
        phrase("Your application has arrived and is waiting to be looked at."),
        phrase("You will get a message when it is ready. There is nothing to pay."),
    ),
    "DD-AUTH-012": Message(
        phrase("Your account is still being checked."),
        phrase("You will get a message when it is ready. There is nothing to pay."),
    ),
    "DD-AUTH-013": Message(
        phrase("Your account was granted but has not been activated."),
        phrase("Activate it in the days that the message names, or call the hotline."),
    ),
    "DD-AUTH-014": Message(
        phrase("This account has ended."),
        phrase("You can apply for a new one, or call the hotline."),
    ),
    "DD-AUTH-021": Message(
        phrase("Your account is locked, as you asked."),
        phrase(
            "To open it again, show your chip-ID card and type your password under "
            "“Lost your phone”, or take your card to any commune police office."
        ),
    ),
    "DD-AUTH-022": Message(
        phrase("Your account is locked because the terms of use were broken."), _OFFICE
    ),
    "DD-AUTH-023": Message(
        phrase("Your account is locked because your card was revoked."), _OFFICE
    ),
    "DD-AUTH-024": Message(
        phrase("Your account is locked while your card is being held."), _OFFICE
    ),
    "DD-AUTH-025": Message(
        phrase("Your account is locked because your card has expired."),
        phrase(
            "Renew the card at any commune police office; the account opens by itself."
        ),
    ),
    "DD-AUTH-026": Message(
        phrase("This account is closed."),
        phrase("If that is a mistake, call the hotline or visit any police office."),
    ),
    "DD-AUTH-027": Message(
        phrase("Your account is locked at the request of an authority."), _OFFICE
    ),
    "DD-AUTH-028": Message(
        phrase("Your account is locked because its personal number was cancelled."),
        phrase(
            "Ask at any commune police office for your new number; the account opens "
            "with it."
        ),
    ),
    "DD-AUTH-051": Message(
        phrase("Your account is locked because your passport has expired."),
        phrase(
            "Show the new passport at the immigration office; the account opens by "
            "itself."
        ),
    ),
    "DD-AUTH-052": Message(
        phrase("Your account is locked because your residence permit has expired."),
        phrase(
            "Have it extended at the immigration office; the account opens by itself."
        ),
    ),
    "DD-AUTH-029": Message(phrase("Your account is locked."), _OFFICE),
    "DD-AUTH-031": Message(
        phrase("The portal asks for a stronger proof than your account can give."),
        phrase(
            "Raise your account or add a way to sign in at any commune police "
            "office, with your card. It costs nothing."
        ),
    ),
    "DD-AUTH-032": Message(
        phrase("You have no way to sign in that reaches what is asked here."),
        phrase(
            "Add one: with your chip-ID card and a reader, at any commune police "
            "office with your card, or ask the hotline how."
        ),
    ),
    # One sign-in in one browser
    "DD-TXN-001": Message(
        phrase("This sign-in is not known here, or was left long ago."), _START_AGAIN
    ),
    "DD-TXN-002": Message(phrase("This sign-in was left too long."), _START_AGAIN),
    "DD-TXN-003": Message(
        phrase("This sign-in was started in another browser."), _START_AGAIN
    ),
    "DD-TXN-004": Message(phrase("This sign-in is already finished."), _START_AGAIN),
    "DD-TXN-005": Message(
        phrase("This browser has no cookie of your sign-in."),
        phrase(
            "Go back to the portal and start again in this browser. If this page "
            "returns, allow cookies for this address; none is for advertising."
        ),
    ),
    # What the portal sent
    "DD-OIDC-001": Message(
        phrase("The portal that sent you is not registered here."),
        _TELL_PORTAL,
        technical=True,
    ),
    "DD-OIDC-002": Message(
        phrase("The portal asked to send you on to an address that is not its own."),
        phrase("We have stopped, for your safety. Do not go on from that page."),
        technical=True,
    ),
    "DD-OIDC-003": Message(
        phrase("The portal's request is not in order."), _TELL_PORTAL, technical=True
    ),
    "DD-OIDC-004": Message(
        phrase("The portal's request is not in order."), _TELL_PORTAL, technical=True
    ),
    "DD-OIDC-005": Message(
        phrase("The portal's request was used already, or has run out."),
        _START_AGAIN,
        technical=True,
    ),
    "DD-OIDC-006": Message(
        phrase("The portal's request is not in order."), _TELL_PORTAL, technical=True
    ),
    "DD-OIDC-007": Message(
        phrase("Signing in at this portal is suspended."),
        phrase(
            "Our officers have stopped it for now. Your account is not affected, and "
            "nothing was told to the portal. Ask the portal when it comes back."
        ),
    ),
    # Pages and forms
    "DD-WEB-010": Message(
        phrase("This form is out of date."),
        phrase("Nothing was done. Open the page again and repeat your step."),
    ),
    "DD-WEB-011": Message(
        phrase("This browser has no cookie of your sign-in."),
        phrase(
            "Go back to the portal and start again in this browser. If this page "
            "returns, allow cookies for this address; none is for advertising."
        ),
    ),
    "DD-WEB-400": Message(
        phrase("That request cannot be read."),
        phrase("Nothing was done. Open the page again and repeat your step."),
        technical=True,
    ),
    "DD-WEB-404": Message(
        phrase("There is no such page."),
        phrase("Look at the address, or begin on the first page."),
    ),
    "DD-WEB-405": Message(
        phrase("This page cannot be used in that way."),
        phrase("Nothing was done. Open the page again and repeat your step."),
    ),
    "DD-WEB-413": Message(
        phrase("That was too much to read."),
        phrase("Nothing was done. Open the page again and repeat your step."),
    ),
    "DD-WEB-415": Message(
        phrase("That request cannot be read."),
        phrase("Nothing was done. Open the page again and repeat your step."),
        technical=True,
    ),
    "DD-WEB-500": Message(
        phrase("Something went wrong on our side."),
        phrase("Try again in a few minutes. If it stays, call the hotline."),
    ),
    "DD-OIDC-500": Message(
        phrase("Something went wrong on our side."),
        phrase("Try again in a few minutes. If it stays, call the hotline."),
    ),
    "DD-GEN-001": Message(phrase("That could not be done."), _CALL),
    "DD-GEN-404": Message(phrase("What you asked for does not exist."), _START_AGAIN),
    "DD-GEN-503": Message(
        phrase("Very many people are here just now."),
        phrase("Nothing is lost. Try again in a few seconds."),
    ),
}

FALLBACK = Message(
    phrase("The portal's request is not in order."), _TELL_PORTAL, technical=True
)

# Where an account stands (its state, or the ground of a lock) and the code for it.
STATE_CODES = {
    "submitted": "DD-AUTH-011",
    "in_review": "DD-AUTH-012",
    "granted": "DD-AUTH-013",
    "closed": "DD-AUTH-014",
}
LOCK_CODES = {
    "holder_request": "DD-AUTH-021",
    "terms_breach": "DD-AUTH-022",
    "card_revoked": "DD-AUTH-023",
    "card_held": "DD-AUTH-024",
    "card_expired": "DD-AUTH-025",
    "death": "DD-AUTH-026",
    "authority_request": "DD-AUTH-027",
    "number_cancelled": "DD-AUTH-028",
    "passport_expired": "DD-AUTH-051",
    "permit_expired": "DD-AUTH-052",
    "dissolved": "DD-ORG-006",
}
UNREACHABLE = "DD-AUTH-031"
RESTRICTED = "DD-AUTH-053"


def message(code: str) -> Message:
    """Return what to say for a code."""
    return MESSAGES.get(code, FALLBACK)


def refusal_code(state: str, locks: tuple[str, ...]) -> str:
    """Return the code for an account that must not sign in; locks come first."""
    if locks:
        ground = next((name for name in LOCK_CODES if name in locks), "")
        return LOCK_CODES.get(ground, "DD-AUTH-029")
    return STATE_CODES.get(state, "DD-GEN-001")
