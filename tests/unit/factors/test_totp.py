"""Codes of authenticator apps: RFC 6238, each used once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from idp import clock
from idp.errors import NotFoundError
from idp.factors import totp
from idp.factors.enrolled import enrolled_kinds, list_enrolled, retire
from tests.unit.world import NOW, on_each_backend


@pytest.fixture
def secret(world, account):
    """Enrol an app and return its secret."""
    with world.database.transaction() as session:
        return totp.enrol(
            session, world.audit, world.sealer, account.id, now=NOW, label="Điện thoại"
        )


def verify(world, account, otp, now=NOW):
    with world.database.transaction() as session:
        return totp.verify(
            session, world.audit, world.sealer, account.id, otp=otp, now=now
        )


def code(secret, now):
    return pyotp.TOTP(secret).at(now)


def test_the_codes_are_those_of_rfc_6238(world, account):
    """Appendix B's vector for SHA-1, in its last six digits."""
    moment = clock.from_timestamp(1_111_111_109)
    with world.database.transaction() as session:
        totp.enrol(
            session, world.audit, world.sealer, account.id, now=moment,
            secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        )  # fmt: skip
    assert verify(world, account, "081804", moment)


@on_each_backend
def test_a_code_is_taken_once(world, account, secret):
    """The factor names its credential; the same code again is refused."""
    otp = code(secret, NOW)
    factor = verify(world, account, f" {otp[:3]} {otp[3:]} ")
    assert factor is not None
    assert (factor.method, factor.at) == ("totp", NOW)
    with world.database.read() as connection:
        (enrolled,) = list_enrolled(connection, account.id)
    assert factor.credential_id == enrolled.id
    assert (enrolled.label, enrolled.last_used_at) == ("Điện thoại", NOW)

    assert verify(world, account, otp) is None
    assert verify(world, account, otp, NOW + timedelta(seconds=20)) is None
    assert world.events(account.id)[:2] == ["CredentialUsed", "CredentialEnrolled"]


@on_each_backend
def test_of_fifty_parallel_tries_one_succeeds(world, account, secret):
    """A code that was overheard is worth nothing once it has been used."""
    otp = code(secret, NOW)
    with ThreadPoolExecutor(16) as pool:
        proven = list(pool.map(lambda _: verify(world, account, otp), range(50)))
    assert sum(factor is not None for factor in proven) == 1
    assert world.events(account.id).count("CredentialUsed") == 1


@pytest.mark.parametrize(("steps", "fits"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_one_step_early_or_late_is_accepted(world, account, secret, steps, fits):
    """Window ±1, no more."""
    otp = code(secret, NOW + timedelta(seconds=30 * steps))
    assert bool(verify(world, account, otp)) == bool(fits)


def test_an_earlier_code_is_refused_after_a_later_one(world, account, secret):
    """Time only goes forward."""
    assert verify(world, account, code(secret, NOW))
    earlier = code(secret, NOW - timedelta(seconds=30))
    assert verify(world, account, earlier) is None
    later = NOW + timedelta(seconds=30)
    assert verify(world, account, code(secret, later), later)


@pytest.mark.parametrize(
    "otp", ["", "12345", "1234567", "abcdef", "１２３４５６", "6" * 999]
)
def test_what_is_no_code_is_refused(world, account, secret, otp):
    """Six ASCII digits, or nothing is even compared."""
    assert verify(world, account, otp) is None


def test_another_accounts_code_is_refused(world, new_account, account, secret):
    """A code proves its own account only."""
    assert verify(world, new_account(), code(secret, NOW)) is None


def test_the_seed_is_sealed(world, account, secret):
    """The row shows nothing of the secret."""
    with world.database.read() as connection:
        sealed = connection.exec_driver_sql("SELECT secret_sealed FROM credentials")
        assert secret.encode() not in bytes(sealed.scalar_one())


def test_a_retired_app_proves_nothing(world, account, secret):
    """Its secret is forgotten with it."""
    with world.database.read() as connection:
        (enrolled,) = list_enrolled(connection, account.id)
    with world.database.transaction() as session:
        retire(session, world.audit, account.id, enrolled.id, now=NOW)
    with world.database.read() as connection:
        assert enrolled_kinds(connection, account.id) == frozenset()
    assert verify(world, account, code(secret, NOW)) is None
    assert world.events(account.id)[0] == "CredentialRetired"
    with pytest.raises(NotFoundError), world.database.transaction() as session:
        retire(session, world.audit, account.id, enrolled.id, now=NOW)


def test_the_uri_is_what_apps_read(secret):
    """Label and issuer; the algorithm is the default that every app knows."""
    uri = totp.provisioning_uri(secret, account_name="••• 003", issuer="Định Danh")
    parts = urlsplit(uri)
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert query["secret"] == [secret]
    assert query["issuer"] == ["Định Danh"]
