"""The settings of enrolment, each with the law's value as default."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnrolmentConfig:
    """Who may enrol, how it is decided, in how many working days (D69 art. 7, 13)."""

    decision: str = "automatic"
    draft_lifetime: int = 3600
    drafts_per_person: int = 5
    drafts_per_source: int = 20
    photos_per_draft: int = 5
    desk_photo_limit: int = 1_048_576
    own_from_age: int = 14
    child_from_age: int = 6
    consent_version: str = "2026-11"
    level1_days: int = 1
    level2_days: int = 3
    level2_no_card_days: int = 7
    foreigner_level1_days: int = 1
    foreigner_known_days: int = 3
    foreigner_unknown_days: int = 7
    organisation_known_days: int = 3
    organisation_unknown_days: int = 15
    days_off: tuple[str, ...] = ()
    extra_working_days: tuple[str, ...] = ()
