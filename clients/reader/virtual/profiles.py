"""The kinds of cards: which keys, which ways of access, which form of EF.SOD."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd.kdf import Cipher

CHIP_AUTHENTICATION = "0.4.0.127.0.7.2.2.3.2"  # id-CA-ECDH: BSI TR-03110-3 A.1.1.2
PACE = "0.4.0.127.0.7.2.2.4.2"  # id-PACE-ECDH-GM: ICAO Doc 9303-11 §9.2.3
CURVES: dict[str, ec.EllipticCurve] = {
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "secp256r1": ec.SECP256R1(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of card; the defaults are the commonest."""

    active: str | None = "rsa"  # or ecdsa
    agreement: Cipher | None = Cipher.AES_128  # of Chip Authentication
    names_agreement: bool = True  # whether DG14 says which cipher
    curve: str = "brainpoolP256r1"  # of the card's own keys
    pace: Cipher | None = None
    lds_version: int = 1
    digest: str = "sha256"
    signer: str = "ecdsa"  # ecdsa, rsa, rsa-pss
    portrait: bool = True


# What the demo's cards take in turn: each way of access with each kind of key.
DEMO = (
    Profile(active="rsa", agreement=Cipher.TRIPLE_DES),
    Profile(
        active="ecdsa", agreement=Cipher.AES_128, pace=Cipher.AES_128, signer="rsa-pss"
    ),
    Profile(
        active="rsa", agreement=Cipher.AES_256, pace=Cipher.AES_256, digest="sha512"
    ),
    Profile(active="ecdsa", agreement=Cipher.TRIPLE_DES, lds_version=0, signer="rsa"),
)
