"""The demo's CA: strict clients accept it for loopback names only."""

import http.client
import ssl
import stat
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from idp import clock
from keys.certificates import create_ca, issue, load_ca

NOW = clock.now()


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a CA and a server certificate."""
    folder = tmp_path_factory.mktemp("tls")
    issue(create_ca(folder, now=NOW), folder, now=NOW)
    return folder


@pytest.fixture(scope="module")
def port(folder):
    """Return the port of an https server with the issued certificate."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hello) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def strict_context(folder):
    """Return a client context that checks as strictly as OpenSSL can."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_strict_client_accepts_it(folder, port, host):
    """A client that trusts `ca.pem` alone connects by name and by address."""
    connection = http.client.HTTPSConnection(
        host, port, context=strict_context(folder), timeout=10
    )
    connection.request("GET", "/")

    assert connection.getresponse().status == 204
    connection.close()


def test_the_names_are_loopback(folder):
    """The leaf names localhost and both loopback addresses, for less than 398 days."""
    leaf = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())

    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["localhost", "127.0.0.1", "::1"]
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert lifetime < timedelta(days=398)


def test_a_certificate_for_another_host_is_worthless(folder, tmp_path):
    """The CA is constrained: what it signs for elsewhere does not verify."""
    files = issue(
        load_ca(folder), tmp_path, now=NOW, hostnames=("portal.example", "192.0.2.1")
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate_file, files.key_file)

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        _handshake(server, strict_context(folder), "portal.example")


def test_a_reloaded_ca_issues_too(folder, tmp_path):
    """A second start issues a new leaf under the CA that is trusted already."""
    files = issue(load_ca(folder), tmp_path, now=NOW)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate_file, files.key_file)

    _handshake(server, strict_context(folder), "localhost")


def test_private_keys_are_private(folder):
    """Both keys have mode 0600, also when a file of that name lay there open."""
    (folder / "server.key").chmod(0o644)
    issue(load_ca(folder), folder, now=NOW)

    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_a_foreign_ca_key_is_refused(folder, tmp_path):
    """Only the kind of key that `create_ca` writes is read."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    (tmp_path / "ca.pem").write_bytes((folder / "ca.pem").read_bytes())
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "ca.key").write_bytes(pem)

    with pytest.raises(TypeError, match="P-256"):
        load_ca(tmp_path)


def _handshake(server_context, client_context, host):
    """Run a TLS handshake in memory; raises what the client raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
