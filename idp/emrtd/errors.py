"""Why a card, one of its files or one of its answers is not believed."""


class EmrtdError(ValueError):
    """What was read is refused; `reason` is a slug for the log, never for the card.

    The reasons are listed in docs/chip.md.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
