"""Signatures over cards that no believed authority stands behind."""

from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from clients.reader.virtual import issuer
from clients.reader.virtual.issuer import Authority, Validity
from tests.cards.curve_substitution import forger, reissue
from tests.cards.people import NOW, authority
from tests.cards.workshop import Altered, der, workshop


def look_alike() -> Altered:
    """Sign under an authority of the same name, and bring that authority along."""
    shop, true = workshop(), authority()
    along = (der(shop.signer.certificate), der(shop.authority.certificate))
    card = shop.card(sod=shop.sod(certificates=along))
    return shop.refused(card, "untrusted_issuer", trusted=(der(true.certificate),))


def look_alike_signer() -> Altered:
    """Copy the very certificate of a true signer, key identifiers and all."""
    true, false = authority(), authority()
    signer = issuer.create_signer(true, "ecdsa", now=NOW)

    def sign(content: bytes) -> bytes:
        return false.key.sign(content, ec.ECDSA(issuer.HASH))

    copied = x509.load_der_x509_certificate(reissue(signer.certificate, sign))
    shop = workshop(by=true, signer=replace(signer, certificate=copied))
    return shop.refused(shop.card(), "untrusted_issuer")


def authority_for_a_day() -> Altered:
    """Have the CSCA certify a signer that may certify, against its path length."""
    true = authority()
    below = issuer.create_authority(now=NOW)

    def sign(content: bytes) -> bytes:
        return true.key.sign(content, ec.ECDSA(issuer.HASH))

    middle = x509.load_der_x509_certificate(reissue(below.certificate, sign))
    shop = workshop(by=Authority(middle, below.key))
    along = (der(shop.signer.certificate), der(middle))
    card = shop.card(sod=shop.sod(certificates=along))
    return shop.refused(card, "untrusted_issuer", trusted=(der(true.certificate),))


def substituted_curve() -> Altered:
    """Sign as the trusted CSCA under another generator, and bring that CSCA along."""
    true = authority()
    signer = issuer.create_signer(true, "ecdsa", now=NOW)
    attacker = forger(true.key.public_key())
    certificate = reissue(signer.certificate, attacker.sign)
    false = reissue(true.certificate, attacker.sign, spki=attacker.spki())
    forged = replace(signer, certificate=x509.load_der_x509_certificate(certificate))
    shop = workshop(by=true, signer=forged)
    sod = shop.sod(certificates=(certificate, false))
    return shop.refused(shop.card(sod=sod), "untrusted_issuer")


def substituted_signer_curve() -> Altered:
    """Have the CSCA certify a signer's key whose curve has another generator."""
    true = authority()
    signer = issuer.create_signer(true, "ecdsa", now=NOW)
    attacker = forger(signer.key.public_key())

    def sign(content: bytes) -> bytes:
        return true.key.sign(content, ec.ECDSA(issuer.HASH))

    certificate = reissue(signer.certificate, sign, spki=attacker.spki())
    forged = replace(signer, certificate=x509.load_der_x509_certificate(certificate))
    shop = workshop(by=true, signer=forged)
    return shop.refused(shop.card(), "unknown_curve")


def signer_under_signer() -> Altered:
    """Have a document signer certify another one."""
    by = authority()
    first = issuer.create_signer(by, "ecdsa", now=NOW)
    second = issuer.create_signer(
        Authority(first.certificate, first.key), "ecdsa", now=NOW
    )
    shop = workshop(by=by, signer=second)
    both = (der(first.certificate), der(second.certificate))
    sod = shop.sod(certificates=both)
    return shop.refused(shop.card(sod=sod), "untrusted_issuer")


def expired_signer() -> Altered:
    """Sign with a key whose certificate ended yesterday."""
    by = authority()
    gone = Validity(NOW - timedelta(days=900), NOW - timedelta(days=1))
    signer = issuer.create_signer(by, "ecdsa", now=NOW, validity=gone)
    shop = workshop(by=by, signer=signer)
    return shop.refused(shop.card(), "ds_expired")


def revoked_signer() -> Altered:
    """Sign with a key that the authority has revoked."""
    shop = workshop()
    revoked = (shop.signer.certificate,)
    revocations = issuer.revocation_list(shop.authority, revoked, now=NOW)
    trusted = (der(shop.authority.certificate), der(revocations))
    return shop.refused(shop.card(), "ds_revoked", trusted=trusted)


def expired_authority() -> Altered:
    """Sign under an authority whose time is over."""
    old = issuer.create_authority(now=NOW - timedelta(days=365 * 20))
    shop = workshop(by=old)
    return shop.refused(shop.card(), "csca_expired")


def other_country() -> Altered:
    """Sign under another country's authority, which is trusted too."""
    shop = workshop(by=authority("LA"))
    trusted = (der(shop.authority.certificate), der(authority().certificate))
    return shop.refused(shop.card(), "wrong_country", trusted=trusted)
