"""What a server of several workers tells Prometheus, and that nothing of it is lost."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from idp import clock
from idp.audit.models import AuditSink
from idp.config import load_config
from idp.storage.database import Database
from idp.storage.key_models import KeyRecord
from tests.attacks.serving import metrics_port, patient

ROUTE = "/jwks.json"
ASKED = 24
_HANDBOOK = Path(__file__).parents[2] / "docs" / "operators.md"


def assert_counted(issuer: str, folder: Path) -> None:
    """Each answer is counted once, whichever worker gave it and though one dies."""
    before = value(issuer, "dinhdanh_requests_total", route=ROUTE, status="2xx")
    with patient() as session:
        for _ in range(ASKED):
            alone = {"Connection": "close"}  # each time whichever worker is free
            assert session.get(f"{issuer}{ROUTE}", headers=alone).ok
        assert session.get(f"{issuer}/readyz").ok
    counted = {"route": ROUTE, "status": "2xx"}
    assert value(issuer, "dinhdanh_requests_total", **counted) == before + ASKED
    assert value(issuer, "dinhdanh_request_seconds_count", endpoint="/token") > 0
    by_password = {"factor": "pwd", "portal": "confidential"}
    assert value(issuer, "dinhdanh_sign_ins_total", outcome="finished") > 0
    assert value(issuer, "dinhdanh_sign_ins_total", **by_password) > 0
    proven = {"factor": "password", "outcome": "proven"}
    assert value(issuer, "dinhdanh_proofs_total", **proven) > 0
    assert value(issuer, "dinhdanh_proof_seconds_count", factor="password") > 0
    assert value(issuer, "dinhdanh_keys", state="active") >= 2
    assert value(issuer, "dinhdanh_database_up") == 1
    assert value(issuer, "dinhdanh_ready", check="database") == 1
    (settings,) = folder.glob("config-*.toml")
    with closing(Database(load_config(settings).database.url)) as database:
        _assert_all_names(issuer, database)
        _assert_unopened_keys(issuer, database)

    (file,) = folder.glob("*.pid")
    server = int(file.read_text())
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)  # the first one tells the metrics
    assert value(issuer, "dinhdanh_requests_total", **counted) == before + ASKED


def _assert_all_names(issuer: str, database: Database) -> None:
    """Hold that the port tells what the handbook says, and nothing else."""
    sink = AuditSink(name="file", number=0, attempts=1, due_at=clock.now())
    with database.transaction() as session:
        session.add(sink)
    table = _HANDBOOK.read_text("utf-8").partition("\n### Metrics\n")[2]
    promised = set(re.findall(r"`(dinhdanh_\w+)", table.partition("```")[0]))
    names = {sample.name for sample in _samples(issuer)}
    told = {re.sub("_(count|sum|bucket|created)$", "", name) for name in names}

    assert told == promised
    assert value(issuer, "dinhdanh_audit_sink_behind", sink="file") > 0
    for outcome in ("answered", "down", "resting"):
        assert any(
            sample.labels == {"outcome": outcome}
            for sample in _samples(issuer)
            if sample.name == "dinhdanh_registry_questions_total"
        )


def _assert_unopened_keys(issuer: str, database: Database) -> None:
    """Hold that a row that does not open is counted while it is there."""
    name = "dinhdanh_keys_unopened"
    assert value(issuer, name) == 0
    with _planted(database):
        _await(issuer, name, 1)
        assert value(issuer, "dinhdanh_ready", check="keys") == 0
    _await(issuer, name, 0)


@contextmanager
def _planted(database: Database) -> Iterator[None]:
    with database.transaction() as session:
        found = session.execute(sa.select(KeyRecord.__table__)).mappings().first()
        assert found is not None
        planted = dict(found) | {"kid": "planted", "private_sealed": b"x" * 80}
        session.execute(sa.insert(KeyRecord), [planted])
    yield
    with database.transaction() as session:
        session.execute(sa.delete(KeyRecord).where(KeyRecord.kid == "planted"))


def _await(issuer: str, name: str, expected: float) -> None:
    """Ask for readiness, of whichever worker is free, until the metric is so."""
    until = monotonic() + 60
    with patient() as session:
        while value(issuer, name) != expected:
            assert monotonic() < until, name
            session.get(f"{issuer}/readyz", headers={"Connection": "close"})


def value(issuer: str, name: str, **labels: str) -> float:
    """Return the sum of what is told under a name with at least these labels."""
    return sum(
        sample.value
        for sample in _samples(issuer)
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def _samples(issuer: str) -> Iterator[Sample]:
    port = metrics_port(urlsplit(issuer).port or 0)
    with patient() as session:
        told = session.get(f"http://127.0.0.1:{port}/metrics")
    assert told.status_code == 200
    for family in text_string_to_metric_families(told.text):
        yield from family.samples
