"""What a reader is told when an activation, or a shared computer, refuses."""

from idp.web.language import phrase
from idp.web.message import Message

ACTIVATION_MESSAGES: dict[str, Message] = {
    "DD-ACT-001": Message(
        phrase("This activation is over, or was begun in another browser."),
        phrase(
            "If your account is active already, just sign in. Else begin again, in one "
            "browser from start to end."
        ),
    ),
    "DD-ACT-002": Message(
        phrase("The code is not right, or nothing can be activated with it."),
        phrase(
            "Look at your personal number, and take the phone that you registered. If "
            "no code comes, or the time for activating is over, call the hotline."
        ),
    ),
    "DD-ACT-003": Message(
        phrase("These answers fit no account that waits for its activation."),
        phrase(
            "Nothing was opened. Ask again what was not heard well; name, birth date "
            "and phone must all be right."
        ),
    ),
    "DD-CTR-001": Message(
        phrase("This is not done on a shared computer."),
        phrase(
            "A passkey, an app or a new phone is set on a device of your own, never on "
            "a helper's. Here your password and a passcode will do."
        ),
    ),
}
