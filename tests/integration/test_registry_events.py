"""Registries' events and the sweep: locks come and go by themselves, once each."""

import json
import os
import pwd
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.accounts import identifiers
from idp.accounts.calendar import HANOI
from idp.accounts.lifecycle import LOCK_ASKERS, LOCK_GROUNDS, live_locks
from idp.audit.models import AuditEvent
from idp.cli import main
from idp.cli.context import CliContext
from idp.locks import papers, placing, registry_events, sweeping
from idp.locks.grounds import GROUNDS, AskerRefusedError
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.chip.people import enrol, issue, trust
from tests.integration.way_back import Post, prepare
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def citizen(provider):
    return prepare(provider)


def locks(provider, citizen) -> tuple[str, ...]:
    with provider.database.read() as connection:
        return live_locks(connection, citizen.id)


def happen(provider, citizen, kind: str, **more) -> str:
    value = {"id": f"{kind}-{more}", "kind": kind, "number": citizen.person.number}
    now = clock.now()
    event = registry_events.parse(value | more, sandbox=True, now=now)
    return registry_events.apply(provider, event, now=now)


PAIRS = [
    ("death", "death_corrected", "death"),
    ("card_expired", "card_issued", "card_expired"),
    ("card_held", "card_returned", "card_held"),
    ("card_revoked", "card_issued", "card_revoked"),
    ("passport_expired", "passport_issued", "passport_expired"),
    ("permit_expired", "permit_issued", "permit_expired"),
    ("number_cancelled", "number_replaced", "number_cancelled"),
]


@pytest.mark.parametrize(("begin", "end", "ground"), PAIRS)
def test_each_ground_comes_and_goes(app, provider, citizen, begin, end, ground) -> None:
    """The session ends with the lock; signing in works again with its end."""
    browser = Browser(app.test_client())
    browser.visit("/account")
    assert at(browser.submit(**citizen.entry)) == "account"
    assert happen(provider, citizen, begin) == "applied"
    assert locks(provider, citizen) == (ground,)
    assert at(browser.visit("/account")) == "login"
    assert error_code(browser.submit(**citizen.entry)) not in (None, "DD-AUTH-029")
    more = {"new_number": "001085000888"} if end == "number_replaced" else {}
    assert happen(provider, citizen, end, **more) == "applied"
    assert locks(provider, citizen) == ()
    letters = Post(provider).letters()
    assert any("mở khóa" in letter for letter in letters)
    assert (begin == "death") == (len(letters) == 1), "nobody writes of a death"


def test_a_new_number_keeps_account_and_subject(app, provider, citizen) -> None:
    """The holder is told; the former number still signs in, and finds it for events."""
    portal = Portal.register(provider, "tax")

    def subject(entry) -> str:
        browser = Browser(app.test_client())
        browser.visit(portal.url())
        page = browser.submit(**entry)
        if at(page) == "consent":
            page = browser.submit(decision="allow")
        code = answer(page)["code"]
        return portal.redeem(browser.client, code)["claims"]["sub"]

    before = subject(citizen.entry)
    new = "001085000888"
    assert happen(provider, citizen, "number_replaced", new_number=new) == "applied"
    assert subject(citizen.entry | {"personal_number": new}) == before
    assert "xác lập lại" in Post(provider).letters()[0]
    assert subject(citizen.entry) == before
    assert happen(provider, citizen, "number_replaced", new_number=new) == "known"
    assert happen(provider, citizen, "card_held") == "applied"
    assert locks(provider, citizen) == ("card_held",)
    with provider.database.read() as connection:
        number = identifiers.current_number(connection, provider.sealer, citizen.id)
    assert number == new


@on_each_backend
def test_an_event_is_applied_once(provider, citizen) -> None:
    """Of twenty at once one is; unlocked by hand, it does not come again."""
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(lambda _: happen(provider, citizen, "card_held"), range(20))
        )
    assert sorted(set(told)) == ["applied", "known"]
    assert told.count("applied") == 1
    with provider.database.transaction() as session:
        placing.unlock(
            provider,
            session,
            citizen.id,
            ground="card_held",
            asker="agency",
            now=clock.now(),
        )
    assert happen(provider, citizen, "card_held") == "known"
    assert locks(provider, citizen) == ()


def test_a_kill_leaves_an_event_whole(provider, citizen, monkeypatch) -> None:
    """Dead between mark and lock, nothing is marked; the next run applies it."""

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(placing.effects, "apply", die)
        with pytest.raises(KeyboardInterrupt):
            happen(provider, citizen, "death")
    assert locks(provider, citizen) == ()
    assert happen(provider, citizen, "death") == "applied"
    assert locks(provider, citizen) == ("death",)


@pytest.fixture
def idp(provider):
    context = CliContext(None)
    context.__dict__.update(provider=provider, config=provider.config)

    def run(*arguments: str, stdin: str = ""):
        group = main.get_command(None, "locks")
        return CliRunner().invoke(group, arguments, obj=context, input=stdin)

    return run


