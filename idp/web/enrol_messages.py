"""What people are told when an application cannot go on."""

from idp.web.language import phrase
from idp.web.message import Message

ENROL_MESSAGES: dict[str, Message] = {
    "DD-ENR-001": Message(
        phrase("This application is over, or was begun in another browser."),
        phrase("Nothing is lost: begin again, or look up a receipt that you have."),
    ),
    "DD-ENR-002": Message(
        phrase("We cannot open an account with these details."),
        phrase("Below is what may be the cause, and what to do."),
    ),
    "DD-ENR-003": Message(
        phrase("There is no valid card for this person."),
        phrase("Have your card renewed first; the office can open the account too."),
    ),
    "DD-ENR-004": Message(
        phrase("You have not agreed yet."),
        phrase("We may use your data for this only if you say so."),
    ),
    "DD-ENR-005": Message(
        phrase("We cannot open an account for this person from yours."),
        phrase(
            "The registry must name you as parent or guardian, your phone must be in "
            "your own name, and the person must have a valid card and no account yet."
        ),
    ),
    "DD-ENR-006": Message(
        phrase("Applying for somebody else takes an account of level 2."),
        phrase("Go to any commune police office with your card to raise yours."),
    ),
    "DD-ENR-010": Message(
        phrase("That kind of application does not exist."),
        phrase("Call the hotline and read out the error id."),
    ),
    "DD-ENR-011": Message(
        phrase("That is no receipt number."),
        phrase("It has 12 letters and digits, in groups of four."),
    ),
    "DD-ENR-012": Message(
        phrase("This application is not open for that any more."),
        phrase("Somebody may have decided it meanwhile. Look at where it stands."),
    ),
    "DD-ENR-503": Message(
        phrase("We cannot check your details just now."),
        phrase("Nothing is lost. Wait a little and press the button again."),
    ),
}
