"""Where cards are made part by part, so that one part can be another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from clients.reader.virtual import document_signer, issuer, personaliser
from clients.reader.virtual.card import Access, Card
from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.document_signer import DocumentSigner
from clients.reader.virtual.issuer import Authority
from clients.reader.virtual.person import Person
from clients.reader.virtual.personaliser import ChipKeys
from clients.reader.virtual.profiles import Profile
from tests.cards.people import AN, NOW, QUICK, authority


@dataclass(frozen=True)
class Altered:
    """A spoiled card on a reader, and how it must end."""

    chip: VirtualChip
    access: Access
    trusted: tuple[bytes, ...]
    reason: str
    reads_portrait: bool = False


@dataclass(frozen=True)
class Workshop:
    """What a card is made of, before it is put together."""

    authority: Authority
    signer: DocumentSigner
    profile: Profile
    person: Person
    keys: ChipKeys
    files: dict[int, bytes]

    def digests(
        self, files: Mapping[int, bytes] | None = None
    ) -> tuple[tuple[int, bytes], ...]:
        """Return the digests that an issuer signs."""
        return document_signer.digests(files or self.files, self.profile.digest)

    def sod(
        self,
        files: Mapping[int, bytes] | None = None,
        *,
        hashed: Sequence[tuple[int, bytes]] | None = None,
        certificates: Sequence[bytes] | None = None,
    ) -> bytes:
        """Return EF.SOD over these files, over a list, or with more certificates."""
        digest = self.profile.digest
        content = document_signer.security_object(
            hashed or self.digests(files), digest=digest, version=1
        )
        return document_signer.sign(
            content, self.signer, digest=digest, certificates=certificates
        )

    def card(
        self,
        *,
        files: Mapping[int, bytes] | None = None,
        sod: bytes | None = None,
        keys: ChipKeys | None = None,
    ) -> Card:
        """Return a card of these parts, the rest as they were made."""
        return personaliser.assemble(
            self.person,
            self.profile,
            keys or self.keys,
            dict(files or self.files),
            sod or self.sod(),
        )

    def refused(self, card: Card, reason: str, **more: object) -> Altered:
        """Return an ordinary chip of a card, which must be refused."""
        trusted = (der(self.authority.certificate),)
        values = {"chip": VirtualChip(card), "trusted": trusted, **more}
        return Altered(access=card.access, reason=reason, **values)


def der(signed: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """Return a certificate or a revocation list as it is imported."""
    return signed.public_bytes(Encoding.DER)


def workshop(
    profile: Profile = QUICK,
    person: Person = AN,
    *,
    by: Authority | None = None,
    signer: DocumentSigner | None = None,
) -> Workshop:
    """Return a workshop with new keys."""
    by = by or authority()
    signer = signer or issuer.create_signer(by, profile.signer, now=NOW)
    keys = personaliser.generate_keys(profile)
    files = personaliser.data_groups(person, profile, keys)
    return Workshop(by, signer, profile, person, keys, files)
