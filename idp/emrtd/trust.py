"""Whose signatures on cards are believed: CSCA certificates and revocation lists.

A self-signed certificate is in the store because its operator trusts it. A link
certificate is believed through the CSCA that signed it (ICAO Doc 9303-12 §7.1), unless
a signed master list or the operator vouches for it. Only the asked country counts.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from idp.emrtd.certificates import Certificate, RevocationList
from idp.emrtd.countries import alpha_2
from idp.emrtd.errors import EmrtdError
from idp.emrtd.signatures import require_strength

TrustItem = Certificate | RevocationList

_MAX_LINKS = 8
_MAX_REMEMBERED = 2_048
_SIGNED_BY_ICAO_ARC = "2.23.136."


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose cards are believed, how weak, and when certificates must be valid.

    `country` is the issuing state in two or three letters. `judged_at` is `now`, or
    `signing` for archives: the moment that the file says it was signed at, or else the
    document signer's first day.
    """

    country: str
    allow_sha1: bool = False
    judged_at: str = "now"

    @property
    def state(self) -> str:
        """Return the country as certificates write it."""
        return alpha_2(self.country)


@dataclass(frozen=True, slots=True)
class _Authority:
    """A certificate that may issue, and through whom; an anchor through nobody."""

    certificate: Certificate
    predecessors: tuple["_Authority", ...] = ()
    is_anchor: bool = True

    def is_valid(self, at: datetime) -> bool:
        return self.certificate.is_valid(at) and (
            self.is_anchor or any(other.is_valid(at) for other in self.predecessors)
        )


class TrustStore:
    """What a country's cards are checked against; it never changes once built."""

    def __init__(
        self, items: Iterable[TrustItem], *, vouched: Collection[Certificate] = ()
    ) -> None:
        self._items = dict.fromkeys((*items, *vouched))
        self._certificates: dict[str, list[Certificate]] = {}
        self._lists: dict[str, list[RevocationList]] = {}
        self._vouched = {certificate.encoded for certificate in vouched}
        self._authorities: dict[tuple[str, bool], tuple[_Authority, ...]] = {}
        self._verified: dict[tuple[bytes, bytes], bool] = {}
        for item in self._items:
            if isinstance(item, Certificate):
                self._certificates.setdefault(item.owner.country, []).append(item)
            else:
                self._lists.setdefault(item.owner.country, []).append(item)

    def __len__(self) -> int:
        return len(self._items)

    def extended(
        self, items: Iterable[TrustItem], *, vouched: Collection[Certificate] = ()
    ) -> "TrustStore":
        """Return a store of what is here and more."""
        store = TrustStore((*self._items, *items), vouched=vouched)
        store._vouched |= self._vouched
        store._verified |= self._verified
        return store

    def authorities(self, policy: Policy) -> tuple[Certificate, ...]:
        """Return the country's certificates that are believed as issuers."""
        found = self._find_authorities(policy)
        return tuple(authority.certificate for authority in found)

    def issuer_of(
        self, certificate: Certificate, *, at: datetime, policy: Policy
    ) -> Certificate:
        """Return the CSCA that issued a document signer's certificate, or refuse."""
        _require_signer(certificate, policy)
        issuers = [
            authority
            for authority in _likely(certificate, self._find_authorities(policy))
            if self._is_signed_by(certificate, authority.certificate)
        ]
        if not issuers:
            raise EmrtdError("untrusted_issuer", certificate.issuer.text)
        valid = [
            authority.certificate for authority in issuers if authority.is_valid(at)
        ]
        if not valid:
            raise EmrtdError("csca_expired", issuers[0].certificate.subject.text)
        if not certificate.is_valid(at):
            raise EmrtdError("ds_expired", certificate.subject.text)
        self._refuse_revoked(certificate, valid[0], at=at, policy=policy)
        return valid[0]

    def lists_of(
        self, issuer: Certificate, *, policy: Policy
    ) -> tuple[RevocationList, ...]:
        """Return the newest good revocation list of each of the issuer's keys."""
        authorities = self.authorities(policy)
        names = {issuer.subject} | {
            other.subject
            for other in authorities
            if other.public_key == issuer.public_key
        }
        newest: dict[bytes, RevocationList] = {}
        for crl in self._lists.get(policy.state, []):
            if crl.issuer not in names:
                continue
            require_strength(crl.algorithm.hash, allow_sha1=policy.allow_sha1)
            signer = self._signer_of(crl, authorities)
            known = newest.get(signer) if signer else None
            if signer and (known is None or known.this_update < crl.this_update):
                newest[signer] = crl
        return tuple(newest.values())

    def _refuse_revoked(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        at: datetime,
        policy: Policy,
    ) -> None:
        lists = self.lists_of(issuer, policy=policy)
        for crl in lists:
            if certificate.serial in crl.serials:
                raise EmrtdError("ds_revoked", certificate.subject.text)
            if issuer.serial in crl.serials and issuer.issuer == crl.issuer:
                raise EmrtdError("csca_revoked", issuer.subject.text)
        if lists and not any(crl.this_update <= at <= crl.next_update for crl in lists):
            raise EmrtdError("crl_expired", issuer.subject.text)

    def _find_authorities(self, policy: Policy) -> tuple[_Authority, ...]:
        key = (policy.state, policy.allow_sha1)
        if key not in self._authorities:
            self._authorities[key] = self._build_authorities(policy)
        return self._authorities[key]

    def _build_authorities(self, policy: Policy) -> tuple[_Authority, ...]:
        usable = filter(may_issue, self._certificates.get(policy.state, []))
        found: list[_Authority] = []
        links: list[Certificate] = []
        for certificate in usable:
            if certificate.encoded in self._vouched or certificate.is_self_signed:
                found.append(_Authority(certificate))
            elif policy.allow_sha1 or certificate.algorithm.hash != "sha1":
                links.append(certificate)
        for _ in range(_MAX_LINKS):
            linked = [
                (link, predecessors)
                for link in links
                if (predecessors := self._predecessors(link, found))
            ]
            if not linked:
                break
            for link, predecessors in linked:
                found.append(_Authority(link, predecessors, is_anchor=False))
                links.remove(link)
        return tuple(found)

    def _predecessors(
        self, link: Certificate, found: list[_Authority]
    ) -> tuple[_Authority, ...]:
        return tuple(
            authority
            for authority in _likely(link, found)
            if self._is_signed_by(link, authority.certificate)
        )

    def _signer_of(
        self, crl: RevocationList, authorities: Iterable[Certificate]
    ) -> bytes | None:
        for authority in authorities:
            key = (crl.signature, authority.encoded)
            if key not in self._verified:
                self._remember(key, good=crl.is_signed_by(authority))
            if self._verified[key]:
                return authority.encoded
        return None

    def _is_signed_by(self, certificate: Certificate, authority: Certificate) -> bool:
        key = (certificate.encoded, authority.encoded)
        if key not in self._verified:
            self._remember(key, good=certificate.is_signed_by(authority))
        return self._verified.get(key, False)

    def _remember(self, key: tuple[bytes, bytes], *, good: bool) -> None:
        if len(self._verified) >= _MAX_REMEMBERED:
            self._verified.clear()
        self._verified[key] = good


