"""Which makes of authenticator are taken where only checked ones are."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from idp import clock
from idp.config import PasskeyConfig, parse_config
from idp.errors import ConfigError
from idp.factors import passkey, passkey_options
from idp.factors.attestation import AttestationPolicy, UntrustedModelError
from idp.factors.fido_metadata import REFUSED, read_models
from idp.factors.passkey_answers import PasskeyRefusedError
from idp.factors.passkey_options import PersonName
from tests import fido
from tests.authenticator import Attestation, Authenticator
from tests.unit.factors.test_passkey import HERE, SITE
from tests.unit.world import NOW

ROOT = fido.authority(NOW)
MAKE = fido.make(ROOT, NOW)
SIGNERS = fido.authority(clock.now(), "Metadata Root")


def settings(folder, entries=None, *, models=(), signer=fido.SIGNER, **values):
    listed = [fido.entry(ROOT)] if entries is None else entries
    token, pem = fido.write_metadata(folder, SIGNERS, listed, now=clock.now(), **values)
    return PasskeyConfig(
        attestation="verified", metadata_file=token, metadata_root_file=pem,
        metadata_signer=signer, models=models,
    )  # fmt: skip


def enrol(ephemeral, policy, device, now=NOW):
    site = replace(SITE, attestation=policy)
    options = passkey_options.enrolment_options(
        ephemeral, site, [], account_id=uuid4(), person=PersonName("001", "Thử"),
        binding=HERE, now=now,
    )  # fmt: skip
    assert '"attestation": "direct"' in options
    return passkey.check_enrolment(
        ephemeral, site, answer=device.create(options), binding=HERE, now=now
    )


def a_device(attestation=MAKE, form="packed", aaguid=fido.AAGUID):
    return Authenticator(format=form, attestation=attestation, aaguid=aaguid.bytes)


def policy_of(folder, entries=None, **values):
    return AttestationPolicy(read_models(settings(folder, entries, **values)))


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_checked_make_is_taken(ephemeral, tmp_path, algorithm):
    """Its certificate leads to the root that the signed metadata names."""
    policy = policy_of(tmp_path, algorithm=algorithm)
    new = enrol(ephemeral, policy, a_device())
    assert (new.attestation, new.aaguid) == ("packed", str(fido.AAGUID))


def test_the_listed_certificate_may_be_the_makes_own(ephemeral, tmp_path):
    """Some metadata name the signing certificate itself."""
    policy = policy_of(tmp_path, [fido.entry(MAKE)])
    assert enrol(ephemeral, policy, a_device())


def test_a_u2f_make_is_known_by_its_key(ephemeral, tmp_path):
    """U2F has no AAGUID; the certificate's key identifier stands for it."""
    make = fido.make(ROOT, NOW, aaguid=None)
    named = {"attestationCertificateKeyIdentifiers": [fido.key_identifier(make)]}
    policy = policy_of(tmp_path, [fido.entry(ROOT, **named)])
    nobody = fido.AAGUID.__class__(int=0)
    assert enrol(ephemeral, policy, a_device(make, "fido-u2f", nobody))
    other = fido.make(ROOT, NOW, aaguid=None)
    with pytest.raises(UntrustedModelError):
        enrol(ephemeral, policy, a_device(other, "fido-u2f", nobody))


@pytest.mark.parametrize("status", sorted(REFUSED))
def test_a_withdrawn_make_is_refused(ephemeral, tmp_path, status):
    """Once reported so, whatever was certified before."""
    policy = policy_of(tmp_path, [fido.entry(ROOT, "FIDO_CERTIFIED_L1", status)])
    with pytest.raises(UntrustedModelError) as caught:
        enrol(ephemeral, policy, a_device())
    assert status in caught.value.detail


def test_only_the_named_models(ephemeral, tmp_path):
    """The operator may take fewer makes than the file lists."""
    assert policy_of(tmp_path, models=("0" * 8,)).models == {}
    policy = policy_of(tmp_path, models=(str(fido.AAGUID),))
    assert enrol(ephemeral, policy, a_device())


UNTRUSTED = {
    "no statement": Authenticator(aaguid=fido.AAGUID.bytes),
    "self attestation": a_device(attestation=None),
    "another model": a_device(aaguid=uuid4()),
    "another root": a_device(fido.make(fido.authority(NOW), NOW)),
    "a look-alike root": a_device(fido.make(fido.authority(NOW, "Invented Root"), NOW)),
    "a certificate of another model": a_device(fido.make(ROOT, NOW, aaguid=uuid4())),
    "an authority": a_device(fido.make(ROOT, NOW, is_authority=True)),
    "no attestation unit": a_device(fido.make(ROOT, NOW, subject=fido.name("x", "y"))),
    "expired": a_device(fido.make(ROOT, NOW - timedelta(days=400))),
    "not yet valid": a_device(fido.make(ROOT, NOW + timedelta(days=400))),
}


