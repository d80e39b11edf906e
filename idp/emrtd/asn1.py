"""The border to asn1crypto, which reads when asked and refuses in many ways."""

from collections.abc import Iterator
from contextlib import contextmanager

from idp.emrtd.errors import EmrtdError


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever asn1crypto raises over unsound bytes into one refusal."""
    try:
        yield
    except EmrtdError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise EmrtdError("malformed", what) from error
