"""Letters: one contract for the sandbox and SMTP, then each one's own."""

import logging
import socket
from email import message_from_bytes, policy

import pytest

from idp.config import MailConfig
from idp.errors import ConfigError
from idp.factors.mail import (
    MailError,
    NoMail,
    SandboxLetters,
    SmtpGateway,
    compose,
    open_mail,
)
from keys.certificates import create_ca, issue
from tests.unit.factors.smtp_server import running
from tests.unit.world import NOW

TO, SUBJECT = "an.nguyen@dinhdanh.test", "Mã xác nhận của Định Danh"
TEXT = "Mã của bạn là 012345.\n.\nMột dòng bắt đầu bằng dấu chấm ở trên.\n"
SENDER = "khong-tra-loi@dinhdanh.test"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a CA and a server's certificate of it."""
    folder = tmp_path_factory.mktemp("tls")
    authority = create_ca(folder, now=NOW)
    return authority, issue(authority, folder, now=NOW)


@pytest.fixture
def trusted(files, monkeypatch):
    """Let this process believe the CA, as an operator's system believes its own."""
    authority, server = files
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate_file))
    return server


def gateway(post, tmp_path, *, user="", password="", **changes) -> SmtpGateway:
    secret = tmp_path / "password"
    secret.write_text(f"{password}\n")
    values = {
        "gateway": "smtp",
        "host": "localhost",
        "port": post.port,
        "security": post.security,
        "user": user,
        "password_file": secret if user else None,
        "sender": SENDER,
        "timeout": 5.0,
    } | changes
    return SmtpGateway(MailConfig(**values))


@pytest.fixture(params=["sandbox", "starttls", "tls"])
def way(request, tmp_path):
    """Yield a gateway and what has arrived on its other side."""
    if request.param == "sandbox":
        letters = SandboxLetters(request.getfixturevalue("database"))
        yield (
            letters,
            lambda: [(item.email, item.subject, item.text) for item in letters.list()],
        )
        return
    files = request.getfixturevalue("trusted")
    with running(files.certificate_file, files.key_file, request.param) as post:

        def arrived():
            found = []
            for _, recipients, raw in reversed(post.letters):
                letter = message_from_bytes(raw, policy=policy.default)
                (to,) = recipients
                text = letter.get_content().replace("\r\n", "\n")
                found.append((to, letter["Subject"], text))
            return found

        yield gateway(post, tmp_path), arrived


def test_letters_arrive_as_they_were(way):
    """Address, subject and text, letter for letter, once each."""
    post, arrived = way
    assert post.is_on
    post.send(TO, SUBJECT, TEXT, NOW)
    post.send("b@dinhdanh.test", "second", "text\n", NOW)
    assert arrived() == [("b@dinhdanh.test", "second", "text\n"), (TO, SUBJECT, TEXT)]


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("a@b.vn\r\nBcc: c@d.vn", SUBJECT),
        ("a@b.vn\nBcc: c@d.vn", SUBJECT),
        ("a@b.vn, c@d.vn", SUBJECT),
        ("a,c@d.vn", SUBJECT),
        ("a@b.vn\x00", SUBJECT),
        ("A <a@b.vn>", SUBJECT),
        ("", SUBJECT),
        (TO, "one\r\nBcc: c@d.vn"),
        (TO, "one\nTo: c@d.vn"),
        (TO, "one\rtwo"),
        (TO, "one\x00two"),
    ],
)
def test_no_value_adds_a_header_or_a_recipient(way, to, subject):
    """Neither address nor subject can be more than what it is."""
    post, arrived = way
    with pytest.raises(MailError):
        post.send(to, subject, TEXT, NOW)
    assert arrived() == []


def test_nothing_of_a_letter_is_logged(way, caplog):
    """Neither address nor text, at any level."""
    post, _ = way
    with caplog.at_level(logging.DEBUG):
        post.send(TO, SUBJECT, TEXT, NOW)
    assert TO not in caplog.text
    assert "012345" not in caplog.text


