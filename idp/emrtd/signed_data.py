"""CMS SignedData of files and lists: content, signers, attributes (RFC 5652 §5).

`signers` yields each signer whose signature covers the content; whether the signer's
certificate is believed is the trust store's question.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms

from idp.emrtd import tlv
from idp.emrtd.asn1 import reading
from idp.emrtd.certificates import Certificate, parse_certificate, read_name
from idp.emrtd.errors import EmrtdError
from idp.emrtd.signatures import (
    digest,
    is_signed_by,
    read_algorithm,
    require_hash,
    require_strength,
)

_MAX_SIGNERS = 8
_MAX_CERTIFICATES = 16
_ATTRIBUTES_TAG = 0xA0  # signedAttrs [0] IMPLICIT SET OF, signed as a SET (§5.4)


@dataclass(frozen=True, slots=True)
class Signer:
    """A signer whose signature was found good, and when it says that it signed."""

    certificate: Certificate
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedContent:
    """The content of a SignedData and what is claimed about it."""

    content_type: str
    content: bytes
    certificates: tuple[Certificate, ...]
    unverified_signers: tuple[Any, ...]

    def signers(self, *, allow_sha1: bool) -> Iterator[Signer]:
        """Yield every signer whose signature is good; refuse if there is none."""
        refused: EmrtdError | None = None
        found = False
        for info in self.unverified_signers:
            try:
                signer = _verify(self, info, allow_sha1=allow_sha1)
            except EmrtdError as error:
                refused = refused or error
            else:
                found = True
                yield signer
        if not found:
            raise refused or EmrtdError("sod_signature", "nobody signed")


def parse_signed_data(encoded: bytes) -> SignedContent:
    """Read a DER or BER ContentInfo that holds SignedData."""
    with reading("SignedData"):
        outer = cms.ContentInfo.load(encoded, strict=True)
        if outer["content_type"].native != "signed_data":
            raise EmrtdError("malformed", "not SignedData")
        data = outer["content"]
        inner = data["encap_content_info"]
        signers = tuple(data["signer_infos"])
        if len(signers) > _MAX_SIGNERS:
            raise EmrtdError("limit", f"{len(signers)} signers")
        return SignedContent(
            content_type=inner["content_type"].dotted,
            content=_octets(inner["content"]),
            certificates=_certificates(data["certificates"]),
            unverified_signers=signers,
        )


def _octets(content: Any) -> bytes:
    value = content.native if isinstance(content.native, bytes) else bytes(content)
    if not value:
        raise EmrtdError("malformed", "SignedData without content")
    return value


def _certificates(choices: Any) -> tuple[Certificate, ...]:
    """Return the certificates that can be read; the signer's may be any of them."""
    if len(choices) > _MAX_CERTIFICATES:
        raise EmrtdError("limit", f"{len(choices)} certificates")
    found, refused = [], None
    for choice in choices:
        if choice.name != "certificate":
            continue
        try:
            found.append(parse_certificate(choice.chosen.dump()))
        except EmrtdError as error:
            refused = refused or error
    if not found:
        raise refused or EmrtdError("malformed", "SignedData without certificate")
    return tuple(found)


def _verify(content: SignedContent, info: Any, *, allow_sha1: bool) -> Signer:
    with reading("a signer"):
        hash_name = require_hash(info["digest_algorithm"]["algorithm"].native)
        algorithm = read_algorithm(info["signature_algorithm"], digest=hash_name)
        for name in (hash_name, algorithm.hash, algorithm.mask_hash or algorithm.hash):
            require_strength(name, allow_sha1=allow_sha1)
        signed_at = _check_attributes(content, info, hash_name)
        signature = info["signature"].native
        messages = _signed_bytes(info["signed_attrs"].dump())
        candidates = _identified(content.certificates, info["sid"])
    for certificate in candidates:
        for message in messages:
            if is_signed_by(
                certificate.public_key, algorithm, message=message, signature=signature
            ):
                return Signer(certificate, signed_at)
    raise EmrtdError("sod_signature", "the signature is wrong")


def _check_attributes(
    content: SignedContent, info: Any, hash_name: str
) -> datetime | None:
    """Compare what was signed with the content (§5.3, §11); return the signing time."""
    attributes: dict[str, Any] = {}
    for attribute in info["signed_attrs"]:
        name = str(attribute["type"].native)
        if name in attributes or len(attribute["values"]) != 1:
            raise EmrtdError("malformed", f"signed attribute {name} is there twice")
        attributes[name] = attribute["values"][0]
    if not {"content_type", "message_digest"} <= attributes.keys():
        raise EmrtdError("sod_signature", "content type or digest is not signed")
    if attributes["content_type"].dotted != content.content_type:
        raise EmrtdError("sod_signature", "another content type is signed")
    if attributes["message_digest"].native != digest(hash_name, content.content):
        raise EmrtdError("sod_signature", "other content is signed")
    signing_time = attributes.get("signing_time")
    return None if signing_time is None else _aware(signing_time.native)


def _aware(moment: Any) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise EmrtdError("malformed", "a signing time")
    return moment


def _signed_bytes(attributes: bytes) -> tuple[bytes, ...]:
    """Return the SET as it stands and in DER order, which should be the same (§5.4)."""
    node = tlv.parse(attributes).expect(_ATTRIBUTES_TAG)
    header = tlv.read_header(attributes)
    as_it_stands = bytes([tlv.SET]) + attributes[1 : header.size] + node.value
    members = b"".join(sorted(child.encoded for child in node.children))
    ordered = tlv.encode(tlv.SET, members)
    return (as_it_stands,) if ordered == as_it_stands else (as_it_stands, ordered)


def _identified(
    certificates: tuple[Certificate, ...], identifier: Any
) -> list[Certificate]:
    """Return whom a SignerIdentifier may mean (§5.3), by name or by key."""
    if identifier.name == "issuer_and_serial_number":
        chosen = identifier.chosen
        issuer, serial = read_name(chosen["issuer"]), chosen["serial_number"].native
        found = [
            certificate
            for certificate in certificates
            if certificate.serial == serial and certificate.issuer == issuer
        ]
    else:
        key_id = identifier.chosen.native
        found = [
            certificate
            for certificate in certificates
            if certificate.key_id in {key_id, None}
        ]
    if not found:
        raise EmrtdError("sod_signature", "the signer's certificate is not included")
    return found
