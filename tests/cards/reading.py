"""A provider's reading of a chip without anything between them."""

import json
import secrets
from datetime import datetime

from clients.reader.virtual.card import Access
from clients.reader.virtual.chip import VirtualChip
from idp.emrtd import reading
from idp.emrtd.certificates import parse_certificate, parse_revocation_list
from idp.emrtd.errors import EmrtdError
from idp.emrtd.evidence import Evidence
from idp.emrtd.kdf import Can
from idp.emrtd.mrz import MrzKey
from idp.emrtd.reading import Plan
from idp.emrtd.trust import TrustItem, TrustStore
from idp.emrtd.verification import Verdict, judge


def zone_key(access: Access) -> MrzKey:
    """Return what the zone opens a chip with."""
    return MrzKey(access.document_number, access.birth_date, access.expiry_date)


def plan(access: Access, *, by_can: bool = False, portrait: bool = False) -> Plan:
    """Return a plan that opens the chip by its zone, or by its CAN alone."""
    key = Can(access.can) if by_can else zone_key(access)
    return Plan((key,), read_portrait=portrait, extended_length=True)


def read(
    chip: VirtualChip, access: Access, *, by_can: bool = False, portrait: bool = False
) -> Evidence:
    """Read a chip with a fresh challenge."""
    return follow(chip, plan(access, by_can=by_can, portrait=portrait))


def follow(chip: VirtualChip, asked: Plan) -> Evidence:
    """Read a chip by a plan; the state passes through JSON as it does when kept."""
    own = secrets.token_bytes(8)
    turn = reading.begin(asked, atr=chip.atr, challenge=lambda _key: own)
    while turn.evidence is None:
        answers = [chip.transmit(command) for command in turn.commands]
        state = json.loads(json.dumps(turn.state))
        turn = reading.advance(state, answers, challenge=lambda _key: own)
    return Evidence.from_json(json.loads(json.dumps(turn.evidence.to_json())))


def believe(
    evidence: Evidence, trusted: tuple[bytes, ...], *, now: datetime, **policy: bool
) -> Verdict:
    """Judge what was read as a Vietnamese provider that trusts these files."""
    store = TrustStore([_item(content) for content in trusted])
    return judge(evidence, store, now=now, country="VNM", **policy)


def _item(content: bytes) -> TrustItem:
    try:
        return parse_certificate(content)
    except EmrtdError:
        return parse_revocation_list(content)
