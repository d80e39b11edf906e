"""The first stages of a reading: which way the card offers, and BAC.

EF.CardAccess and BAC's challenge are asked for in one batch, so that neither way costs
a turn more. EF.CardAccess is selected where the card stands, as Vietnamese cards refuse
SELECT MF.
"""

import secrets
from collections.abc import Sequence

from idp.emrtd import bac, contents, pace, pace_access, tlv
from idp.emrtd.apdu import END_OF_FILE, SUCCESS, Command, Response
from idp.emrtd.card_files import select
from idp.emrtd.contents import SELECT_APPLICATION
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import derive_basic_access
from idp.emrtd.lds import CARD_ACCESS
from idp.emrtd.mrz import MrzKey
from idp.emrtd.pace import Protocol
from idp.emrtd.progress import Progress
from idp.emrtd.security_infos import parse_card_access

_READ_CARD_ACCESS = (
    select(CARD_ACCESS),
    Command(0x00, 0xB0, 0x00, 0x00, expected=256),
    Command(0x00, 0xB0, 0x01, 0x00, expected=256),
)
_BEGIN_BAC = (SELECT_APPLICATION, bac.GET_CHALLENGE)


def begin(progress: Progress) -> None:
    """Ask which ways the card offers, and for the challenge of the older one."""
    has_mrz = any(isinstance(key, MrzKey) for key in progress.plan.access)
    progress.enter("card_access", _READ_CARD_ACCESS + (_BEGIN_BAC if has_mrz else ()))


def choose_way(progress: Progress) -> None:
    """List what will be tried, each key once, and begin with the first."""
    selected, *parts = progress.answers[: len(_READ_CARD_ACCESS)]
    way = _offered(parts) if selected.status == SUCCESS else None
    keys = list(enumerate(progress.plan.access))
    attempts = [["pace", index] for index, _ in keys] if way else []
    attempts += [["bac", index] for index, key in keys if isinstance(key, MrzKey)][:1]
    progress.notes["attempts"] = attempts
    if way:
        progress.notes["way"] = [way.oid, way.parameter_id]
    elif attempts:
        attempts.pop(0)
        _authenticate(progress, progress.answers[len(_READ_CARD_ACCESS) :])
        return
    if not try_next(progress):
        raise EmrtdError("access_denied", "the card offers no way for these keys")


def try_next(progress: Progress) -> bool:
    """Begin the next attempt, if there is one: cards may know PACE by CAN alone."""
    if progress.channel is not None or not progress.notes["attempts"]:
        return False
    name, index = progress.notes["attempts"].pop(0)
    if name == "pace":
        pace_access.begin(progress, index)
    else:
        progress.enter("bac_challenge", _BEGIN_BAC)
    return True


def answer_challenge(progress: Progress) -> None:
    """BAC: prove that we know the key, after another way was tried in vain."""
    _authenticate(progress, progress.answers)


def finish_bac(progress: Progress) -> None:
    """BAC: check the card's proof and begin to read under the session's keys."""
    token = progress.answers[0].require("access_denied")
    card, reader, ours = (bytes.fromhex(part) for part in progress.notes.pop("bac"))
    nonces = bac.Nonces(card, reader)
    card_key = bac.read_card_key(derive_basic_access(_mrz(progress)), nonces, token)
    progress.channel = nonces.channel(ours, card_key)
    progress.notes["access"] = "bac"
    contents.begin(progress)


def _authenticate(progress: Progress, answers: Sequence[Response]) -> None:
    selected, challenge = answers
    selected.require()
    nonce = challenge.require("access_denied")
    if len(nonce) != bac.NONCE_LENGTH:
        raise EmrtdError("malformed", "challenge length")
    nonces = bac.Nonces(nonce, secrets.token_bytes(bac.NONCE_LENGTH))
    ours = secrets.token_bytes(bac.KEY_LENGTH)
    keys = derive_basic_access(_mrz(progress))
    progress.notes["bac"] = [nonces.card.hex(), nonces.reader.hex(), ours.hex()]
    progress.enter("bac", [bac.external_authenticate(keys, nonces, ours)])


def _offered(parts: Sequence[Response]) -> Protocol | None:
    """Return the way of PACE in EF.CardAccess; an unreadable file offers none."""
    data = b"".join(
        part.data for part in parts if part.status in {SUCCESS, END_OF_FILE}
    )
    try:
        whole = tlv.read_header(data).total
        return pace.choose(parse_card_access(data[:whole]))
    except EmrtdError:
        return None


def _mrz(progress: Progress) -> MrzKey:
    return next(key for key in progress.plan.access if isinstance(key, MrzKey))
