"""Master lists: CSCA certificates of many states, signed by one of them.

ICAO Doc 9303-12 §8. The list's signature is checked, and its signer's chain as far as
there is a CSCA for it: among what is trusted already, else in the list itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from idp.emrtd import tlv
from idp.emrtd.certificates import Certificate, parse_certificate
from idp.emrtd.errors import EmrtdError
from idp.emrtd.signed_data import SignedContent, parse_signed_data
from idp.emrtd.trust import Policy, TrustStore, may_issue

MAX_FILE_BYTES = 33_554_432
MAX_ITEMS = 5_000
_MASTER_LIST = "2.23.136.1.1.2"
_MASTER_LIST_SIGNER = "2.23.136.1.1.3"


@dataclass(frozen=True, slots=True)
class MasterList:
    """The certificates as they stand in the list, and how far its signer is known."""

    certificates: tuple[bytes, ...]
    remark: str


def is_signed_data(data: bytes) -> bool:
    """Tell whether a file is CMS: it begins with the OID of its content."""
    outer = tlv.parse(data, max_size=MAX_FILE_BYTES).expect(tlv.SEQUENCE).children
    return bool(outer) and outer[0].tag == tlv.OBJECT_IDENTIFIER


def open_master_list(data: bytes, *, known: TrustStore, now: datetime) -> MasterList:
    """Check a master list's signature and return what it lists."""
    content = parse_signed_data(data)
    if content.content_type != _MASTER_LIST:
        raise EmrtdError("malformed", "SignedData that is no master list")
    signer = next(content.signers(allow_sha1=False)).certificate
    if signer.purposes and _MASTER_LIST_SIGNER not in signer.purposes:
        raise EmrtdError("untrusted_issuer", "the signer may not sign master lists")
    # CscaMasterList: a version and a SET of certificates (Doc 9303-12 §8.1.2)
    stated = tlv.parse(content.content, max_size=MAX_FILE_BYTES).require(tlv.SET)
    listed = [certificate.encoded for certificate in stated.children]
    if len(listed) > MAX_ITEMS:
        raise EmrtdError("limit", f"{len(listed)} certificates")
    remark = _follow(signer, content, listed, known=known, now=now)
    return MasterList(tuple(listed), remark)


def _follow(
    signer: Certificate,
    content: SignedContent,
    listed: list[bytes],
    *,
    known: TrustStore,
    now: datetime,
) -> str:
    """Say how far a list's signer can be followed."""
    name = f"signed by {signer.subject.text}"
    if not signer.is_valid(now):
        name += f" (valid until {signer.not_after:%Y-%m-%d})"
    policy = Policy(signer.issuer.country, allow_sha1=True)
    if any(signer.is_signed_by(issuer) for issuer in known.authorities(policy)):
        return f"{name}, whose CSCA was trusted before"
    if any(map(signer.is_signed_by, _issuers_of(signer, content, listed))):
        return f"{name}, whose CSCA is in the list itself: believed on your word"
    return f"{name}, whose CSCA is not at hand: believed on your word"


def _issuers_of(
    signer: Certificate, content: SignedContent, listed: list[bytes]
) -> Iterator[Certificate]:
    yield from filter(may_issue, content.certificates)
    for encoded in listed:
        try:
            certificate = parse_certificate(encoded)
        except EmrtdError:
            continue  # it is reported when it is its turn
        if certificate.subject == signer.issuer and may_issue(certificate):
            yield certificate
