"""The verdict on a card: each proof is mandatory where the state signed its key."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.emrtd import holder
from idp.emrtd.certificates import parse_certificate
from idp.emrtd.chip_authentication import ChipAuthenticationProof
from idp.emrtd.errors import EmrtdError
from idp.emrtd.evidence import Evidence
from idp.emrtd.mrz import parse_mrz
from idp.emrtd.personal import parse_dg13
from idp.emrtd.trust import TrustStore
from idp.emrtd.verification import judge
from tests.unit.emrtd.issuing import NOW, YEAR, csca, ec_key, signer, tlv
from tests.unit.emrtd.personal_files import (
    CA_INFO,
    FIELDS,
    NUMBER,
    chip_key,
    com,
    dg1,
    dg13,
    dg14,
    dg15,
    info,
    zone,
)
from tests.unit.emrtd.signed_files import Sod

STATE = csca()
SIGNER = signer(STATE)
TRUST = TrustStore([parse_certificate(STATE.der)])
CHALLENGE = bytes(range(8))
ACTIVE, OWN = ec_key(), ec_key(ec.BrainpoolP256R1())


def point(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def proof(key):
    return ChipAuthenticationProof(CA_INFO, b"ours", point(key))


def answer(key, challenge=CHALLENGE, *, is_der=False):
    signature = key.sign(challenge, ec.ECDSA(hashes.SHA256()))
    if is_der:
        return challenge, signature
    r, s = decode_dss_signature(signature)
    return challenge, r.to_bytes(32) + s.to_bytes(32)


def evidence(files=None, *, listed=None, own=OWN, active=ACTIVE):
    """Return what was read of a card with both kinds of keys."""
    files = files or {
        1: dg1(),
        13: dg13(),
        14: dg14(chip_key(OWN)),
        15: dg15(ACTIVE),
    }
    return Evidence(
        files=files,
        com=com(listed or files),
        sod=Sod(files, SIGNER).build(),
        access="bac",
        chip_authentication=proof(own) if own else None,
        active_authentication=answer(active) if active else None,
        round_trips=6,
        apdus=26,
    )


def reason(read, country="VNM", now=NOW, trust=TRUST):
    with pytest.raises(EmrtdError) as refused:
        judge(read, trust, now=now, country=country)
    return refused.value.reason


def test_a_good_card_is_believed():
    """Both keys proven; the holder is who DG13 says."""
    verdict = judge(evidence(), TRUST, now=NOW, country="VNM")

    assert [check.name for check in verdict.checks] == [
        "passive_authentication",
        "chip_authentication",
        "active_authentication",
    ]
    assert verdict.holder == holder.CardHolder(
        number=NUMBER,
        name="Nguyễn Thị Thử",
        birth_date="1999-03-05",
        sex="female",
        nationality="VN",
        issued_on="2024-02-01",
        expires_on="2039-03-05",
    )
    assert verdict.mrz.document_number == NUMBER[-9:]


def test_a_chip_without_keys_is_no_factor():
    """Its files can be copied to any chip."""
    files = {1: dg1(), 13: dg13()}

    assert reason(evidence(files, own=None, active=None)) == "no_authentication"
    assert reason(evidence(files)) == "no_authentication"


def test_each_key_alone_is_enough():
    """Cards with Active or with Chip Authentication only."""
    common = {1: dg1(), 13: dg13()}
    own = evidence(common | {14: dg14(chip_key(OWN))}, active=None)
    active = evidence(common | {15: dg15(ACTIVE)}, own=None)

    assert len(judge(own, TRUST, now=NOW, country="VNM").checks) == 2
    assert len(judge(active, TRUST, now=NOW, country="VNM").checks) == 2


def test_a_signed_key_must_be_proven():
    """A proof left out of a card that can give it."""
    assert reason(evidence(own=None)) == "ca_missing"
    assert reason(evidence(active=None)) == "aa_missing"


def test_a_key_that_we_cannot_use_is_not_forgotten():
    """Chip Authentication stays mandatory on a curve that no library has."""
    unknown = dg14(chip_key(ec.generate_private_key(ec.SECP256K1())))
    read = evidence({1: dg1(), 13: dg13(), 14: unknown, 15: dg15(ACTIVE)})

    assert reason(replace(read, chip_authentication=None)) == "ca_missing"
    assert reason(read) == "ca_failed"


def test_another_chips_key_is_refused():
    """Proofs of a chip whose keys this state's file does not hold."""
    assert reason(evidence(own=ec_key(ec.BrainpoolP256R1()))) == "ca_failed"
    assert reason(evidence(active=ec_key())) == "aa_failed"


def test_another_cards_key_files_are_refused():
    """Mixed cards: one's signed files, another's DG14 or DG15 with its proof."""
    good, other = evidence(), ec_key(ec.BrainpoolP256R1())
    mixed = replace(
        good,
        files=good.files | {14: dg14(chip_key(other))},
        chip_authentication=proof(other),
    )
    assert reason(mixed) == "dg_changed"
    mixed = replace(
        good,
        files=good.files | {15: dg15(other)},
        active_authentication=answer(other),
    )
    assert reason(mixed) == "dg_changed"


