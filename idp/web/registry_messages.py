"""What a reader is told when the population registry does not answer."""

from idp.web.language import phrase
from idp.web.message import Message

REGISTRY_MESSAGES: dict[str, Message] = {
    "DD-POP-001": Message(
        phrase("The population registry gives no answer just now."),
        phrase("Nothing is lost. Try again in a few minutes."),
    ),
    "DD-POP-002": Message(
        phrase("This list of administrative units has a line that cannot be right."),
        phrase("Nothing was imported. Look at the line that is named."),
    ),
}
