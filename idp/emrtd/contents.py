"""The later stages of a reading: heads, public files, the chip's proofs, the person.

Before Chip Authentication nothing of a person is read: of the personal files only the
head, tag and length, which the sizes of the ciphertexts tell anyway.
"""

from collections.abc import Callable, Iterable

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.emrtd import active_authentication, card_files, points
from idp.emrtd import chip_authentication as chip
from idp.emrtd.apdu import SUCCESS, Command
from idp.emrtd.chip_authentication import ChipAuthenticationProof
from idp.emrtd.com import parse_com
from idp.emrtd.errors import EmrtdError
from idp.emrtd.evidence import Evidence
from idp.emrtd.kdf import Cipher
from idp.emrtd.lds import COM, DATA_GROUPS, PORTRAIT, SOD, ElementaryFile
from idp.emrtd.progress import Progress, read_keys, write_keys
from idp.emrtd.secure_messaging import Channel
from idp.emrtd.security_infos import (
    ChipAuthenticationKey,
    ChipSecurity,
    parse_dg14,
    parse_dg15,
)

Challenge = Callable[[bytes], bytes]

READY = "ready"  # the chip has shown its key, or has none
PERSON = "person"

SELECT_APPLICATION = Command(
    0x00, 0xA4, 0x04, 0x0C, data=bytes.fromhex("A0000002471001")
)
_MRZ, _DETAILS, _CHIP_KEYS, _SIGNING_KEY = 1, 13, 14, 15
_PUBLIC = (COM, SOD, DATA_GROUPS[_CHIP_KEYS], DATA_GROUPS[_SIGNING_KEY])


def begin(progress: Progress) -> None:
    """Ask for the head of every file; after PACE the application is selected first."""
    progress.notes["sizes"] = {}
    first = [SELECT_APPLICATION] if progress.notes["access"] != "bac" else []
    wanted = (*_PUBLIC, *_personal(progress))
    progress.enter("heads", first + card_files.head_commands(wanted))


def finish_heads(progress: Progress) -> None:
    """Learn which files there are and how long, and ask for the public ones."""
    answers = iter(progress.answers)
    if progress.notes["access"] != "bac":
        next(answers).require()
    card_files.take_heads(progress, (*_PUBLIC, *_personal(progress)), answers)
    for file in (COM, SOD, DATA_GROUPS[_MRZ]):
        if file.name not in progress.files:
            raise EmrtdError("dg_missing", file.name)
    progress.enter("public", card_files.rest_commands(progress, _PUBLIC))


def finish_public(progress: Progress) -> None:
    """Begin Chip Authentication if the card has it, else turn to the person."""
    card_files.take_rest(progress, _PUBLIC, iter(progress.answers))
    for number in parse_com(progress.files[COM.name]).data_groups:
        if number in {_DETAILS, _CHIP_KEYS, _SIGNING_KEY} and not _has(
            progress, number
        ):
            raise EmrtdError("dg_missing", f"EF.COM has DG{number}, the card has not")
    key = _chip_key(progress)
    if key is not None:
        _begin_chip_authentication(progress, key, is_old=key.is_inferred)
    elif not _has(progress, _SIGNING_KEY):
        raise EmrtdError("no_authentication", "neither DG14 with a key nor DG15")
    else:
        progress.enter(READY, [])


def finish_chip_authentication(progress: Progress) -> None:
    """Turn to the new session; chips of Triple-DES may know the old command alone."""
    template, *agreement = progress.answers
    keys = read_keys(progress.notes["chip_keys"])
    is_refused = template.status != SUCCESS and bool(agreement)
    if is_refused and keys.cipher is Cipher.TRIPLE_DES and (key := _chip_key(progress)):
        _begin_chip_authentication(progress, key, is_old=True)
        return
    for answer in progress.answers:
        answer.require("ca_failed")
    progress.channel = Channel(keys)
    progress.enter(READY, [])


def begin_person(progress: Progress, challenge: Challenge) -> None:
    """Ask for the personal files, and for a signature over the caller's challenge."""
    commands = card_files.rest_commands(progress, _personal(progress))
    if _has(progress, _SIGNING_KEY):
        proof = progress.notes.get("chip_authentication")
        nonce = challenge(bytes.fromhex(proof["public_key"]) if proof else b"")
        progress.notes["challenge"] = nonce.hex()
        is_long = _is_long_signature(progress)
        commands.append(
            active_authentication.internal_authenticate(nonce, is_long=is_long)
        )
    progress.enter(PERSON, commands)


def finish_person(progress: Progress) -> Evidence:
    """Return all that was read."""
    answers = iter(progress.answers)
    card_files.take_rest(progress, _personal(progress), answers)
    signed = None
    if _has(progress, _SIGNING_KEY):
        signature = next(answers).require("aa_failed")
        signed = bytes.fromhex(progress.notes["challenge"]), signature
    proof = progress.notes.get("chip_authentication")
    return Evidence(
        files={
            number: progress.files[file.name]
            for number, file in DATA_GROUPS.items()
            if file.name in progress.files
        },
        com=progress.files[COM.name],
        sod=progress.files[SOD.name],
        access=progress.notes["access"],
        chip_authentication=proof and ChipAuthenticationProof.from_json(proof),
        active_authentication=signed,
        round_trips=progress.round_trips,
        apdus=progress.apdus,
    )


def _begin_chip_authentication(
    progress: Progress, key: ChipAuthenticationKey, *, is_old: bool
) -> None:
    private = ec.generate_private_key(key.curve)
    ours = points.encode(key.curve, points.public_point(private))
    theirs = points.public_point(key.public_key)
    keys = chip.session_keys(key.oid, private, theirs)
    proof = ChipAuthenticationProof(key.oid, ours, points.encode(key.curve, theirs))
    progress.notes |= {
        "chip_keys": write_keys(keys),
        "chip_authentication": proof.to_json(),
    }
    commands = (
        [chip.set_key_agreement_template(key, ours)]
        if is_old
        else [chip.set_authentication_template(key), chip.general_authenticate(ours)]
    )
    progress.enter("chip_authentication", commands)


def _chip_key(progress: Progress) -> ChipAuthenticationKey | None:
    if not _has(progress, _CHIP_KEYS):
        return None
    security = parse_dg14(progress.files[DATA_GROUPS[_CHIP_KEYS].name])
    _check_card_access(progress, security)
    return chip.choose(security)


def _check_card_access(progress: Progress, security: ChipSecurity) -> None:
    """Hold what unsigned EF.CardAccess said to the signed DG14 (§4.4.5)."""
    if progress.notes["access"] == "bac" or not security.pace:
        return
    signed = [[info.oid, info.parameter_id] for info in security.pace]
    if progress.notes["way"] not in signed:
        raise EmrtdError("card_access_changed", "DG14 has another way of PACE")


def _is_long_signature(progress: Progress) -> bool:
    """Tell whether an RSA signature is too long for a protected short answer."""
    key = parse_dg15(progress.files[DATA_GROUPS[_SIGNING_KEY].name])
    is_long = isinstance(key, rsa.RSAPublicKey) and key.key_size > 8 * progress.room()
    return is_long and progress.plan.extended_length


def _personal(progress: Progress) -> Iterable[ElementaryFile]:
    portrait = (PORTRAIT,) if progress.plan.read_portrait else ()
    return tuple(DATA_GROUPS[number] for number in (_MRZ, _DETAILS, *portrait))


def _has(progress: Progress, number: int) -> bool:
    return DATA_GROUPS[number].name in progress.files