def may_issue(certificate: Certificate) -> bool:
    """Tell whether a certificate may be an issuer's (ICAO Doc 9303-12 §7.1.1).

    The first self-signed ones had no basicConstraints; they had no extension at all,
    or said by their key usage what they are.
    """
    if certificate.is_authority is None:
        says = certificate.key_usage is not None and certificate.may("key_cert_sign")
        return says or certificate.version < 3
    return certificate.is_authority and certificate.may("key_cert_sign")


def _require_signer(certificate: Certificate, policy: Policy) -> None:
    """Refuse whoever may not sign cards of that state, whatever issued it."""
    if certificate.issuer.country != policy.state:
        raise EmrtdError("wrong_country", certificate.issuer.text)
    if certificate.subject.country not in {policy.state, ""}:
        raise EmrtdError("wrong_country", certificate.subject.text)
    if certificate.is_authority or not certificate.may("digital_signature"):
        raise EmrtdError("untrusted_issuer", "not a document signer's certificate")
    # A master list's or deviation list's signer has a purpose, a card's has none.
    if any(oid.startswith(_SIGNED_BY_ICAO_ARC) for oid in certificate.purposes):
        raise EmrtdError("untrusted_issuer", "the signer's certificate is of other use")
    algorithm = certificate.algorithm
    for name in (algorithm.hash, algorithm.mask_hash or algorithm.hash):
        require_strength(name, allow_sha1=policy.allow_sha1)


def _likely(
    certificate: Certificate, authorities: Iterable[_Authority]
) -> list[_Authority]:
    """Return those that the certificate may mean, the likeliest first.

    Several may have one name, and a name may have changed while the key stayed.
    """
    key_id = certificate.authority_key_id
    by_key, by_name = [], []
    for authority in authorities:
        other = authority.certificate
        if key_id is not None and other.key_id == key_id:
            by_key.append(authority)
        elif other.subject == certificate.issuer:
            by_name.append(authority)
    return by_key + by_name
