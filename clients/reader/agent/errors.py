"""Why a reading ends early; each has a `slug` that a page turns into words."""


class ReadingError(Exception):
    """A reading cannot go on."""

    slug = "failed"


class ForbiddenCommandError(ReadingError):
    """The provider sent a command that this agent does not pass to any card."""

    slug = "forbidden"


class CardRemovedError(ReadingError):
    """The card has left the reader, or no longer answers."""

    slug = "card_removed"


class CardTimeError(ReadingError):
    """The card took longer than a reading may."""

    slug = "timeout"


class NoCardError(ReadingError):
    """No card was laid on the reader in time."""

    slug = "no_card"


class CancelledError(ReadingError):
    """The citizen has pressed Cancel."""

    slug = "user"


class UnreachableError(ReadingError):
    """The provider does not answer, or its certificate is not to be trusted."""

    slug = "unreachable"


class RefusedError(ReadingError):
    """The provider refuses the request, as it does with a start that is too old."""

    slug = "refused"


class AnswerError(ReadingError):
    """The provider's answer is not one of CL1, or leads somewhere else."""

    slug = "answer"


class ReaderMissingError(Exception):
    """The machine lacks what a real reader needs; the text says what to install."""
