"""Writing a status list: two bits for each credential (Token Status List §4)."""

import zlib
from collections.abc import Mapping
from typing import Any

from idp.credentials.sd_jwt import encoded

TYPE = "statuslist+jwt"
MEDIA_TYPE = "application/statuslist+jwt"
VALID, INVALID, SUSPENDED = 0, 1, 2
BITS = 2
_IN_BYTE = 8 // BITS


def write(statuses: Mapping[int, int], *, size: int) -> dict[str, Any]:
    """Return the `status_list` claim; who is not named is valid (§4.2, §13.3)."""
    octets = bytearray(-(-size // _IN_BYTE))
    for index, status in statuses.items():
        octets[index // _IN_BYTE] |= status << BITS * (index % _IN_BYTE)
    return {"bits": BITS, "lst": encoded(zlib.compress(bytes(octets), level=9))}
