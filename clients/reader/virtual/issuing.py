"""Issue a folder of cards: one file a card, the CSCA's certificate and its CRL."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from clients.reader.virtual import issuer, personaliser, profiles
from clients.reader.virtual.card import write_card
from clients.reader.virtual.person import Person

CERTIFICATE, REVOCATIONS = "csca.cer", "csca.crl"


def issue_cards(
    people: Sequence[Person], folder: Path, *, now: datetime
) -> tuple[Path, ...]:
    """Write a card for each citizen under a new authority, and return the files.

    The authority's key is not kept: a folder is issued once. Its certificate is written
    last, so that a folder without it was left half done and may be issued again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = issuer.create_authority(now=now)
    signers = {
        kind: issuer.create_signer(authority, kind, now=now)
        for kind in sorted({profile.signer for profile in profiles.DEMO})
    }
    written = []
    for at, person in enumerate(people):
        profile = profiles.DEMO[at % len(profiles.DEMO)]
        card = personaliser.issue(person, profile, signers[profile.signer])
        path = folder / f"{person.number}.card.json"
        write_card(card, path)
        written.append(path)
    revocations = issuer.revocation_list(authority, now=now)
    (folder / REVOCATIONS).write_bytes(revocations.public_bytes(Encoding.DER))
    certificate = authority.certificate.public_bytes(Encoding.DER)
    (folder / CERTIFICATE).write_bytes(certificate)
    return tuple(written)