def test_a_letter_says_that_it_is_automatic():
    """No holiday notes back; a date and an id of our own; only ASCII on the wire."""
    letter = compose(TO, SUBJECT, TEXT, sender=SENDER, now=NOW)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["From"] == SENDER
    assert letter["Date"].datetime == NOW
    assert letter["Message-ID"].endswith("@dinhdanh.test>")
    assert bytes(letter).isascii()
    assert compose(TO, "x" * 300, TEXT, sender=SENDER, now=NOW)["Subject"] == "x" * 200


def test_login_and_nothing_in_clear(trusted, tmp_path):
    """Before TLS the server hears greetings alone."""
    files = trusted
    with running(
        files.certificate_file, files.key_file, "starttls", user="u", password="p w"
    ) as post:
        gateway(post, tmp_path, user="u", password="p w").send(TO, SUBJECT, TEXT, NOW)
        assert len(post.letters) == 1
        assert set(post.in_clear) == {"EHLO", "STARTTLS"}
        with pytest.raises(MailError) as wrong:
            gateway(post, tmp_path, user="u", password="x").send(TO, SUBJECT, TEXT, NOW)
        assert len(post.letters) == 1
    assert wrong.value.code == "DD-MAIL-001"


def test_a_server_without_tls_gets_nothing(trusted, tmp_path):
    """Who strips STARTTLS on the way learns no address."""
    files = trusted
    with running(
        files.certificate_file, files.key_file, "starttls", offers_tls=False
    ) as post:
        with pytest.raises(MailError):
            gateway(post, tmp_path).send(TO, SUBJECT, TEXT, NOW)
        assert "MAIL" not in post.in_clear


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_certificate_gets_nothing(files, tmp_path, security):
    """Nor one of another name."""
    server = files[1]
    with running(server.certificate_file, server.key_file, security) as post:
        with pytest.raises(MailError):
            gateway(post, tmp_path).send(TO, SUBJECT, TEXT, NOW)
        assert post.letters == []


@pytest.mark.parametrize("refuses", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_keeps_the_address_out_of_the_error(trusted, tmp_path, refuses):
    """The server's answer repeats it; ours does not."""
    files = trusted
    with (
        running(
            files.certificate_file, files.key_file, "starttls", refuses=refuses
        ) as post,
        pytest.raises(MailError) as failure,
    ):
        gateway(post, tmp_path).send(TO, SUBJECT, TEXT, NOW)
    assert TO not in str(failure.value) + failure.value.detail
    assert failure.value.__cause__ is None


def test_nobody_there_and_silence_are_failures(tmp_path):
    """Within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config = MailConfig(
            gateway="smtp", host="127.0.0.1", port=port, sender=SENDER, timeout=0.2
        )
        with pytest.raises(MailError):
            SmtpGateway(config).send(TO, SUBJECT, TEXT, NOW)
    with pytest.raises(MailError):
        SmtpGateway(config).send(TO, SUBJECT, TEXT, NOW)


def test_the_configuration_chooses(database, tmp_path):
    """Off by default; a missing password file stops the start."""
    assert isinstance(open_mail(MailConfig(), database), NoMail)
    assert isinstance(
        open_mail(MailConfig(gateway="sandbox"), database), SandboxLetters
    )
    missing = MailConfig(gateway="smtp", password_file=tmp_path / "none")
    with pytest.raises(ConfigError, match="password_file"):
        open_mail(missing, database)
    with pytest.raises(MailError):
        NoMail().send(TO, SUBJECT, TEXT, NOW)
    assert not NoMail.is_on


def test_letters_are_read_by_address(database):
    """One mailbox's letters, or the newest of all."""
    letters = SandboxLetters(database)
    for number in range(3):
        letters.send(f"p{number}@dinhdanh.test", SUBJECT, TEXT, NOW)
    assert [item.email for item in letters.list("p1@dinhdanh.test")] == [
        "p1@dinhdanh.test"
    ]
    assert [item.email for item in letters.list(limit=1)] == ["p2@dinhdanh.test"]
