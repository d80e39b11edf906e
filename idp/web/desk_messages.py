"""What officers are told for the codes of the desk and of the card database."""

from idp.web.language import phrase
from idp.web.message import Message

_STOP = phrase("The enrolment ends here. Tell the person kindly, and whom to ask.")

DESK_MESSAGES: dict[str, Message] = {
    "DD-CARD-503": Message(
        phrase("The card database does not answer."),
        phrase("Nothing is lost. Wait a little and send the fingerprints again."),
    ),
    "DD-DESK-001": Message(
        phrase("This enrolment is not open in your session."),
        phrase("It was left too long, filed already, or is another officer's."),
    ),
    "DD-DESK-002": Message(
        phrase("This is not the card of the number that was typed."),
        phrase("Look whose card it is. Leave this enrolment if the number was wrong."),
    ),
    "DD-DESK-003": Message(
        phrase("The registry knows nobody with this number, name and birth date."),
        phrase("Look at all three. The card may show a name of before."),
    ),
    "DD-DESK-004": Message(phrase("By the registry this person is dead."), _STOP),
    "DD-DESK-005": Message(
        phrase("By the registry this personal number was cancelled."),
        phrase("Ask for the person's number of now, and begin again with it."),
    ),
    "DD-DESK-006": Message(phrase("The person's card was revoked."), _STOP),
    "DD-DESK-007": Message(phrase("The person's card is being held."), _STOP),
    "DD-DESK-008": Message(
        phrase("By the registry this card has expired."),
        phrase("Begin again without a card: another officer decides then."),
    ),
    "DD-DESK-009": Message(
        phrase("The person has a newer card than this one."),
        phrase("Ask for the newer card, and read that one."),
    ),
    "DD-DESK-010": Message(
        phrase("The nationality does not go with what was chosen."),
        phrase("Begin again, as a citizen or as a foreigner."),
    ),
    "DD-DESK-011": Message(
        phrase("This child is too young for level 2."),
        phrase("A parent can file level 1 from their own account."),
    ),
    "DD-DESK-012": Message(
        phrase("This is you, or somebody whom you answer for or who answers for you."),
        phrase("Nobody enrols themself or their own ward: let another officer do it."),
    ),
    "DD-DESK-013": Message(
        phrase("This person has an account of level 2 already."),
        phrase("If it was never activated, the hotline can help."),
    ),
    "DD-DESK-014": Message(
        phrase("An application of this person is being decided."),
        phrase("Wait for the decision, or have it withdrawn, then begin again."),
    ),
    "DD-DESK-015": Message(
        phrase("This person's account is locked."),
        phrase("It is raised only once the ground of the lock has ended."),
    ),
    "DD-DESK-016": Message(
        phrase("This representative has no active account of level 2."),
        phrase("Enrol the representative first; another one may come instead."),
    ),
    "DD-DESK-017": Message(
        phrase("This representative's account has no phone."),
        phrase("Read their card instead."),
    ),
    "DD-DESK-018": Message(
        phrase("The registry names nobody who may answer for this person."),
        phrase("Have the registry corrected by the civil status office first."),
    ),
    "DD-DESK-019": Message(
        phrase("The phone's carrier does not answer."),
        phrase("Nothing is lost. Wait a little and try again."),
    ),
    "DD-DESK-020": Message(
        phrase("The phone is not in this person's own name."),
        phrase("The carrier puts a number into its holder's name, at no cost."),
    ),
    "DD-DESK-021": Message(
        phrase("The phone has an account already."),
        phrase("Go back to the phone and take another, or leave a child's empty."),
    ),
    "DD-DESK-022": Message(
        phrase("Somebody else has just enrolled this person, or began to."),
        phrase("Look up the receipt before you begin again."),
    ),
    "DD-DESK-023": Message(
        phrase("The registry does not answer."),
        phrase("Nothing is lost. Wait a little and ask it again."),
    ),
}
