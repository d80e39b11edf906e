"""What a reader is told where one acts for another."""

from idp.web.language import phrase
from idp.web.message import Message

ORGANISATION_MESSAGES: dict[str, Message] = {
    "DD-ORG-001": Message(
        phrase("You have no mandate to act for this organisation."),
        phrase(
            "Ask its legal representative for a mandate: they give it on their own "
            "page here, and you accept it on yours."
        ),
    ),
    "DD-ORG-002": Message(
        phrase("That is no tax code."),
        phrase("It has 10 digits, or 13 for a dependent unit."),
    ),
    "DD-ORG-003": Message(
        phrase("This organisation has an account already, or one is applied for."),
        phrase("Its legal representative can give you a mandate."),
    ),
    "DD-ORG-004": Message(
        phrase("This person cannot be listed like that."),
        phrase("Perhaps they are listed already: revoke that first."),
    ),
    "DD-ORG-005": Message(
        phrase("No organisation lists you."),
        phrase(
            "This page of the portal is for organisations. Their legal representative "
            "can give you a mandate, or apply for the account."
        ),
    ),
    "DD-ORG-006": Message(
        phrase("Nobody can act for this account at the moment."),
        phrase("It is locked, or not granted yet. The hotline can tell you more."),
    ),
    "DD-ORG-007": Message(
        phrase("The register does not name you as the legal representative."),
        phrase("If it is out of date, have it changed at the business registry first."),
    ),
    "DD-ORG-008": Message(
        phrase("Only the holder of a level 2 account can apply for an organisation."),
        phrase("Raise your account at any commune police office. It costs nothing."),
    ),
    "DD-ORG-503": Message(
        phrase("The register of organisations does not answer."),
        phrase("Nothing is lost. Try again in a few minutes."),
    ),
}
