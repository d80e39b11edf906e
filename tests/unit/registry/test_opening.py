"""Which registry a configuration opens, and which configurations are refused."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idp import clock
from idp.config import Config, RegistryConfig, SandboxConfig, parse_config
from idp.errors import ConfigError
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.generated import GeneratedRegistry
from idp.registry.generator import Population
from idp.registry.opening import open_registry
from idp.registry.port import Asker, Question, RegistryDownError
from keys import certificates
from tests.exchange import running_exchange
from tests.unit.world import NOW

RECORD = Population(1, "open").person(0)
QUESTION = Question(
    RECORD.person.number, RECORD.person.full_name, RECORD.person.birth_date
)
ASKER = Asker("test", officer="officer", unit="unit")


def opened(world, **settings):
    """Return the registry of a configuration."""
    sandbox = SandboxConfig(enabled=settings.pop("sandbox", False))
    config = Config(registry=RegistryConfig(**settings), sandbox=sandbox)
    return open_registry(config, world.database, world.sealer)


def test_nobody_is_invented_outside_the_sandbox(world):
    """There the embedded registry has who is stored."""
    assert isinstance(opened(world), EmbeddedRegistry)
    assert isinstance(opened(world, sandbox=True), GeneratedRegistry)
    assert opened(world, sandbox=True, people=7).population.size == 7


def test_an_exchange_is_asked_behind_its_breaker(world):
    """With the list of units of the database; what it tells is kept."""
    with running_exchange({RECORD.person.number: RECORD}.get) as exchange:
        registry = opened(world, source="soap", url=exchange.url, attempts=1)
        fresh = registry.look_up(QUESTION, ASKER, now=NOW)
        exchange.reply = lambda operation: (503, "text/plain", b"")
        stale = registry.look_up(QUESTION, ASKER, now=NOW)

    assert fresh.person.full_name == RECORD.person.full_name
    assert stale.is_stale


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"source": "soap"}, "registry.url must be an https URL"),
        ({"source": "soap", "url": "http://far.example"}, "registry.url must be"),
        ({"officer": ""}, "registry.officer has 1 to 20"),
        ({"officer": "x" * 21}, "registry.officer has 1 to 20"),
        ({"unit": "x" * 36}, "registry.unit has 1 to 35"),
        ({"key_file": "k"}, "go together"),
        ({"attempts": 0}, "registry.attempts must be positive"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, told):
    """Before anything is asked."""
    table = {
        "issuer": "https://dinhdanh.example.vn",
        "sms": {"gateway": "http", "url": "https://sms.example.vn"},
        "registry": settings,
    }

    with pytest.raises(ConfigError, match=told):
        parse_config(table, base=Path("/base"))


def test_the_sandbox_never_asks_a_real_registry():
    """Its people do not exist there, and it would log queries about them."""
    table = {
        "sandbox": {"enabled": True},
        "registry": {"source": "soap", "url": "https://exchange.example.vn"},
    }

    with pytest.raises(ConfigError, match=r"sandbox\.enabled refuses a real registry"):
        parse_config(table, base=Path("/base"))


def self_signed(folder, now):
    """Write a client's key and certificate, which stands for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Định Danh")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "client.pem", folder / "client.key"
    pem = serialization.Encoding.PEM
    certificate_file.write_bytes(certificate.public_bytes(pem))
    key_file.write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def test_both_ends_prove_themselves(world, tmp_path):
    """Mutual TLS: without our certificate, or with another authority, nobody talks."""
    now = clock.now()
    authority = certificates.create_ca(tmp_path, now=now)
    server = certificates.issue(authority, tmp_path, now=now)
    certificate_file, key_file = self_signed(tmp_path, now)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(server.certificate_file, server.key_file)
    tls.load_verify_locations(certificate_file)
    tls.verify_mode = ssl.CERT_REQUIRED
    proof = {"certificate_file": certificate_file, "key_file": key_file}
    trust = {"ca_file": authority.certificate_file}

    with running_exchange({RECORD.person.number: RECORD}.get, tls=tls) as exchange:
        base = {"source": "soap", "url": exchange.url, "attempts": 1}
        assert opened(world, **base, **proof, **trust).confirms(
            QUESTION, ASKER, now=NOW
        )
        for missing in (proof, trust):
            with pytest.raises(RegistryDownError):
                opened(world, **base, **missing).confirms(QUESTION, ASKER, now=NOW)
    assert len(exchange.asked) == 1
