"""Settings of the officers' pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StaffConfig:
    """Officers' sessions, links and proposals, in seconds; from where they may work.

    `two_persons` says that commands only propose what takes two officers.
    """

    session_idle: int = 900
    session_max: int = 28_800
    invitation: int = 86_400
    rescue: int = 3600
    request: int = 259_200
    proposal: int = 259_200
    link_codes: int = 5
    case: int = 900
    networks: tuple[str, ...] = ()
    two_persons: bool = True
