"""Every way to spoil a card that the protocol must withstand, each as a chip to read.

Each makes a chip, what the operator trusts, and the reason with which a reading or its
judgement must refuse.
"""

from collections.abc import Callable
from functools import partial

from tests.cards import forged_issuers as issuers
from tests.cards import forged_proofs as proofs
from tests.cards import spoiled_files as files
from tests.cards.forged_proofs import FRAMING, RSA_ONLY, SIGNATURE_ONLY
from tests.cards.people import QUICK
from tests.cards.workshop import Altered

ALTERED: dict[str, Callable[[], Altered]] = {
    **{
        f"DG{number} changed": partial(files.changed_group, number)
        for number in (1, 2, 13, 14, 15)
    },
    "DG13 not in the SOD": partial(files.unlisted, 13),
    "DG14 not in the SOD": partial(files.unlisted, 14),
    "DG15 not in the SOD": partial(files.unlisted, 15),
    "neither DG14 nor DG15 in the SOD": partial(files.unlisted, 14, 15),
    "DG13 in the SOD but not on the card": partial(files.missing, 13),
    "DG14 in the SOD but not on the card": partial(files.missing, 14),
    "DG15 in the SOD but not on the card": partial(files.missing, 15),
    "both keys in the SOD but not on the card": partial(
        files.missing, 14, 15, reason="no_authentication"
    ),
    "another card's SOD": files.another_sod,
    "two holders in one SOD": files.another_holder,
    "a digest twice in the SOD": files.duplicate_digest,
    "a false signature in the SOD": files.signed_by_nobody,
    "other digests under the signature": files.other_content,
    "an expired card": files.expired_card,
    "a SOD with SHA-1": files.weak_hash,
    "own signature key with another's SOD": proofs.own_signature_key,
    "own agreement key with another's SOD": proofs.own_agreement_key,
    "copied to other keys": partial(proofs.copied, QUICK, "ca_failed"),
    "copied to another RSA key": partial(proofs.copied, RSA_ONLY, "aa_failed"),
    "copied to another ECDSA key": partial(proofs.copied, SIGNATURE_ONLY, "aa_failed"),
    "copied without keys": partial(proofs.copied_without_keys, QUICK, "ca_failed"),
    "copied without a signature key": partial(
        proofs.copied_without_keys, SIGNATURE_ONLY, "aa_failed"
    ),
    "an ECDSA signature replayed": partial(proofs.replayed, SIGNATURE_ONLY),
    "an RSA signature replayed": partial(proofs.replayed, RSA_ONLY),
    "no chip key at all": proofs.unproven,
    "an ECDSA signature in DER": proofs.der_signature,
    "an agreement that changes no key": proofs.stubborn,
    "a look-alike CSCA": issuers.look_alike,
    "a look-alike signer": issuers.look_alike_signer,
    "the CSCA's key on another curve": issuers.substituted_curve,
    "the signer's key on another curve": issuers.substituted_signer_curve,
    "a signer certified by a signer": issuers.signer_under_signer,
    "an authority below the CSCA": issuers.authority_for_a_day,
    "an expired signer": issuers.expired_signer,
    "a revoked signer": issuers.revoked_signer,
    "an expired CSCA": issuers.expired_authority,
    "another country's CSCA": issuers.other_country,
    **{
        f"{name}, answer {at}": partial(proofs.spoiled, spoil, at)
        for name, spoil in FRAMING.items()
        for at in (1, 4, -1)
    },
}
