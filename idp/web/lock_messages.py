"""What a reader is told when a lock, a change of contacts or a right is refused."""

from idp.web.language import phrase
from idp.web.message import Message

LOCK_MESSAGES: dict[str, Message] = {
    "DD-LOCK-001": Message(
        phrase("This asker cannot have that lock placed or lifted."),
        phrase("Nothing was changed. Look at who may ask for it."),
    ),
    "DD-LOCK-002": Message(
        phrase("This link was used already, or is too old."),
        phrase("To have your account locked now, call the hotline."),
    ),
    "DD-LOCK-003": Message(
        phrase("This phone number cannot be set."),
        phrase(
            "It belongs to another account, or is not in your own name. Ask your "
            "carrier, or go to any commune police office."
        ),
    ),
    "DD-LOCK-004": Message(
        phrase("That event of a registry is not in order."),
        phrase("Nothing of it was applied."),
    ),
}
