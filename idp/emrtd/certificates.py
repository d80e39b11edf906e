"""Certificates and revocation lists of states (ICAO Doc 9303-12 §7, RFC 5280).

All that is needed later is read at once, so that bytes which cannot be read are
refused here and nowhere else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509

from idp.emrtd.asn1 import reading
from idp.emrtd.countries import alpha_2
from idp.emrtd.curves import PublicKey, load_public_key
from idp.emrtd.errors import EmrtdError
from idp.emrtd.signatures import SignatureAlgorithm, is_signed_by, read_algorithm

MAX_CERTIFICATE_BYTES = 16_384
MAX_CRL_BYTES = 8_388_608

# What we know of when it is marked critical; a documentTypeList is 2.23.136.1.1.6.2.
_KNOWN_EXTENSIONS = frozenset(
    {
        "basic_constraints",
        "key_usage",
        "extended_key_usage",
        "key_identifier",
        "authority_key_identifier",
        "private_key_usage_period",
        "subject_alt_name",
        "issuer_alt_name",
        "crl_distribution_points",
        "certificate_policies",
        "2.23.136.1.1.6.1",
        "2.23.136.1.1.6.2",
    }
)
_KNOWN_CRL_EXTENSIONS = frozenset(
    {"crl_number", "authority_key_identifier", "issuer_alt_name"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name; `key` is equal for other string types and orders too.

    One state's signed files name the issuer's parts in another order than its
    certificates do. Whose key signed is checked by the signature, not by the name.
    """

    key: str
    country: str
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A CSCA's, a document signer's or a list signer's certificate."""

    encoded: bytes
    subject: Name
    issuer: Name
    serial: int
    not_before: datetime
    not_after: datetime
    key_id: bytes | None
    authority_key_id: bytes | None
    is_authority: bool | None
    key_usage: frozenset[str] | None
    purposes: frozenset[str]
    version: int
    public_key: PublicKey = field(compare=False)
    algorithm: SignatureAlgorithm
    signed: bytes = field(repr=False, compare=False)
    signature: bytes = field(repr=False, compare=False)

    @property
    def owner(self) -> Name:
        """Return whose certificate it is."""
        return self.subject

    def is_valid(self, at: datetime) -> bool:
        """Tell whether `at` is within the validity, both ends included."""
        return self.not_before <= at <= self.not_after

    def may(self, usage: str) -> bool:
        """Tell whether the key may be used so; one without a usage may be."""
        return self.key_usage is None or usage in self.key_usage

    @property
    def is_self_signed(self) -> bool:
        """Tell whether its own key made its signature."""
        return self.is_signed_by(self)

    def is_signed_by(self, other: "Certificate") -> bool:
        """Tell whether another certificate's key made this one's signature."""
        return is_signed_by(
            other.public_key,
            self.algorithm,
            message=self.signed,
            signature=self.signature,
        )


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A CRL of a state: which certificates of its issuer are believed no more."""

    encoded: bytes = field(repr=False)
    issuer: Name
    authority_key_id: bytes | None
    this_update: datetime
    next_update: datetime
    serials: frozenset[int] = field(repr=False)
    algorithm: SignatureAlgorithm
    signed: bytes = field(repr=False, compare=False)
    signature: bytes = field(repr=False, compare=False)

    @property
    def owner(self) -> Name:
        """Return whose list it is."""
        return self.issuer

    def is_signed_by(self, authority: Certificate) -> bool:
        """Tell whether a certificate's key made the list's signature."""
        return authority.may("crl_sign") and is_signed_by(
            authority.public_key,
            self.algorithm,
            message=self.signed,
            signature=self.signature,
        )


@lru_cache(maxsize=512)  # one document signer signs very many cards
def parse_certificate(encoded: bytes) -> Certificate:
    """Read a DER certificate."""
    if len(encoded) > MAX_CERTIFICATE_BYTES:
        raise EmrtdError("limit", f"a certificate of {len(encoded)} bytes")
    with reading("a certificate"):
        outer = x509.Certificate.load(encoded, strict=True)
        inner = outer["tbs_certificate"]
        _same_algorithm(inner["signature"], outer["signature_algorithm"])
        extensions = _extensions(inner["extensions"], _KNOWN_EXTENSIONS)
        spki = inner["subject_public_key_info"].dump()
        return Certificate(
            encoded=encoded,
            subject=read_name(inner["subject"]),
            issuer=read_name(inner["issuer"]),
            serial=inner["serial_number"].native,
            not_before=inner["validity"]["not_before"].native,
            not_after=inner["validity"]["not_after"].native,
            key_id=_native(extensions.get("key_identifier")),
            authority_key_id=_authority_key_id(extensions),
            is_authority=_is_authority(extensions.get("basic_constraints")),
            key_usage=_usage(extensions.get("key_usage")),
            purposes=_purposes(extensions.get("extended_key_usage")),
            version=int(inner["version"]) + 1,
            public_key=load_public_key(spki),
            algorithm=read_algorithm(outer["signature_algorithm"]),
            signed=inner.dump(),
            signature=outer["signature_value"].native,
        )


def parse_revocation_list(encoded: bytes) -> RevocationList:
    """Read a DER CRL; partial and indirect ones are refused (RFC 5280 §5.2)."""
    if len(encoded) > MAX_CRL_BYTES:
        raise EmrtdError("limit", f"a revocation list of {len(encoded)} bytes")
    with reading("a revocation list"):
        outer = asn1_crl.CertificateList.load(encoded, strict=True)
        inner = outer["tbs_cert_list"]
        _same_algorithm(inner["signature"], outer["signature_algorithm"])
        extensions = _extensions(inner["crl_extensions"], _KNOWN_CRL_EXTENSIONS)
        next_update = inner["next_update"].native
        if next_update is None:
            raise EmrtdError("malformed", "a revocation list without nextUpdate")
        return RevocationList(
            encoded=encoded,
            issuer=read_name(inner["issuer"]),
            authority_key_id=_authority_key_id(extensions),
            this_update=inner["this_update"].native,
            next_update=next_update,
            serials=_serials(inner["revoked_certificates"]),
            algorithm=read_algorithm(outer["signature_algorithm"]),
            signed=inner.dump(),
            signature=outer["signature"].native,
        )


def read_name(name: Any) -> Name:
    """Read an ASN.1 Name."""
    return _prepared_name(name.dump())


@lru_cache(maxsize=2048)
def _prepared_name(encoded: bytes) -> Name:
    name = x509.Name.load(encoded)
    try:
        key = "\x1e".join(sorted(name.hashable.split("\x1e")))
        text = name.human_friendly
        country = name.native.get("country_name", "")
    except (ValueError, TypeError):  # some states' strings are of no sound type
        return Name(encoded.hex(), "", encoded.hex())
    if not isinstance(country, str):
        raise EmrtdError("malformed", "a name with several countries")
    return Name(key, alpha_2(country), text)


def _extensions(extensions: Any, known: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for extension in extensions:
        name = str(extension["extn_id"].native)
        if extension["critical"].native and name not in known:
            raise EmrtdError("malformed", f"an unknown critical extension {name}")
        if name in found:
            raise EmrtdError("malformed", f"extension {name} is there twice")
        found[name] = extension["extn_value"].parsed
    return found


def _same_algorithm(inner: Any, outer: Any) -> None:
    if inner["algorithm"].dotted != outer["algorithm"].dotted:
        raise EmrtdError("malformed", "two different signature algorithms")


def _native(value: Any) -> Any:
    return None if value is None else value.native


def _authority_key_id(extensions: dict[str, Any]) -> bytes | None:
    value = extensions.get("authority_key_identifier")
    return None if value is None else value["key_identifier"].native


def _is_authority(value: Any) -> bool | None:
    return None if value is None else bool(value["ca"].native)


def _usage(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(value.native)


def _purposes(value: Any) -> frozenset[str]:
    return frozenset() if value is None else frozenset(item.dotted for item in value)


def _serials(revoked: Any) -> frozenset[int]:
    serials = set()
    for entry in revoked:
        _extensions(entry["crl_entry_extensions"], {"crl_reason", "invalidity_date"})
        serials.add(entry["user_certificate"].native)
    return frozenset(serials)
