"""`idp demo` as a newcomer meets it: again, afresh, with TLS, and when it cannot."""

import base64
import hashlib
import socket
import stat

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.chromium import launch
from tests.e2e.driving import sign_in
from tests.e2e.people import told
from tests.e2e.running import free_block, spawn_demo, start_demo

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def refusal(folder, *options, port=None):
    """Return what a demo prints that does not start."""
    demo = spawn_demo(folder, *options, port=port)
    assert demo.wait(120) == 1
    return demo.text


@pytest.fixture
def state(demo, tmp_path):
    """Copy a demo's state, for one test to spoil."""
    return demo.copy(tmp_path / "state")


def test_it_prints_all_that_is_needed(demo):
    """Addresses, the configuration's path, and how to sign in as each citizen."""
    for url in (demo.issuer, *demo.portals.values(), demo.agent, "/sandbox/outbox"):
        assert url in demo.text
    assert str(demo.folder / "config.toml") in demo.text
    assert "999 198 000 001" in demo.text
    assert "sen-trang-ho-tay" in demo.text
    for way in ("Try a card", "Try a passkey", "Try a phone"):
        assert way in demo.text


def test_state_is_for_its_owner_only(demo):
    """The folder and the secrets in it are closed to others."""
    assert stat.S_IMODE(demo.folder.stat().st_mode) == 0o700
    for name in ("kek", "portals/bank.settings.json"):
        assert stat.S_IMODE((demo.folder / name).stat().st_mode) == 0o600


def test_a_second_start_keeps_the_data(state, demo):
    """What is missing of an interrupted start is made up for; Ctrl-C stops it all."""
    (state / "config.toml").unlink()
    (state / "portals/services.settings.json").unlink()
    (state / "portals/insurance.settings.json").write_text("{")
    before = (state / "portals/bank.settings.json").read_text()

    again = start_demo(state)
    answers = [again.get(url).status_code for url in again.portals.values()]
    keys = again.get(f"{again.issuer}/jwks.json").json()["keys"]

    assert answers == [200, 200, 200]
    assert again.idp("accounts", "list") == demo.idp("accounts", "list")
    assert keys == demo.get(f"{demo.issuer}/jwks.json").json()["keys"]
    after = (state / "portals/bank.settings.json").read_text()
    assert key_of(before) == key_of(after)
    assert again.stop() == 0
    assert not again.is_serving()


def key_of(settings: str) -> str:
    """Return the part of a portal's settings that holds its key."""
    return settings[settings.index('"private_jwk"') : settings.index("}")]


@pytest.mark.xdist_group("tls")
def test_reset_starts_afresh(demo, tls_demo):
    """RESET=1 forgets keys and accounts, in a folder that is the demo's own."""
    assert (tls_demo.folder / "kek").read_text() != (demo.folder / "kek").read_text()


def test_reset_spares_a_folder_that_is_not_its_own(tmp_path):
    """A mistyped STATE= deletes nothing."""
    (tmp_path / "precious.txt").write_text("mine")

    text = refusal(tmp_path, "--reset")

    assert "not a demo's" in text
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("offset", [0, 4])
def test_a_busy_port_is_named(tmp_path, offset):
    """Any of the five; and the message says which block to take instead."""
    port = free_block()
    with socket.create_server(("127.0.0.1", port + offset)):
        text = refusal(tmp_path / "state", port=port)

    assert f"port {port + offset} is in use" in text
    assert "PORT=" in text


def test_one_demo_a_folder(demo):
    """A second demo on the same state is refused and harms nothing."""
    text = refusal(demo.folder, "--reset")

    assert "another demo is running" in text
    assert demo.get(f"{demo.issuer}/jwks.json").ok


@pytest.mark.parametrize("damage", ["kek", "config.toml"])
def test_a_broken_state_is_explained(state, damage):
    """What cannot be mended is named, with the way out."""
    if damage == "kek":
        (state / "kek").unlink()
    else:
        (state / "config.toml").write_text("issuer = ")

    text = refusal(state)

    assert damage in text
    assert "RESET=1" in text


@pytest.mark.xdist_group("tls")
def test_tls_serves_everything_over_https(tls_demo, citizens, playwright):
    """A browser that trusts the CA signs in; one without it does not get in."""
    demo = tls_demo
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(demo.issuer, timeout=10)
    assert demo.get(f"{demo.issuer}/.well-known/openid-configuration").ok
    pin = f"--ignore-certificate-errors-spki-list={spki_pin(demo.ca_file)}"
    with launch(playwright, pin) as browser:
        page = browser.new_page()
        sign_in(page, demo, "services", told(citizens, "by password alone"))
        cookies = page.context.cookies()
        assert page.url == f"{demo.portals['services']}/profile"
    assert cookies
    assert all(cookie["secure"] for cookie in cookies)
    assert any(cookie["name"].startswith("__Host-") for cookie in cookies)


def spki_pin(ca_file) -> str:
    """Return the pin by which Chromium accepts what this CA has issued."""
    certificate = x509.load_pem_x509_certificate(ca_file.read_bytes())
    key = certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
