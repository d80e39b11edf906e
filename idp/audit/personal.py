"""Personal values of an event: sealed outside the chain, bound to it, erasable.

The chained `data` gets the member `personal`, the commitment: an HMAC under the
server's index key over the values and a random salt. Values and salt are sealed beside
the chain with the commitment as context. So a value that was replaced, or moved from
another row, is noticed (it does not open, or its HMAC is another), and an erased one
leaves the chain whole: with the salt gone, not even the holder of the key can test a
guess against the commitment that stays.

Of a personal number a blind index is sealed so; a column repeats it for look-ups.
"""

import json
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from idp.audit.chain import canonical
from keys.errors import SealError
from keys.sealing import BlindIndex, Sealer

MEMBER = "personal"
NUMBER = "number_index"
_CONTEXT = "audit.personal"


def commit(sealer: Sealer, values: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return what the chain keeps of the personal values, and the values sealed."""
    text = canonical({"salt": secrets.token_hex(16), "values": dict(values)})
    commitment = sealer.index(text, context=_CONTEXT).hex()
    return commitment, sealer.seal(text.encode(), context=f"{_CONTEXT}:{commitment}")


def number_index(sealer: Sealer, number: str) -> BlindIndex:
    """Return the blind index by which somebody without an account is found later."""
    return sealer.index(number, context="audit_events.number")


def unseal(sealer: Sealer, row: Any) -> dict[str, Any]:
    """Return a row's personal values; raises `SealError` for those of another."""
    values: dict[str, Any] = json.loads(_open(sealer, row))["values"]
    values.pop(NUMBER, None)
    return values


def was_erased(personal_sealed: bytes | None, data: str) -> bool:
    """Say whether the chain knows of personal values that are no longer kept."""
    if personal_sealed is not None or f'"{MEMBER}"' not in data:
        return False  # what decides nearly all rows, without reading JSON
    return MEMBER in json.loads(data)


def is_bound(sealer: Sealer, row: Any) -> bool:
    """Say whether a row's personal values, if kept, are those of its chained data."""
    if row.personal_sealed is None:
        return row.number_index is None
    try:
        text = _open(sealer, row)
    except SealError:
        return False
    # It was made under the key of its day, and a chain is never written anew.
    versions = sealer.index(text, context=_CONTEXT).versions
    index = row.number_index.hex() if row.number_index else None
    return (
        any(compare_digest(one.hex(), _commitment(row)) for one in versions)
        and json.loads(text)["values"].get(NUMBER) == index
    )


def _open(sealer: Sealer, row: Any) -> str:
    context = f"{_CONTEXT}:{_commitment(row)}"
    return sealer.open(row.personal_sealed, context=context).decode()


def _commitment(row: Any) -> str:
    return str(json.loads(row.data).get(MEMBER))
