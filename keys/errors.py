"""Refusals of this package; the application maps them to its own family."""


class KeysError(Exception):
    """Base of everything that `keys` refuses."""


class KeyMaterialError(KeysError):
    """Key material is missing, unsafe to use or not what it says it is."""


class KeyOrderError(KeysError):
    """A step that may not follow in a key's life, or a key that there is not."""


class StoreUnreachableError(KeysError):
    """The store of the rings could not be read or written."""


class SealError(KeysError):
    """A sealed value does not open; deliberately says nothing about why."""

    def __init__(self) -> None:
        super().__init__("this value cannot be opened")


class InvalidTokenError(KeysError):
    """A token was not signed by one of our published keys, as asked."""


class TokenError(KeyMaterialError):
    """The token that holds a key cannot be reached, or refuses what is asked."""
