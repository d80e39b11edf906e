"""Figures on real databases: states, uses, days, the way, and what is withheld."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from idp.accounts.models import Account
from idp.config.figures import FiguresConfig
from idp.enrolment.models import Dossier
from idp.figures import counts, days, report, usage
from idp.figures.funnel import Funnel
from idp.figures.models import AccountCount, DailyUsage, FunnelCount
from idp.figures.report import Report
from idp.storage.database import Database
from tests.services import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ALL = FiguresConfig(smallest=1)
DAY = timedelta(days=1)


def account(state: str, level: int = 1) -> Account:
    return Account(
        id=uuid4(),
        level=level,
        state=state,
        identity_sealed=b"sealed",
        created_at=NOW,
        updated_at=NOW,
    )


def dossier(state: str, **more) -> Dossier:
    values = {
        "kind": "level1",
        "channel": "import",
        "receipt": uuid4().hex[:12],
        "submitted_at": NOW - DAY,
        "due_at": NOW + DAY,
        "evidence_sealed": b"sealed",
        "province_code": "01",
    }
    return Dossier(id=uuid4(), state=state, **(values | more))


def add(database: Database, *rows) -> None:
    with database.transaction() as session:
        session.add_all(rows)


def make(database: Database, config: FiguresConfig = ALL, **more) -> Report:
    return report.make(database, config, now=NOW, **more)


def use(database: Database, at: datetime, times: int = 1, **more) -> None:
    values = {"client_id": "tax", "outcome": "success", "level": 2, **more}
    with database.transaction() as session:
        for _ in range(times):
            chosen = {"account_id": uuid4(), **values}
            usage.record(session, now=at, **chosen)


def scanned(database: Database) -> dict[tuple, int]:
    with database.read() as connection:
        query = sa.select(Account.level, Account.state, sa.func.count()).group_by(
            Account.level, Account.state
        )
        return {
            (level, state): count for level, state, count in connection.execute(query)
        }


def counted(database: Database) -> dict[tuple, int]:
    with database.read() as connection:
        model = AccountCount
        query = sa.select(model.level, model.state, sa.func.sum(model.count)).group_by(
            model.level, model.state
        )
        rows = connection.execute(query)
        return {(level, state): count for level, state, count in rows if count}


def test_counts_follow_every_change(database: Database) -> None:
    """Inserted, moved, raised and deleted accounts are counted, whatever wrote them."""
    add(database, *(account("submitted") for _ in range(5)), account("active", 2))
    with database.transaction() as session:
        ids = session.scalars(sa.select(Account.id)).all()
        session.execute(
            sa.update(Account).where(Account.id.in_(ids[:3])).values(state="granted")
        )
        session.execute(sa.update(Account).where(Account.id == ids[0]).values(level=2))
        session.execute(sa.update(Account).values(updated_at=NOW + DAY))
        session.execute(sa.delete(Account).where(Account.id == ids[4]))

    assert counted(database) == scanned(database)
    assert sum(counted(database).values()) == 5


def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    """The count is part of the transaction."""

    def fail() -> None:
        with database.transaction() as session:
            session.add(account("granted"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert counted(database) == {}


def test_folding_in_parallel_keeps_the_sums(database: Database) -> None:
    """However many add the differences up, and whatever is added meanwhile."""

    def enrol(_: int) -> None:
        add(database, account("submitted"))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            enrolled = pool.map(enrol, range(40))
            folded = [pool.submit(counts.fold, database, above=1) for _ in range(4)]
            list(enrolled)
            for done in folded:
                done.result()

    counts.fold(database, above=1)
    assert counted(database) == {(1, "submitted"): 80}
    with database.read() as connection:
        rows = connection.scalar(sa.select(sa.func.count(AccountCount.id)))
    assert rows == 1


def test_the_shape_of_the_programme(database: Database) -> None:
    """Dossiers, granted, activated and their rate: 86 to 75.16 to 53.88 millions."""
    with database.transaction() as session:
        session.execute(
            sa.insert(AccountCount),
            [
                {"level": 2, "state": "granted", "count": 21_280_000},
                {"level": 2, "state": "active", "count": 43_880_000},
                {"level": 1, "state": "active", "count": 10_000_000},
            ],
        )

    made = make(database)

    assert (made.activation.whole, made.activation.part) == (75_160_000, 53_880_000)
    assert f"{made.activation.ratio:.2%}" == "71.69%"
    assert made.level2.part == 65_160_000


def test_dossiers_and_what_is_late(database: Database) -> None:
    """Open dossiers past their term are overdue, decided ones never."""
    late = {"due_at": NOW - timedelta(hours=1)}
    add(
        database,
        dossier("submitted"),
        dossier("submitted", **late),
        dossier("in_review", **late),
        dossier("granted", **late),
        dossier("refused", refusal="phone_not_own"),
    )

    made = make(database)

    assert (made.dossiers, made.overdue) == (5, 2)
    assert made.refusals == {"phone_not_own": 1}


def test_uses_by_day_portal_and_province(database: Database) -> None:
    """A day is one of Viet Nam; a denied request is history and no use."""
    citizen = account("active")
    add(database, citizen)
    add(database, dossier("granted", account_id=citizen.id, province_code="79"))
    midnight = datetime(2026, 11, 19, 17, 0, tzinfo=UTC)  # of the 20th in Viet Nam
    use(database, midnight - timedelta(seconds=1), account_id=citizen.id)
    use(database, midnight, 2)
    use(database, midnight, client_id="bank")
    use(database, midnight, outcome="denied")

    made = make(database)

    assert made.days["2026-11-19"] == 1
    assert made.days["2026-11-20"] == 3
    assert made.portals == {"tax": 3, "bank": 1}
    assert made.provinces == {"79": 1, "": 3}
    assert len(made.days) == 30


def test_days_are_counted_once_and_later_uses_beside_them(database: Database) -> None:
    """What was counted for good is read from its table, the rest from the history."""
    use(database, NOW - 3 * DAY, 4)
    use(database, NOW - DAY, 2)
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(
            lambda _: days.count_days(database, now=NOW, settle=3600), range(4)
        )
        assert sum(done) == 2

    with database.transaction() as session:
        assert days.counted_up_to(session) == date(2026, 11, 20)
        assert session.scalar(sa.select(sa.func.sum(DailyUsage.count))) == 6
    use(database, NOW, 5)

    soon = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)  # half an hour into the next day
    assert report.make(database, ALL, now=soon).portals == {"tax": 11}


def test_a_day_is_counted_when_nothing_can_still_come(database: Database) -> None:
    """Shortly after midnight yesterday is still open."""
    use(database, NOW - DAY)
    midnight = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)

    early = days.count_days(database, now=midnight + timedelta(minutes=59), settle=3600)
    late = days.count_days(database, now=midnight + timedelta(minutes=60), settle=3600)

    assert (early, late) == (0, 1)


def test_few_people_are_not_told(database: Database) -> None:
    """Below the threshold a figure is withheld, in JSON as in the report."""
    add(database, *(account("active", 2) for _ in range(9)))
    use(database, NOW - DAY, 9)
    use(database, NOW - DAY, 14, client_id="bank")
    use(database, NOW - 40 * DAY, 14, client_id="bank")

    made = make(database, FiguresConfig())
    before = make(database, FiguresConfig(), month=date(2026, 10, 5))

    assert (made.activation.whole, made.activation.ratio) == (None, None)
    assert made.portals == {"bank": 10}, "that a portal has few is not told either"
    assert made.to_json()["days"]["2026-11-20"] == 20
    assert made.to_json()["days"]["2026-11-19"] == "<10"
    assert made.to_json()["activation"] == {
        "part": "<10",
        "whole": "<10",
        "ratio": None,
    }
    assert (before.portals, before.is_month_over) == ({"bank": 10}, True)
    assert not made.is_month_over


def test_no_subtraction_finds_a_day_that_is_not_told(database: Database) -> None:
    """Thirty days, one with three sign-ins: neither portals nor provinces tell them."""
    first = datetime(2026, 10, 2, 5, tzinfo=UTC)
    for number in range(30):
        for client_id in ("tax", "bank"):
            times = 10 if number != 13 else {"tax": 1, "bank": 2}[client_id]
            use(database, first + number * DAY, times, client_id=client_id)

    told = report.make(
        database,
        FiguresConfig(),
        now=datetime(2026, 11, 1, 3, tzinfo=UTC),
        month=date(2026, 10, 1),
    )

    assert told.days["2026-10-15"] is None
    in_days = sum(count or 0 for count in told.days.values())
    for table in (told.portals, told.provinces):
        assert sum(table.values()) - in_days == 0
        assert all(count % 10 == 0 for count in table.values())


def test_two_looks_tell_nobody(database: Database) -> None:
    """Neither the reason of one refusal nor one use of today stands between them."""
    refused = {"refusal": "phone_not_own"}
    add(database, *(dossier("refused", **refused) for _ in range(23)))
    add(database, *(account("active", 2) for _ in range(23)))
    use(database, NOW - DAY, 29)
    before = make(database, FiguresConfig()).to_json()

    add(database, dossier("refused", **refused), dossier("refused", refusal="no_card"))
    add(database, account("active", 1), account("granted", 1))
    use(database, NOW, 5)

    assert make(database, FiguresConfig()).to_json() == before


class Now:
    """Runs errands at once."""

    def later(self, errand) -> bool:
        errand()
        return True


def test_the_way_is_counted_in_memory_and_written_now_and_then(
    database: Database,
) -> None:
    """One write a minute at most, whatever was counted; several processes add up."""
    funnels = [Funnel(database, Now(), every=60) for _ in range(2)]
    for funnel in funnels:
        for second in range(0, 59, 2):
            funnel.note("began", now=NOW + timedelta(seconds=second))
        funnel.note("failed", "cancelled", now=NOW)
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count(FunnelCount.day))) == 0

    for funnel in funnels:
        funnel.note("try", "password", now=NOW + timedelta(seconds=60))

    made = report.make(database, ALL, now=NOW + DAY)
    assert made.way == {
        "began": 60,
        "identified": None,
        "proven": None,
        "finished": None,
    }
    assert (made.failures, made.tries) == ({"cancelled": 2}, {"password": 2})


def test_counts_that_could_not_be_written_are_kept(database: Database) -> None:
    """A database that is away costs no count."""
    funnel = Funnel(database, Now(), every=60)
    funnel.note("began", now=NOW)
    with database.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE funnel_counts RENAME TO elsewhere"))
    with pytest.raises(sa.exc.DBAPIError):
        funnel.flush()
    with database.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO funnel_counts"))

    funnel.flush()

    assert report.make(database, ALL, now=NOW + DAY).way["began"] == 1


def test_an_erased_account_leaves_its_history(database: Database) -> None:
    """The history points at nothing that must stay."""
    use(database, NOW - DAY, account_id=UUID(int=1))

    assert make(database).provinces == {"": 1}
