"""The stages of a reading that PACE takes: ICAO Doc 9303-11 §4.4.4."""

import hmac

from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import contents, pace, points
from idp.emrtd.apdu import Command
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, derive_access_key
from idp.emrtd.pace import Protocol
from idp.emrtd.points import Point
from idp.emrtd.progress import AccessKey, Progress, read_keys, write_keys
from idp.emrtd.secure_messaging import Channel

_SELECT_MASTER_FILE = Command(0x00, 0xA4, 0x00, 0x0C, data=b"\x3f\x00")
_DENIED = "access_denied"


def begin(progress: Progress, index: int) -> None:
    """Name way and password, and ask for the nonce.

    BAC's challenge may have been asked for inside an application, and PACE belongs to
    the master file; a card without one refuses to select it, which does not matter.
    """
    progress.notes["key"] = index
    template = pace.set_authentication_template(_way(progress), _key(progress))
    commands = [_SELECT_MASTER_FILE, template, pace.general_authenticate()]
    progress.enter("pace_nonce", commands)


def answer_nonce(progress: Progress) -> None:
    """Open the nonce, and send the key of the mapping."""
    _, template, step = progress.answers
    template.require(_DENIED)
    way = _way(progress)
    secret = pace.read_step(step.require(_DENIED), pace.NONCE)
    key = derive_access_key(_key(progress), way.cipher)
    nonce = pace.decrypt_nonce(way.cipher, key, secret)
    private = ec.generate_private_key(way.curve)
    ours = points.encode(way.curve, points.public_point(private))
    progress.notes |= {"nonce": nonce.hex(), "private": points.write_private(private)}
    progress.enter("pace_map", [pace.general_authenticate(pace.MAP_READER, ours)])


def answer_mapping(progress: Progress) -> None:
    """Map the generator, and send a one-time key under it."""
    way, theirs = _way(progress), _point(progress, pace.MAP_CARD)
    nonce = bytes.fromhex(progress.notes.pop("nonce"))
    generator = pace.map_generator(_private(progress), theirs, nonce)
    private = ec.generate_private_key(way.curve)
    ours = points.encode(way.curve, points.multiply(private, generator))
    progress.notes |= {"ours": ours.hex(), "private": points.write_private(private)}
    progress.enter("pace_key", [pace.general_authenticate(pace.KEY_READER, ours)])


def answer_key(progress: Progress) -> None:
    """Agree on the session's keys, and send the proof that we have them."""
    way, theirs = _way(progress), _point(progress, pace.KEY_CARD)
    ours = points.decode(way.curve, bytes.fromhex(progress.notes.pop("ours")))
    keys = pace.agree(way, _private(progress), ours, theirs)
    expected, proof = pace.token(way, keys, ours), pace.token(way, keys, theirs)
    progress.notes |= {"keys": write_keys(keys), "token": expected.hex()}
    progress.enter("pace_token", [pace.general_authenticate(pace.TOKEN_READER, proof)])


def finish(progress: Progress) -> None:
    """Check the card's proof and begin to read under the session's keys."""
    answer = progress.answers[0].require(_DENIED)
    expected = bytes.fromhex(progress.notes.pop("token"))
    if not hmac.compare_digest(pace.read_step(answer, pace.TOKEN_CARD), expected):
        raise EmrtdError(_DENIED, "PACE token")
    progress.channel = Channel(read_keys(progress.notes.pop("keys")))
    is_can = isinstance(_key(progress), Can)
    progress.notes["access"] = "pace-can" if is_can else "pace-mrz"
    contents.begin(progress)


def _way(progress: Progress) -> Protocol:
    oid, parameter_id = progress.notes["way"]
    return pace.protocol(oid, parameter_id)


def _key(progress: Progress) -> AccessKey:
    index: int = progress.notes["key"]
    return progress.plan.access[index]


def _private(progress: Progress) -> ec.EllipticCurvePrivateKey:
    return points.read_private(_way(progress).curve, progress.notes.pop("private"))


def _point(progress: Progress, tag: int) -> Point:
    answer = progress.answers[0].require(_DENIED)
    return points.decode(_way(progress).curve, pace.read_step(answer, tag))
