"""What a server of several workers tells Prometheus, and that nothing of it is lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.attacks.serving import metrics_port, patient

ROUTE = "/jwks.json"
ASKED = 24


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
    assert value(issuer, "dinhdanh_sign_ins_total") > 0
    assert value(issuer, "dinhdanh_keys", state="active") >= 2
    assert value(issuer, "dinhdanh_database_up") == 1
    assert value(issuer, "dinhdanh_ready", check="database") == 1

    (file,) = folder.glob("*.pid")
    server = int(file.read_text())
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)  # the first one tells the metrics
    assert value(issuer, "dinhdanh_requests_total", **counted) == before + ASKED


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
