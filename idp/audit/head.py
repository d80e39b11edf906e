"""A signed head: where chains ended at a moment, attested by the audit ring.

A compact JWS (RFC 7515) with the type `audit-head+jwt`. A head tells the chains that
moved since the head before it, whose digest it carries: whoever holds the heads from
the first on knows the end of every chain at every moment. All pure.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from keys import jws
from keys.algorithms import PublicKey, public_key
from keys.errors import InvalidTokenError

TYP = "audit-head+jwt"
ALG = "ES256"
MOST_CHAINS = 100  # in one head, which then is shorter than any JWS we read


class Place(NamedTuple):
    """Which chain."""

    month: str
    shard: int


class End(NamedTuple):
    """Where a chain ends: the number of its last row, and that row's hash."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What one head says; `purged` are months whose rows were given up with it.

    `keys` are the ring's public JWKs while there is more than one: so whoever trusts
    the one that signs knows the next in time.
    """

    number: int
    at: int
    issuer: str
    previous: str | None
    chains: Mapping[Place, End]
    purged: tuple[str, ...] = ()
    keys: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HeadFault:
    """The first head that is not what it should be."""

    number: int
    reason: str


class BrokenHeadsError(Exception):
    """Heads that prove nothing from here on."""

    def __init__(self, fault: HeadFault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def claims(head: SignedHead) -> dict[str, Any]:
    """Return the claims of a head."""
    ends = {
        f"{place.month}/{place.shard}": [end.seq, _text(end.hash)]
        for place, end in head.chains.items()
    }
    told = {
        "iss": head.issuer,
        "iat": head.at,
        "number": head.number,
        "previous": head.previous,
        "chains": ends,
    }
    if head.purged:
        told["purged"] = list(head.purged)
    if head.keys:
        told["keys"] = [dict(jwk) for jwk in head.keys]
    return told


def digest(token: str) -> str:
    """Return what the next head carries of this one: SHA-256, base64url."""
    return _text(sha256(token.encode()).digest())


def read(values: Mapping[str, Any]) -> SignedHead:
    """Return the head with these claims; raises `ValueError`."""
    try:
        chains = {
            _place(name): End(int(seq), _bytes(hashed))
            for name, (seq, hashed) in values["chains"].items()
        }
        return SignedHead(
            number=int(values["number"]),
            at=int(values["iat"]),
            issuer=str(values["iss"]),
            previous=values["previous"],
            chains=chains,
            purged=tuple(values.get("purged", ())),
            keys=tuple(values.get("keys", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not the claims of a head") from error


def unproven(token: str) -> SignedHead:
    """Return what a head of our own file says; raises `InvalidTokenError`."""
    try:
        return read(json.loads(_bytes(jws.read(token).payload)))
    except ValueError:
        raise InvalidTokenError("not an audit head") from None


def proven(lines: Iterable[str], keys: Mapping[str, PublicKey]) -> Iterator[SignedHead]:
    """Yield each head once it is proven to be signed and to follow the one before.

    The first must be head 1; raises `BrokenHeadsError` at the first that is not so.
    """
    known = dict(keys)
    previous, issuer = None, None
    for number, line in enumerate(_whole(lines), start=1):
        try:
            head = _open(line, known)
            known |= dict(map(public_key, head.keys))
        except (InvalidTokenError, ValueError) as error:
            raise BrokenHeadsError(HeadFault(number, str(error))) from None
        if head.number != number:
            raise BrokenHeadsError(
                HeadFault(number, f"head {head.number} stands there")
            )
        if head.previous != previous or issuer not in (None, head.issuer):
            reason = "the head does not follow the one before it"
            raise BrokenHeadsError(HeadFault(number, reason))
        yield head
        previous, issuer = digest(line), head.issuer


def _open(token: str, keys: Mapping[str, PublicKey]) -> SignedHead:
    unverified = jws.read(token)
    key = keys.get(unverified.kid)
    if unverified.typ != TYP or unverified.alg != ALG:
        raise InvalidTokenError("not an audit head")
    if key is None:
        raise InvalidTokenError(f"signed by a key that is not known: {unverified.kid}")
    return read(unverified.verify(key))


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what a crash cut short: the next line repeats it whole."""
    held = ""
    for line in filter(None, map(str.strip, lines)):
        if not line.startswith(held):
            yield held
        held = line
    if held:
        yield held


def _place(name: str) -> Place:
    month, _, shard = name.partition("/")
    return Place(month, int(shard))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
