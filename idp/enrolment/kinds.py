"""The kinds of dossiers: which level each asks for, and in how many working days."""

from dataclasses import dataclass
from typing import Literal

from idp.config import EnrolmentConfig
from idp.errors import IdpError

Channel = Literal["online", "representative", "desk", "import"]
CHANNELS: tuple[Channel, ...] = ("online", "representative", "desk", "import")


class UnknownKindError(IdpError):
    """No dossier is of this kind, or comes by this channel."""

    code = "DD-ENR-010"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a dossier asks for; an organisation's account has no level (art. 7)."""

    level: int | None
    term: str


# Decree 69/2024 art. 13; `term` names the setting of EnrolmentConfig.
KINDS = {
    "level1": Kind(1, "level1_days"),
    "level1_child": Kind(1, "level1_days"),
    "level1_foreigner": Kind(1, "foreigner_level1_days"),
    "level2": Kind(2, "level2_days"),
    "level2_no_card": Kind(2, "level2_no_card_days"),
    "level2_upgrade": Kind(2, "level2_days"),
    "level2_child": Kind(2, "level2_days"),
    "level2_foreigner": Kind(2, "foreigner_known_days"),
    "level2_foreigner_unknown": Kind(2, "foreigner_unknown_days"),
    "organisation": Kind(None, "organisation_known_days"),
    "organisation_unknown": Kind(None, "organisation_unknown_days"),
}


def kind_of(name: str) -> Kind:
    """Return the kind of this name."""
    if name not in KINDS:
        raise UnknownKindError("no such kind of dossier")
    return KINDS[name]


def working_days(name: str, config: EnrolmentConfig) -> int:
    """Return in how many working days a dossier is decided (D69 art. 13)."""
    days: int = getattr(config, kind_of(name).term)
    return days
