"""What officers are told when something fails."""

from idp.web.language import phrase
from idp.web.message import Message

STAFF_MESSAGES: dict[str, Message] = {
    "DD-STAFF-001": Message(
        phrase("That passkey signs no officer in."),
        phrase("Take your officer's passkey. A citizen's passkey does not work here."),
    ),
    "DD-STAFF-002": Message(
        phrase("This link or its code does not work."),
        phrase(
            "It may have been used, replaced or be too old. Ask an administrator for "
            "a new one; if you did not use it yourself, say so at once."
        ),
    ),
    "DD-STAFF-003": Message(
        phrase("This page is for another role than yours."),
        phrase("Nothing was done. If you need the role, ask an administrator."),
    ),
    "DD-STAFF-004": Message(
        phrase("That change is not possible."),
        phrase("Nothing was done. Somebody may have been faster: load the page again."),
    ),
    "DD-STAFF-008": Message(
        phrase("It was approved, but could not be carried out."),
        phrase("Nothing has changed, and the proposal still waits. See why below."),
    ),
    "DD-PROP-001": Message(
        phrase("That cannot be proposed."),
        phrase("Nothing was proposed. What is wrong stands below, for developers."),
        technical=True,
    ),
    "DD-STAFF-006": Message(
        phrase("This is your own case, or of somebody whom the law ties to you."),
        phrase(
            "Nobody acts on a case of their own, of somebody they represent, or of who "
            "represents them. Nothing was done: let another officer do it."
        ),
    ),
    "DD-STAFF-007": Message(
        phrase("Officers' pages do not open from this network."),
        phrase("Use a computer of your office's network."),
    ),
    "DD-STAFF-009": Message(
        phrase("No account that you may see has this number."),
        phrase("Look at the number and type it again. The look-up was written down."),
    ),
    "DD-STAFF-010": Message(
        phrase("That account is not open to you any more."),
        phrase("Nothing was done. Look the person up again, with the reason."),
    ),
    "DD-STAFF-011": Message(
        phrase("You have looked up as many people as one officer may in a day."),
        phrase("Nothing was looked up. If there is more to do, tell your leader."),
    ),
    "DD-STAFF-005": Message(
        phrase("This passkey asked for no PIN, finger or face."),
        phrase("Set a PIN on the security key, or take another device."),
    ),
}
