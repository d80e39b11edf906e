"""Personal values of an event: sealed outside the chain, bound to it, erasable.

The chained `data` gets the member `personal`: an HMAC under the server's index key over
the personal values and a random salt. The values and the salt are sealed beside the
chain, with the row's place as context. So a replaced or moved value is noticed (its
HMAC no longer fits the chained one, or it does not open at all), and an erased one
leaves the chain whole: with the salt gone, not even the holder of the key can test
a guess against the HMAC that stays.
"""

import json
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from idp.audit.chain import Link, canonical, link_of
from keys.errors import SealError
from keys.sealing import Sealer

MEMBER = "personal"
_CONTEXT = "audit.personal"


def with_salt(values: Mapping[str, Any]) -> str:
    """Return the text that is committed to and sealed."""
    return canonical({"salt": secrets.token_hex(16), "values": dict(values)})


def commitment(sealer: Sealer, text: str) -> str:
    """Return what the chain keeps of the personal values."""
    return sealer.index(text, context=_CONTEXT).hex()


def seal(sealer: Sealer, text: str, link: Link) -> bytes:
    """Seal the personal values for the place of `link`."""
    return sealer.seal(text.encode(), context=_place(link))


def unseal(sealer: Sealer, sealed: bytes, link: Link) -> dict[str, Any]:
    """Return the personal values; raises `keys.sealing.SealError` for another's."""
    text = sealer.open(sealed, context=_place(link))
    values: dict[str, Any] = json.loads(text)["values"]
    return values


def was_erased(row: Any) -> bool:
    """Say whether the chain knows of personal values that are no longer kept."""
    return row.personal_sealed is None and MEMBER in json.loads(row.data)


def is_bound(sealer: Sealer, row: Any) -> bool:
    """Say whether a row's personal values, if kept, are those of its chained data."""
    if row.personal_sealed is None:
        return True
    try:
        text = sealer.open(row.personal_sealed, context=_place(link_of(row))).decode()
    except SealError:
        return False
    committed = json.loads(row.data).get(MEMBER, "")
    return compare_digest(commitment(sealer, text), committed)


def _place(link: Link) -> str:
    return f"{_CONTEXT}:{link.month}:{link.shard}:{link.seq}"