def test_a_replayed_or_reencoded_answer_is_refused():
    """A signature over another challenge; DER instead of plain ECDSA."""
    old = answer(ACTIVE, b"\xff" * 8)[1]
    replayed = replace(evidence(), active_authentication=(CHALLENGE, old))

    assert reason(replayed) == "aa_failed"
    der = replace(evidence(), active_authentication=answer(ACTIVE, is_der=True))
    assert reason(der) == "aa_failed"


@pytest.mark.parametrize("number", [1, 13, 14, 15])
def test_a_signed_file_must_be_read(number):
    """A data group left out to avoid what it asks for."""
    good = evidence()
    files = {key: file for key, file in good.files.items() if key != number}

    assert reason(replace(good, files=files)) == "dg_missing"


def test_com_may_promise_nothing_beyond_the_signed_list():
    """EF.COM is not signed; a data group that only it names is suspicious."""
    files = {1: dg1(), 13: dg13(), 15: dg15(ACTIVE)}

    assert reason(evidence(files, listed=[1, 13, 14, 15], own=None)) == "dg_unlisted"
    assert reason(replace(evidence(), com=b"")) == "malformed"


def test_the_order_of_trust():
    """The state's signature first: nothing else is said of a stranger's files."""
    strangers = TrustStore([parse_certificate(csca().der)])
    expired = evidence({1: dg1(zone(expiry="200305"))}, own=None, active=None)

    assert reason(expired, trust=strangers) == "untrusted_issuer"
    assert reason(expired) == "no_authentication"


def test_an_expired_card_is_refused():
    """After its last day in Vietnam, where the day ends seven hours earlier."""
    fields = FIELDS | {12: "01/06/2026"}
    files = {
        1: dg1(zone(expiry="260601")),
        13: dg13(fields),
        14: dg14(chip_key(OWN)),
        15: dg15(ACTIVE),
    }
    read = evidence(files)
    last_minute = datetime(2026, 6, 1, 16, 59, tzinfo=UTC)

    assert judge(read, TRUST, now=last_minute, country="VNM")
    after = datetime(2026, 6, 1, 17, 0, tzinfo=UTC)
    assert reason(read, now=after) == "card_expired"


def test_a_card_that_never_expires():
    """Of the elderly: 991231 in the machine-readable zone."""
    fields = FIELDS | {12: "Không thời hạn"}
    files = {1: dg1(zone(expiry="991231")), 13: dg13(fields), 15: dg15(ACTIVE)}
    verdict = judge(evidence(files, own=None), TRUST, now=NOW + 5 * YEAR, country="VN")

    assert verdict.holder.expires_on is None


def test_another_states_card_is_refused():
    """Whatever its chain says, DG1 must name the issuer as well."""
    files = {1: dg1(zone(state="FRA")), 15: dg15(ACTIVE)}

    assert reason(evidence(files, own=None)) == "wrong_country"
    assert reason(evidence(), country="FRA") == "wrong_country"


@pytest.mark.parametrize(
    "fields", [{1: "999199000002"}, {3: "06/03/1999"}, {3: "1998"}]
)
def test_files_of_two_people_are_refused(fields):
    """DG1 and DG13 disagree about the number or the birth date."""
    files = {1: dg1(), 13: dg13(FIELDS | fields), 15: dg15(ACTIVE)}

    assert reason(evidence(files, own=None)) == "mixed_holder"


def test_the_zone_alone_describes_a_holder():
    """A document without DG13: the name in capitals, the century by today."""
    described = holder.describe(parse_mrz(zone(birth="990305")), None, now=NOW)

    assert (described.number, described.name) == (NUMBER, "NGUYEN THI THU")
    assert (described.birth_date, described.sex) == ("1999-03-05", "female")
    born = {
        birth: holder.describe(parse_mrz(zone(birth=birth)), None, now=NOW).birth_date
        for birth in ("250101", "260601", "260602", "52<<<<", "520000")
    }
    assert born == {
        "250101": "2025-01-01",
        "260601": "2026-06-01",
        "260602": "1926-06-02",
        "52<<<<": "1952",
        "520000": "1952",
    }


@pytest.mark.parametrize("birth", ["<<<<<<", "991399"])
def test_a_birth_date_that_is_none_is_refused(birth):
    """Where nothing better is known."""
    with pytest.raises(EmrtdError):
        holder.describe(parse_mrz(zone(birth=birth)), None, now=NOW)


def test_only_the_year_of_birth_is_known():
    """DG13 says 1952, the zone 52 and fillers: no contradiction."""
    dg = parse_dg13(dg13(FIELDS | {3: "1952"}))
    described = holder.describe(parse_mrz(zone(birth="52<<<<")), dg, now=NOW)

    assert described.birth_date == "1952"


def test_a_card_is_known_again_by_its_keys():
    """The digest is of the keys: not of their encoding, order or other files."""
    common = {1: dg1(), 13: dg13(), 15: dg15(ACTIVE)}
    second = ec_key()
    algorithm = info(CA_INFO, tlv(2, b"\1"))
    digests = [
        judge(
            evidence(common | {14: dg14(*infos)}, active=ACTIVE),
            TRUST,
            now=NOW,
            country="VNM",
        ).key_digest
        for infos in (
            (chip_key(OWN, 1), chip_key(second, 2)),
            (algorithm, chip_key(second, 2), chip_key(OWN, 1)),
            (chip_key(OWN, 1),),
        )
    ]

    assert digests[0] == digests[1] != digests[2]
