"""Reading a card in few turns: answers in, the next batch of commands out.

Pure but for the random numbers of the protocols: all that is kept between two turns is
`Turn.state`, which JSON can hold and the caller seals, so any process can go on. A
reading ends with evidence or with `EmrtdError`; 200 commands bound it.

Stages: which way the card offers → BAC (1 turn) or PACE (4) → heads of the files →
public files → Chip Authentication → the personal files and Active Authentication.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.emrtd import access, contents, pace_access
from idp.emrtd.apdu import has_extended_length
from idp.emrtd.contents import Challenge
from idp.emrtd.errors import EmrtdError
from idp.emrtd.evidence import Evidence
from idp.emrtd.kdf import Can
from idp.emrtd.progress import Plan, Progress

__all__ = ["Can", "Challenge", "Evidence", "Plan", "Turn", "advance", "begin"]

_STAGES: Mapping[str, Callable[[Progress], None]] = {
    "card_access": access.choose_way,
    "bac_challenge": access.answer_challenge,
    "bac": access.finish_bac,
    "pace_nonce": pace_access.answer_nonce,
    "pace_map": pace_access.answer_mapping,
    "pace_key": pace_access.answer_key,
    "pace_token": pace_access.finish,
    "heads": contents.finish_heads,
    "public": contents.finish_public,
    "chip_authentication": contents.finish_chip_authentication,
}


@dataclass(frozen=True, repr=False)
class Turn:
    """Commands to send and the state to keep, or at the end the evidence."""

    state: dict[str, Any] | None
    commands: tuple[bytes, ...]
    evidence: Evidence | None = None


def begin(plan: Plan, *, atr: bytes, challenge: Challenge) -> Turn:
    """Return the first turn with a card that answered the reset with `atr`.

    `challenge` gives the eight bytes to be signed for our one-time public key of Chip
    Authentication, which is empty where the card has none.
    """
    del challenge  # no card signs before it has said who it is
    is_extended = plan.extended_length and has_extended_length(atr)
    progress = Progress(plan, is_extended)
    access.begin(progress)
    return _next_turn(progress)


def advance(
    state: Mapping[str, Any], responses: Sequence[bytes], *, challenge: Challenge
) -> Turn:
    """Return the turn that follows the answers to the last one's commands."""
    progress = Progress.from_json(state)
    _receive(progress, responses)
    if progress.queue:
        return _next_turn(progress)
    if progress.stage == contents.PERSON:
        return Turn(None, (), contents.finish_person(progress))
    _finish_stage(progress)
    if progress.stage == contents.READY:
        contents.begin_person(progress, challenge)
    return _next_turn(progress)


def _next_turn(progress: Progress) -> Turn:
    commands = progress.send()
    return Turn(progress.to_json(), commands)


def _receive(progress: Progress, responses: Sequence[bytes]) -> None:
    try:
        progress.receive(responses)
    except EmrtdError as refused:
        # The first answer under the new keys is the chip's proof that it has one.
        is_proof = progress.stage == contents.PERSON and not progress.answers
        has_agreed = "chip_authentication" in progress.notes
        if refused.reason == "secure_messaging" and is_proof and has_agreed:
            raise EmrtdError("ca_failed", refused.detail) from refused
        raise


def _finish_stage(progress: Progress) -> None:
    try:
        _STAGES[progress.stage](progress)
    except EmrtdError as refused:
        if refused.reason != "access_denied" or not access.try_next(progress):
            raise
