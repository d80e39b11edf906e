"""Why an account may be locked, who may ask for it, and who may have it lifted.

Law on Identification art. 34 and Decree 69/2024 art. 15. A ground that the registries
know of comes and goes with their events; whoever stands at a desk may mend what a
registry tells too late, as `agency`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.errors import IdpError

HOLDER_REQUEST = "holder_request"
AUTHORITY_REQUEST = "authority_request"
DEATH = "death"


class AskerRefusedError(IdpError):
    """This asker may not have this ground placed or lifted."""

    code = "DD-LOCK-001"


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: its clause, who may ask for the lock, and who for its end."""

    clause: str
    askers: frozenset[str]
    lifters: frozenset[str]


_HOLDER = frozenset({"holder", "representative"})
_AGENCY = frozenset({"agency"})
_REGISTRY = frozenset({"system", "agency"})
_AUTHORITY = frozenset({"authority"})

GROUNDS: Mapping[str, Ground] = {
    "holder_request": Ground("LoI art. 34.1.a", _HOLDER, _HOLDER),
    "terms_breach": Ground("LoI art. 34.1.b", _AGENCY, _AGENCY),
    "card_revoked": Ground("LoI art. 34.1.c", _REGISTRY, _REGISTRY),
    "card_held": Ground("LoI art. 34.1.c", _REGISTRY, _REGISTRY),
    "card_expired": Ground("D69 art. 15", _REGISTRY, _REGISTRY),
    "death": Ground("LoI art. 34.1.d", _REGISTRY, _REGISTRY),
    "authority_request": Ground("LoI art. 34.1.đ", _AUTHORITY, _AUTHORITY),
    "passport_expired": Ground("D69 art. 15 (foreigners)", _REGISTRY, _REGISTRY),
    "permit_expired": Ground("D69 art. 15 (foreigners)", _REGISTRY, _REGISTRY),
    "number_cancelled": Ground("D34/2021", _REGISTRY, _REGISTRY),
    "dissolved": Ground("D69 art. 15 (organisations)", _REGISTRY, _REGISTRY),
}

# What officers may ask for in writing, one entering and another deciding; a paper's end
# and a dissolution come and go by themselves.
IN_WRITING = (
    AUTHORITY_REQUEST,
    "terms_breach",
    "card_held",
    "card_revoked",
    DEATH,
    "number_cancelled",
)


def check_placing(ground: str, asker: str) -> None:
    """Raise `AskerRefusedError` unless this asker may ask for a lock on this ground."""
    if ground not in GROUNDS or asker not in GROUNDS[ground].askers:
        raise AskerRefusedError(f"{asker} cannot ask for a lock for {ground}")


def check_lifting(ground: str, asker: str) -> None:
    """Raise `AskerRefusedError` unless this asker may have this ground lifted."""
    if ground not in GROUNDS or asker not in GROUNDS[ground].lifters:
        raise AskerRefusedError(f"{asker} cannot have a lock for {ground} lifted")
