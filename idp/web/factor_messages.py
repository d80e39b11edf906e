"""What a reader is told when a factor, or a way to it, fails."""

from idp.web.language import phrase
from idp.web.message import Message

FACTOR_MESSAGES: dict[str, Message] = {
    # One-time codes
    "DD-SMS-001": Message(
        phrase("The message with the code could not be sent."),
        phrase("Try again in a minute, or use another way to sign in."),
    ),
    "DD-SMS-002": Message(
        phrase("Too many codes were sent lately."),
        phrase("Use another way to sign in, or try again in a quarter of an hour."),
    ),
    "DD-SMS-003": Message(
        phrase("Your phone or its SIM was changed lately; it gets no code yet."),
        phrase(
            "Use another way to sign in, or wait a day. If you changed nothing, call "
            "the hotline at once."
        ),
    ),
    # The chip-ID card
    "DD-CHIP-001": Message(
        phrase("The card was not accepted."),
        phrase(
            "Show your own valid card. A new one is added once on your own page, under "
            "“Ways to sign in”. Or use another way."
        ),
    ),
    "DD-CHIP-002": Message(
        phrase("The card was not read."),
        phrase(
            "Nothing was done. Take the card out of its case, lay it flat on the "
            "reader, and try again."
        ),
    ),
    "DD-CHIP-003": Message(
        phrase("This reading was used already, or took too long."),
        phrase("Nothing was done. Go back to the page before and read the card again."),
    ),
    "DD-CHIP-004": Message(
        phrase("The reader program sent what cannot be followed."),
        phrase("Start reading the card again. If it stays, renew the program."),
        technical=True,
    ),
    "DD-PASSKEY-001": Message(
        phrase("That passkey did not prove who you are."),
        phrase("Try it again, or take another way to sign in."),
    ),
    "DD-PASSKEY-002": Message(
        phrase("This make of passkey or security key cannot be added here."),
        phrase("Take another device. Only makes that were checked are accepted."),
    ),
    "DD-PASSKEY-003": Message(
        phrase("This passkey is known already."),
        phrase("Take another device, or use the passkey that you have."),
    ),
    "DD-WAYS-001": Message(
        phrase("This is your last strong way to sign in."),
        phrase("Add another one first, or say that you understand what you lose."),
    ),
    # Signing in with another device
    "DD-DEV-001": Message(
        phrase("This code has run out or was used already."),
        phrase(
            "Show a new code on the other screen; each works for a short time, once."
        ),
    ),
    "DD-DEV-002": Message(
        phrase("The sign-in was refused on the phone, or the number was wrong."),
        phrase("Was it a slip? Then show a new code and begin again."),
    ),
    "DD-DEV-003": Message(
        phrase("You are not signed in on this device."),
        phrase(
            "Only a device on which you are signed in already can approve. Sign in at "
            "My account first, then show a new code on the other screen."
        ),
    ),
    "DD-DEV-004": Message(
        phrase("This device cannot approve that sign-in."),
        phrase(
            "Take another device, on which you yourself signed in, with the account "
            "that the other screen is for."
        ),
    ),
    "DD-DEV-005": Message(
        phrase("The number is wrong, so the request has ended."),
        phrase(
            "Nobody was let in. If you stand before the other screen, show a new code "
            "there; if someone sent you this, do nothing more."
        ),
    ),
    "DD-DEV-006": Message(
        phrase("No device waits with this code."),
        phrase(
            "Look at the digits, or have the device show a new code; each works for a "
            "few minutes, once."
        ),
    ),
    "DD-DEV-007": Message(
        phrase("This request has run out or was decided already."),
        phrase("Is the portal still waiting? Then let it ask once more."),
    ),
    "DD-DEV-008": Message(
        phrase("The number is wrong, so the request has ended."),
        phrase(
            "Nobody was let in. If you are at the portal, let it ask once more; if "
            "someone rang you, do nothing more."
        ),
    ),
    "DD-MAIL-001": Message(
        phrase("The e-mail could not be sent."),
        phrase("Try again in a minute, or use another way."),
    ),
    # The way back in
    "DD-BACK-001": Message(
        phrase("This way back in is over, or was begun in another browser."),
        phrase("Nothing was changed. Begin again, in one browser from start to end."),
    ),
    "DD-BACK-002": Message(
        phrase("This phone number cannot be set."),
        phrase("Nothing was changed. Call the hotline if the number is yours."),
    ),
    "DD-FACE-001": Message(
        phrase("The photo and the picture in the card do not match."),
        phrase("Take another photo in good light, or use another way."),
    ),
    "DD-FACE-002": Message(
        phrase("A photo is still missing."), phrase("JPEG or PNG, 4 MB at most.")
    ),
    "DD-FACE-503": Message(
        phrase("Faces cannot be compared just now."),
        phrase("Try again in a minute, or use another way."),
    ),
}
