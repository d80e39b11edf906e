"""What is fuzzed, and the good inputs to begin with.

A target may refuse with EmrtdError and nothing else, and must end soon with little
memory. A crash of any other kind is a finding.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

from idp.emrtd import curves, passive, personal, security_infos, tlv
from idp.emrtd.certificates import parse_certificate, parse_revocation_list
from idp.emrtd.com import parse_com
from idp.emrtd.errors import EmrtdError
from idp.emrtd.mrz import parse_mrz
from idp.emrtd.portrait import extract
from idp.emrtd.signed_data import parse_signed_data
from idp.emrtd.trust import Policy, TrustStore
from idp.emrtd.trust_items import load_items
from tests.unit.emrtd import issuing, signed_files
from tests.unit.emrtd.personal_files import card_a, chip_key, dg1, dg13, dg14, zone

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def read_tlv(data: bytes) -> None:
    """Walk the whole tree and take numbers and names out of it."""
    for node in tlv.parse(data).walk():
        with suppress(EmrtdError):
            node.oid()
        with suppress(EmrtdError):
            node.integer()


def read_sod(data: bytes) -> None:
    """Believe a card whose files are all that EF.SOD lists."""
    trust = TrustStore([parse_certificate(card_a().csca)])
    passive.verify(data, card_a().files, trust, now=NOW, policy=Policy("VN", True))


def read_trust_items(data: bytes) -> None:
    """Import a file; what cannot be used is reported, never raised."""
    load_items(data, known=TrustStore(()), now=NOW)


def read_zone(data: bytes) -> None:
    """Read a zone as it may be typed."""
    parse_mrz(data.decode("utf-8", "replace"))


def read_signers(data: bytes) -> None:
    """Check every signer of a CMS file."""
    list(parse_signed_data(data).signers(allow_sha1=True))


TARGETS: Mapping[str, Callable[[bytes], object]] = {
    "tlv": read_tlv,
    "card_access": security_infos.parse_card_access,
    "com": parse_com,
    "dg1": personal.parse_dg1,
    "dg2": extract,
    "dg13": personal.parse_dg13,
    "dg14": security_infos.parse_dg14,
    "dg15": security_infos.parse_dg15,
    "mrz": read_zone,
    "public_key": curves.load_public_key,
    "certificate": parse_certificate,
    "revocation_list": parse_revocation_list,
    "signed_data": read_signers,
    "sod": read_sod,
    "trust_items": read_trust_items,
}


@cache
def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """Return good inputs for each target."""
    card, state = card_a(), issuing.csca()
    files, key = card.files, issuing.ec_key()
    signer = issuing.list_signer(state)
    explicit = issuing.explicit_spki(key.public_key())
    listed = signed_files.master_list(signer, [state.der])
    plain = signed_files.Sod({1: dg1()}, issuing.signer(state), version=1)
    return {
        "tlv": (*files.values(), card.sod),
        "card_access": (card.card_access,),
        "com": (card.com,),
        "dg1": (files[1], dg1()),
        "dg2": (files[2],),
        "dg13": (files[13], dg13()),
        "dg14": (files[14], dg14(chip_key(key, 1))),
        "dg15": (files[15],),
        "mrz": (zone().encode(),),
        "public_key": (explicit, tlv.parse(files[15]).value),
        "certificate": (card.csca, state.der),
        "revocation_list": (issuing.crl(state, [1, 2]),),
        "signed_data": (plain.signed_data(), listed),
        "sod": (card.sod, plain.build()),
        "trust_items": (state.der, issuing.crl(state), listed),
    }


def run(name: str, data: bytes) -> None:
    """Run one target; only EmrtdError is a proper refusal."""
    with suppress(EmrtdError):
        TARGETS[name](data)
