"""The way back in: what proofs open, and how a case lives and ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain, combinations
from uuid import uuid4

import pytest

from idp.authentication import recovery
from idp.authentication.recovery import RecoveryError, opens
from tests.unit.world import NOW, on_each_backend

TTL = 1800
PROOFS = ("email", "sms", "totp", "recovery", "chip", "face", "pwd", "hotline")
EVERY = list(chain.from_iterable(combinations(PROOFS, size) for size in range(9)))


@pytest.mark.parametrize("proofs", EVERY, ids="-".join)
def test_what_proofs_open(proofs):
    """Two without the password; the card, and the password or the face.

    The hotline's word opens nothing by itself, and with the phone alone nothing.
    """
    wanted = set()
    if len(set(proofs) - {"pwd", "hotline"}) >= 2:
        wanted.add("password")
    if "chip" in proofs and {"pwd", "face"} & set(proofs):
        wanted.add("factors")
    called = {"hotline", "sms"} <= set(proofs) and {"email", "chip"} & set(proofs)
    if {"chip", "pwd"} <= set(proofs) or called:
        wanted.add("unlock")
    assert opens(proofs) == wanted
    assert opens([*proofs, *proofs]) == wanted, "the same proof twice is one"


def test_nothing_unknown_opens_anything():
    """A method that the rule does not name counts for nothing."""
    assert not opens(["device", "passkey", "other", "x"])


@on_each_backend
def test_a_case_is_kept_whole(ephemeral):
    """Whatever is in it comes back, in its browser."""
    case = recovery.open_case(
        "browser",
        now=NOW,
        subject="s",
        account_id=uuid4(),
        is_by_number=True,
        channel="sms",
        portrait=("jp2", b"\x00sealed"),
    ).proven("chip")
    recovery.save(ephemeral, case, now=NOW, ttl=TTL)
    found = recovery.load(ephemeral, case.id, browser="browser", now=NOW, ttl=TTL)
    assert found == case
    assert found.holder == case.account_id
    assert "sealed" not in repr(case)
    nobody = recovery.open_case("browser", now=NOW)
    assert nobody.holder == recovery.NOBODY


@pytest.mark.parametrize(
    ("browser", "later"), [("other", 0), (None, 0), ("", 0), ("browser", TTL)]
)
def test_a_case_has_one_browser_and_an_end(ephemeral, browser, later):
    """Another browser's is unknown, as is one that is over."""
    case = recovery.open_case("browser", now=NOW)
    recovery.save(ephemeral, case, now=NOW, ttl=TTL)
    now = NOW + timedelta(seconds=later)
    with pytest.raises(RecoveryError):
        recovery.load(ephemeral, case.id, browser=browser, now=now, ttl=TTL)
    with pytest.raises(RecoveryError):
        recovery.load(ephemeral, "unknown", browser="browser", now=NOW, ttl=TTL)


@on_each_backend
def test_of_parallel_takers_one_gets_it(ephemeral):
    """A case is used once, and only for what its stored proofs open."""
    case = recovery.open_case("browser", now=NOW).proven("chip").proven("pwd")
    recovery.save(ephemeral, case, now=NOW, ttl=TTL)

    def take(_):
        try:
            recovery.take(ephemeral, case, "factors", now=NOW, ttl=TTL)
        except RecoveryError:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(take, range(50))) == 1


@on_each_backend
def test_a_late_proof_does_not_bring_a_used_case_back(ephemeral):
    """A proof that was checked meanwhile stores the case again, to no avail."""
    case = recovery.open_case("browser", now=NOW).proven("chip").proven("pwd")
    recovery.save(ephemeral, case, now=NOW, ttl=TTL)
    under_way = recovery.load(ephemeral, case.id, browser="browser", now=NOW, ttl=TTL)
    recovery.take(ephemeral, case, "factors", now=NOW, ttl=TTL)

    recovery.save(ephemeral, under_way.proven("totp"), now=NOW, ttl=TTL)

    with pytest.raises(RecoveryError):
        recovery.load(ephemeral, case.id, browser="browser", now=NOW, ttl=TTL)
    with pytest.raises(RecoveryError):
        recovery.take(ephemeral, under_way, "factors", now=NOW, ttl=TTL)


@pytest.mark.parametrize("change", ["password", "factors"])
def test_an_unproven_case_opens_nothing(ephemeral, change):
    """What the caller holds does not count; what is stored does."""
    case = recovery.open_case("browser", now=NOW)
    recovery.save(ephemeral, case, now=NOW, ttl=TTL)
    better = case.proven("chip").proven("face")
    with pytest.raises(RecoveryError):
        recovery.take(ephemeral, better, change, now=NOW, ttl=TTL)


def test_an_old_case_opens_nothing(ephemeral):
    """Even if the store still has it."""
    case = recovery.open_case("browser", now=NOW).proven("chip").proven("face")
    recovery.save(ephemeral, case, now=NOW, ttl=TTL)
    late = NOW + timedelta(seconds=TTL)
    with pytest.raises(RecoveryError):
        recovery.take(ephemeral, case, "factors", now=late, ttl=TTL)