@pytest.mark.parametrize("case", UNTRUSTED)
def test_an_untrusted_make_is_refused(ephemeral, tmp_path, case):
    """Each reads the same to the outside."""
    with pytest.raises(UntrustedModelError) as caught:
        enrol(ephemeral, policy_of(tmp_path), UNTRUSTED[case])
    assert caught.value.code == "DD-PASSKEY-002"
    assert caught.value.description == ""


def test_a_statement_by_another_key_is_refused(ephemeral, tmp_path):
    """The certificate of a trusted make does not help who lacks its key."""
    thief = Attestation(fido.make(ROOT, NOW).key, MAKE.chain)
    with pytest.raises(PasskeyRefusedError):
        enrol(ephemeral, policy_of(tmp_path), a_device(thief))


def test_any_make_is_taken_by_default(ephemeral):
    """Without a policy a statement of any make is not asked for."""
    site_options = passkey_options.enrolment_options(
        ephemeral, SITE, [], account_id=uuid4(), person=PersonName("001", "Thử"),
        binding=HERE, now=NOW,
    )  # fmt: skip
    device = a_device(fido.make(fido.authority(NOW), NOW))
    answer = device.create(site_options)
    assert passkey.check_enrolment(
        ephemeral, SITE, answer=answer, binding=HERE, now=NOW
    )


def test_metadata_of_another_signer_is_refused(tmp_path):
    """The root is a public one: the name it certified decides."""
    config = settings(tmp_path, signer="mds.example")
    with pytest.raises(ConfigError, match=r"mds\.example"):
        read_models(config)


def test_metadata_under_another_root_is_refused(tmp_path):
    """A chain to any other root is none."""
    config = settings(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, pem = fido.write_metadata(
        other, fido.authority(clock.now()), [], now=clock.now()
    )
    with pytest.raises(ConfigError, match="not signed"):
        read_models(replace(config, metadata_root_file=pem))


def _bent(text, place):
    parts = text.split(b".")
    parts[place] = parts[place][:-8] + b"AAAAAAAA"
    return b".".join(parts)


@pytest.mark.parametrize(
    "bend",
    [
        lambda text: _bent(text, 1),
        lambda text: _bent(text, 2),
        lambda text: b"",
        lambda text: b"a.b",
        lambda text: b"e30.e30.e30",
        lambda text: text.partition(b".")[0] + b".e30.",
    ],
)
def test_broken_metadata_is_refused(tmp_path, bend):
    """Nothing of a file that does not verify is used."""
    config = settings(tmp_path)
    config.metadata_file.write_bytes(bend(config.metadata_file.read_bytes()))
    with pytest.raises(ConfigError, match="metadata"):
        read_models(config)


@pytest.mark.parametrize(
    ("entries", "due"),
    [
        ([{"aaguid": "x", "statusReports": 7}], "2099-01-01"),
        (None, "soon"),
        (7, "2099-01-01"),
    ],
)
def test_metadata_of_another_shape_is_refused(tmp_path, entries, due):
    """Signed, and still no metadata."""
    with pytest.raises(ConfigError, match="metadata"):
        read_models(settings(tmp_path, entries, next_update=due))


def test_stale_metadata_is_told(tmp_path):
    """An old file still serves, and the log says that it is old."""
    config = settings(tmp_path, next_update="2020-01-01")
    with capture_logs() as logs:
        assert read_models(config)
    assert [line["event"] for line in logs] == ["fido metadata is out of date"]


def test_files_that_are_not_there(tmp_path):
    """A start names the file; settings without a root are refused."""
    config = settings(tmp_path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_models(replace(config, metadata_file=tmp_path / "absent"))
    config.metadata_root_file.write_text("no certificate")
    with pytest.raises(ConfigError, match="no certificate"):
        read_models(config)
    with pytest.raises(ConfigError, match="are needed"):
        read_models(PasskeyConfig())
    table = {"sandbox": {"enabled": True}, "passkey": {"attestation": "verified"}}
    with pytest.raises(ConfigError, match="metadata_root_file"):
        parse_config(table, base=tmp_path)


@pytest.mark.parametrize(
    "passkey_settings",
    [
        {"origins": ["https://evil.example"]},
        {"origins": ["http://localhost:8000/"]},
        {"rp_id": "example.vn"},
    ],
)
def test_origins_lie_within_the_rp_id(tmp_path, passkey_settings):
    """What no browser would accept is refused at the start."""
    table = {"sandbox": {"enabled": True}, "passkey": passkey_settings}
    with pytest.raises(ConfigError, match=r"passkey\.origins"):
        parse_config(table, base=tmp_path)
