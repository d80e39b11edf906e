"""What a reader is told when a lock, a change of contacts or a right is refused."""

from idp.web.language import phrase
from idp.web.message import Message

LOCK_MESSAGES: dict[str, Message] = {
    "DD-AUTH-053": Message(
        phrase("You have restricted the use of your data: no portal gets any."),
        phrase(
            "Open your own account here and allow it again under “My rights”, then "
            "start anew at the portal."
        ),
    ),
    "DD-RIGHT-001": Message(
        phrase("That is not possible as things stand."),
        phrase("Look at the page again; somebody may have been faster."),
    ),
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
    "DD-LOCK-005": Message(
        phrase("This request cannot be decided so."),
        phrase("It is decided already, or you entered it: another officer decides."),
    ),
    "DD-LOCK-006": Message(
        phrase("No account has this number."),
        phrase("Look at the number in the letter, and answer the authority."),
    ),
    "DD-LOCK-007": Message(
        phrase("These answers fit no account that its holder alone has locked."),
        phrase(
            "Nothing was unlocked. Ask again what was not heard well; with papers, any "
            "commune police office helps."
        ),
    ),
}
