"""Signed files of the tests' issuing state: EF.SOD and master lists.

Built with asn1crypto alone; each part can be altered on its way.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.unit.emrtd.issuing import HASHES, Issued, tlv

LDS_OBJECT = "2.23.136.1.1.1"
MASTER_LIST = "2.23.136.1.1.2"


class DataGroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("hash", core.OctetString)]  # noqa: RUF012


class DataGroupHashes(core.SequenceOf):
    _child_spec = DataGroupHash


class VersionInfo(core.Sequence):
    _fields = [("lds", core.PrintableString), ("unicode", core.PrintableString)]  # noqa: RUF012


class SecurityObject(core.Sequence):
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", DataGroupHashes),
        ("info", VersionInfo, {"optional": True}),
    ]


class Certificates(core.SetOf):
    _child_spec = asn1_x509.Certificate


class CscaMasterList(core.Sequence):
    _fields = [("version", core.Integer), ("certificates", Certificates)]  # noqa: RUF012


@dataclass
class Sod:
    """What goes into EF.SOD; a test changes any of it before `build`."""

    files: dict[int, bytes]
    signer: Issued
    hash_name: str = "sha256"
    signature_hash: str | None = None
    pss: bool = False
    version: int = 0
    content_type: str = LDS_OBJECT
    signed_type: str | None = None
    hashes: list[tuple[int, bytes]] | None = None
    by_key_id: bool = False
    signed_at: datetime | None = None
    certificates: list[bytes] | None = None
    extra_attributes: list = field(default_factory=list)
    leave_out: tuple[str, ...] = ()
    sid_issuer: asn1_x509.Name | None = None
    content: bytes | None = None

    def security_object(self):
        listed = self.hashes
        if listed is None:
            listed = [
                (number, hashlib.new(self.hash_name, file).digest())
                for number, file in sorted(self.files.items())
            ]
        parts = {
            "version": self.version,
            "algorithm": {"algorithm": self.hash_name},
            "hashes": [{"number": number, "hash": value} for number, value in listed],
        }
        if self.version:
            parts["info"] = {"lds": "0108", "unicode": "040000"}
        return SecurityObject(parts).dump()

    def build(self):
        return tlv(0x77, self.signed_data())

    def build_with(self, other, content):
        """Return an EF.SOD with a second signer over the same content."""
        infos = [self.signer_info(content), other.signer_info(content)]
        self.content = content
        self.certificates = [self.signer.der, other.signer.der]
        return tlv(0x77, self.signed_data(infos))

    def signed_data(self, infos=None):
        content = self.content or self.security_object()
        chosen = self.certificates
        infos = infos or [self.signer_info(content)]
        data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": self.hash_name}],
                "encap_content_info": {
                    "content_type": self.content_type,
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [
                    asn1_x509.Certificate.load(der)
                    for der in ([self.signer.der] if chosen is None else chosen)
                ],
                "signer_infos": infos,
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()

    def signer_info(self, content):
        signature_hash = self.signature_hash or self.hash_name
        digest = hashlib.new(self.hash_name, content).digest()
        attributes = [
            attribute("content_type", self.signed_type or self.content_type),
            attribute("message_digest", digest),
        ]
        if self.signed_at:
            time = cms.Time("utc_time", core.UTCTime(self.signed_at))
            attributes.append(attribute("signing_time", time))
        attributes += self.extra_attributes
        kept = [a for a in attributes if a["type"].native not in self.leave_out]
        signed = cms.CMSAttributes(kept)
        algorithm, signature = sign(
            self.signer.key, signed.dump(), signature_hash, self.pss
        )
        return {
            "version": "v1",
            "sid": self.identifier(),
            "digest_algorithm": {"algorithm": self.hash_name},
            "signed_attrs": signed,
            "signature_algorithm": algorithm,
            "signature": signature,
        }

    def identifier(self):
        issued = self.signer.asn1
        if self.by_key_id:
            key_id = issued.key_identifier_value.native
            return cms.SignerIdentifier("subject_key_identifier", key_id)
        by_name = {
            "issuer": self.sid_issuer or issued.issuer,
            "serial_number": issued.serial_number,
        }
        return cms.SignerIdentifier("issuer_and_serial_number", by_name)


def attribute(kind, value):
    return cms.CMSAttribute({"type": kind, "values": [value]})


def sign(key, message, hash_name, pss):
    """Return the algorithm and the signature."""
    algorithm = HASHES[hash_name]()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"algorithm": f"{hash_name}_ecdsa"}, key.sign(
            message, ec.ECDSA(algorithm)
        )
    if not pss:
        return {"algorithm": "rsassa_pkcs1v15"}, key.sign(
            message, padding.PKCS1v15(), algorithm
        )
    parameters = {
        "hash_algorithm": {"algorithm": hash_name},
        "mask_gen_algorithm": {
            "algorithm": "mgf1",
            "parameters": {"algorithm": hash_name},
        },
        "salt_length": algorithm.digest_size,
    }
    scheme = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
    return (
        {"algorithm": "rsassa_pss", "parameters": parameters},
        key.sign(message, scheme, algorithm),
    )


def master_list(list_signer, certificates, **changes):
    """Return a CMS master list of DER certificates."""
    loaded = [asn1_x509.Certificate.load(der) for der in certificates]
    content = CscaMasterList({"version": 0, "certificates": loaded}).dump()
    return Sod(
        {}, list_signer, content=content, content_type=MASTER_LIST, **changes
    ).signed_data()