def test_the_command_tells_each_line(provider, citizen, idp) -> None:
    """Good lines are applied whatever stands between them; again, none is."""
    number = citizen.person.number
    lines = [
        json.dumps({"id": "1", "kind": "card_held", "number": number}),
        "{",
        json.dumps(["x"]),
        json.dumps({"id": "2", "kind": "wedding", "number": number}),
        json.dumps({"id": "", "kind": "death", "number": number}),
        json.dumps({"id": "3", "kind": "death", "number": "12"}),
        json.dumps({"id": "4", "kind": "death"}),
        json.dumps({"id": "5", "kind": "number_replaced", "number": number}),
        json.dumps(
            {"id": "6", "kind": "card_issued", "number": number, "expires_on": "soon"}
        ),
        "",
        json.dumps({"id": "7", "kind": "death", "number": "001085999111"}),
        json.dumps({"id": "8", "kind": "permit_expired", "number": number}),
    ]
    done = idp("apply", "-", stdin="\n".join(lines))
    assert done.exit_code == 1
    assert "2 applied, 0 known before, 1 of people without an account, 8 refused." in (
        done.stdout
    )
    assert "line 2: no JSON" in done.stderr
    assert number not in done.output
    assert set(locks(provider, citizen)) == {"card_held", "permit_expired"}
    again = idp("apply", "-", stdin=lines[0])
    assert (again.exit_code, "1 known before" in again.stdout) == (0, True)


def test_the_log_keeps_who_handed_an_event_over(
    provider, citizen, idp, monkeypatch
) -> None:
    """By the system's word: a file proves no registry, and LOGNAME nobody."""
    monkeypatch.setenv("LOGNAME", "registry")
    number, other = citizen.person.number, "001085000888"
    idp("apply", "-", stdin="\n".join((
        json.dumps({"id": "1", "kind": "card_held", "number": number}),
        json.dumps({"id": "2", "kind": "card_returned", "number": number}),
        json.dumps({"id": "3", "kind": "number_replaced", "number": number,
                    "new_number": other}),
    )))  # fmt: skip

    with provider.database.read() as connection:
        query = sa.select(AuditEvent.type, AuditEvent.data)
        found = {row.type: json.loads(row.data) for row in connection.execute(query)}
    for kind in ("LockPlaced", "LockLifted", "NumberReplaced"):
        login = pwd.getpwuid(os.getuid()).pw_name
        assert found[kind]["by"] == f"locks apply: {login}", kind


def sweep(provider, day: date) -> tuple[int, int]:
    """Sweep as if it were noon of that day in Viet Nam."""
    noon = (
        clock.now()
        .astimezone(HANOI)
        .replace(year=day.year, month=day.month, day=day.day, hour=12)
    )
    done = sweeping.sweep(provider, now=noon)
    return done.locked, done.unlocked


@on_each_backend
@pytest.mark.parametrize("kind", ["card", "passport", "permit"])
def test_a_paper_is_good_through_its_last_day(provider, citizen, kind) -> None:
    """The day after it locks, once; a renewal unlocks."""
    last, now = date(2027, 3, 1), clock.now()
    with provider.database.transaction() as session:
        papers.note(session, citizen.id, kind, last, now=now)
    assert sweep(provider, last) == (0, 0)
    assert sweep(provider, last + timedelta(days=1)) == (1, 0)
    assert sweep(provider, last + timedelta(days=1)) == (0, 0)
    assert locks(provider, citizen) == (papers.GROUNDS[kind],)
    with provider.database.transaction() as session:
        papers.note(session, citizen.id, kind, None, now=now)
    assert sweep(provider, last + timedelta(days=2)) == (0, 1)
    assert locks(provider, citizen) == ()


def test_a_card_that_was_read_here_counts(provider, citizen) -> None:
    """Its own last day locks, unless a later card was read."""
    trust(provider)
    enrol(provider, citizen, issue())
    with provider.database.transaction() as session:
        papers.note(session, citizen.id, "card", date(2026, 1, 1), now=clock.now())
    with provider.database.transaction() as session:
        assert papers.note_cards(session, now=clock.now()) == 1
        assert papers.note_cards(session, now=clock.now()) == 0
    assert sweep(provider, date(2026, 11, 22)) == (0, 0)
    assert locks(provider, citizen) == ()
    sweep(provider, date(2126, 11, 22))
    assert locks(provider, citizen) == ("card_expired",)


def test_the_sweep_command(provider, citizen, idp) -> None:
    """It says what it did."""
    with provider.database.transaction() as session:
        papers.note(session, citizen.id, "card", date(2020, 1, 1), now=clock.now())
    done = idp("sweep")
    assert done.stdout == "1 locked, 0 unlocked, 0 portals told.\n"


def test_the_table_of_grounds_is_whole() -> None:
    """Every ground of an account has its row, and every asker is known."""
    assert set(GROUNDS) == set(LOCK_GROUNDS)
    for ground in GROUNDS.values():
        assert ground.askers | ground.lifters <= set(LOCK_ASKERS)
        assert ground.clause


@pytest.mark.parametrize("ground", LOCK_GROUNDS)
@pytest.mark.parametrize("asker", LOCK_ASKERS)
def test_who_may_not_ask_is_refused(provider, citizen, ground, asker) -> None:
    """Both ways, for every pair."""
    row = GROUNDS[ground]
    with provider.database.transaction() as session:
        asked = {"ground": ground, "asker": asker, "now": clock.now()}
        if asker not in row.askers:
            with pytest.raises(AskerRefusedError):
                placing.lock(provider, session, citizen.id, **asked)
        else:
            placing.lock(provider, session, citizen.id, **asked)
        if asker not in row.lifters:
            with pytest.raises(AskerRefusedError):
                placing.unlock(provider, session, citizen.id, **asked)
