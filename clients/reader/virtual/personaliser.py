"""Lay down a citizen's card: keys of its own, files, the signature over them."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from clients.reader.virtual import (
    document_signer,
    groups,
    key_groups,
    machine_zone,
    portrait,
)
from clients.reader.virtual.card import (
    CARD_ACCESS,
    COM,
    SOD,
    Access,
    Card,
    Holder,
    Keys,
)
from clients.reader.virtual.document_signer import DocumentSigner
from clients.reader.virtual.person import Person
from clients.reader.virtual.profiles import CURVES, Profile


@dataclass(frozen=True, slots=True)
class ChipKeys:
    """The two private keys that never leave a chip."""

    active: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None
    agreement: ec.EllipticCurvePrivateKey | None


def issue(person: Person, profile: Profile, signer: DocumentSigner) -> Card:
    """Return a citizen's new card of one kind, signed by a document signer."""
    keys = generate_keys(profile)
    files = data_groups(person, profile, keys)
    return assemble(person, profile, keys, files, signed(files, profile, signer))


def generate_keys(profile: Profile) -> ChipKeys:
    """Return a new chip's keys."""
    curve = CURVES[profile.curve]
    active: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None
    if profile.active == "ecdsa":
        active = ec.generate_private_key(curve)
    elif profile.active:
        active = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    agreement = ec.generate_private_key(curve) if profile.agreement else None
    return ChipKeys(active, agreement)


def data_groups(person: Person, profile: Profile, keys: ChipKeys) -> dict[int, bytes]:
    """Return the data groups by their numbers."""
    files = {1: groups.data_group_1(person), 13: groups.data_group_13(person)}
    if profile.portrait:
        files[2] = groups.data_group_2(portrait.draw(person.number))
    chip_key = keys.agreement.public_key() if keys.agreement else None
    infos = key_groups.data_group_14(profile, chip_key)
    if infos:
        files[14] = infos
    if keys.active:
        files[15] = key_groups.data_group_15(keys.active.public_key())
    return dict(sorted(files.items()))


def signed(files: dict[int, bytes], profile: Profile, signer: DocumentSigner) -> bytes:
    """Return EF.SOD over the data groups."""
    content = document_signer.security_object(
        document_signer.digests(files, profile.digest),
        digest=profile.digest,
        version=profile.lds_version,
    )
    return document_signer.sign(content, signer, digest=profile.digest)


def assemble(
    person: Person,
    profile: Profile,
    keys: ChipKeys,
    files: dict[int, bytes],
    sod: bytes,
) -> Card:
    """Return a card of files and keys that are made already."""
    named = {COM: groups.common(tuple(files)), SOD: sod}
    card_access = key_groups.card_access(profile)
    if card_access:
        named[CARD_ACCESS] = card_access
    return Card(
        access=Access(
            document_number=person.number[-9:],
            birth_date=machine_zone.birth(person.birth_date),
            expiry_date=machine_zone.expiry(person.expires_on),
            can=person.number[-6:],
        ),
        files=named | {str(number): content for number, content in files.items()},
        keys=Keys(aa=_pem(keys.active), ca=_pem(keys.agreement)),
        holder=Holder(person.number, person.name),
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None) -> str | None:
    if key is None:
        return None
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode("ascii")
