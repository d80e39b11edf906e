"""What states publish to be trusted: CSCA certificates, revocation and master lists.

What cannot be used is named with the reason; what is taken can be believed at once.
"""

from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import x509

from idp.emrtd import tlv
from idp.emrtd.asn1 import reading
from idp.emrtd.certificates import (
    Certificate,
    RevocationList,
    parse_certificate,
    parse_revocation_list,
)
from idp.emrtd.errors import EmrtdError
from idp.emrtd.master_list import (
    MAX_FILE_BYTES,
    MAX_ITEMS,
    is_signed_data,
    open_master_list,
)
from idp.emrtd.signatures import is_strong
from idp.emrtd.trust import Policy, TrustStore, may_issue

_PEM_BEGINS, _PEM_ENDS = b"-----BEGIN ", b"-----END "

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be used, and why."""

    subject: str
    reason: str


@dataclass(slots=True)
class Loaded:
    """What a file gave; `remarks` say how far a master list's signer was followed.

    Of the certificates, the `vouched` ones are believed on a list's or the operator's
    word, the others by their own signature or a predecessor's.
    """

    certificates: list[Certificate] = field(default_factory=list)
    vouched: list[Certificate] = field(default_factory=list)
    lists: list[RevocationList] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def refuse(self, subject: str, reason: str) -> None:
        """Note what could not be used."""
        self.problems.append(Problem(subject, reason))


def load_items(
    data: bytes,
    *,
    known: TrustStore,
    now: datetime,
    progress: Progress | None = None,
) -> Loaded:
    """Read a file of certificates and revocation lists, or one master list.

    `known` is what is trusted already. A link certificate that no CSCA here or there
    signed is taken on the word of whoever imports it, as a self-signed one is.
    """
    loaded = Loaded()
    try:
        parts = _parts(data)
        if is_signed_data(parts[0]):
            master_list = open_master_list(parts[0], known=known, now=now)
            parts = list(master_list.certificates)
            loaded.remarks.append(master_list.remark)
    except EmrtdError as refused:
        loaded.refuse("the file", str(refused))
        return loaded
    certificates = list[Certificate]()
    for done, part in enumerate(parts, start=1):
        _read(part, f"item {done}", certificates, loaded)
        if progress is not None:
            progress(done, len(parts))
    _sort_certificates(certificates, loaded, known=known, now=now)
    _check_lists(loaded, known=known, now=now)
    return loaded


def _parts(data: bytes) -> list[bytes]:
    """Return the DER parts of a file, which may be PEM."""
    if len(data) > MAX_FILE_BYTES:
        raise EmrtdError("limit", f"more than {MAX_FILE_BYTES} bytes")
    if data[:1] == bytes([tlv.SEQUENCE]):
        return [data]
    blocks = data.split(_PEM_BEGINS)[1 : MAX_ITEMS + 1]
    bodies = [block.partition(_PEM_ENDS)[0].partition(b"-----")[2] for block in blocks]
    if not bodies:
        raise EmrtdError("malformed", "neither DER nor PEM")
    with reading("PEM"):
        return [b64decode(body) for body in bodies]


def _read(
    part: bytes, place: str, certificates: list[Certificate], loaded: Loaded
) -> None:
    try:
        certificates.append(parse_certificate(part))
    except EmrtdError as not_certificate:
        try:
            loaded.lists.append(parse_revocation_list(part))
        except EmrtdError as not_list:
            looks = not_list if _is_list(part) else not_certificate
            loaded.refuse(_named(part, place), str(looks))


def _is_list(part: bytes) -> bool:
    """Tell a revocation list: its second member is an AlgorithmIdentifier's SEQUENCE.

    A certificate's is its serial number, or stands behind an explicit version.
    """
    try:
        inner = tlv.parse(part, max_size=MAX_FILE_BYTES).children[0].children
    except (EmrtdError, IndexError):
        return False
    return [node.tag for node in inner[:3]].count(tlv.SEQUENCE) == 2


def _named(part: bytes, place: str) -> str:
    """Return an unusable certificate's subject, so that it can be found again."""
    try:
        with reading("a certificate"):
            certificate = x509.Certificate.load(part)
            return str(certificate.subject.human_friendly)
    except EmrtdError:
        return place


def _sort_certificates(
    certificates: Collection[Certificate],
    loaded: Loaded,
    *,
    known: TrustStore,
    now: datetime,
) -> None:
    links = []
    for certificate in dict.fromkeys(certificates):
        reason = _unusable(certificate)
        if reason is not None:
            loaded.refuse(certificate.subject.text, reason)
        elif certificate.is_self_signed:
            loaded.certificates.append(certificate)
        elif _claims_own_signature(certificate):
            loaded.refuse(certificate.subject.text, "its own signature is wrong")
        else:
            links.append(certificate)
    expired = sum(item.not_after < now for item in certificates)
    if expired:
        loaded.remarks.append(f"{expired} expired: no card is believed through them")
    store = known.extended((*loaded.certificates, *links))
    for link in links:
        policy = Policy(link.subject.country, allow_sha1=True)
        if link in store.authorities(policy):
            loaded.certificates.append(link)
        else:
            loaded.vouched.append(link)
    if loaded.vouched:
        loaded.remarks.append(
            f"{len(loaded.vouched)} link certificates without their predecessor: "
            "believed on your word"
        )


def _unusable(certificate: Certificate) -> str | None:
    if not certificate.subject.country:
        return "it names no country"
    if not may_issue(certificate):
        return "by its own extensions it may issue nothing"
    if not is_strong(certificate.public_key):
        return "its key is too short"
    return None


def _claims_own_signature(certificate: Certificate) -> bool:
    by_itself = certificate.authority_key_id in {None, certificate.key_id}
    return by_itself and certificate.subject == certificate.issuer


def _check_lists(loaded: Loaded, *, known: TrustStore, now: datetime) -> None:
    """Keep the revocation lists that a CSCA signed and that are of today."""
    store = known.extended(loaded.certificates, vouched=loaded.vouched)
    good = []
    for crl in loaded.lists:
        policy = Policy(crl.issuer.country, allow_sha1=True)
        name = f"revocation list of {crl.issuer.text}"
        if not any(map(crl.is_signed_by, store.authorities(policy))):
            loaded.refuse(name, "no CSCA here has signed it")
        elif crl.next_update < now:
            loaded.refuse(name, f"outdated since {crl.next_update:%Y-%m-%d}")
        else:
            good.append(crl)
    loaded.lists = good
