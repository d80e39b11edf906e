"""What Prometheus is told of this process; every label is one of few words of ours.

Never a word that a client or a citizen chose: each new one would be a new series for
ever. With PROMETHEUS_MULTIPROC_DIR set before this is imported (`idp serve` does) the
values live in files that `idp.exporter` adds up over all workers.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter(
    "dinhdanh_requests", "Answers by route and status class", ("route", "status")
)
REQUEST_SECONDS = Histogram(
    "dinhdanh_request_seconds",
    "Time to an answer; one row for all pages, one for each machine endpoint",
    ("endpoint",),
    buckets=FAST,
)
SIGN_INS = Counter(
    "dinhdanh_sign_ins",
    "Ends of the way from a portal's request, by the newest factor and kind of portal",
    ("outcome", "factor", "portal"),
)
PROOFS = Counter("dinhdanh_proofs", "Tries of a factor", ("factor", "outcome"))
PROOF_SECONDS = Histogram(
    "dinhdanh_proof_seconds", "Time to check a factor", ("factor",), buckets=SLOW
)
REGISTRY_QUESTIONS = Counter(
    "dinhdanh_registry_questions", "Questions to the registry", ("outcome",)
)
REGISTRY_SECONDS = Histogram(
    "dinhdanh_registry_seconds", "Time to the registry's answer", buckets=SLOW
)
KEY_ERRORS = Counter(
    "dinhdanh_key_errors",
    "Answers that were refused because the hardware with the signing key gave none",
    ("purpose",),
)
KEYS_UNOPENED = Gauge(
    "dinhdanh_keys_unopened",
    "Keys that the last check of readiness could not open, in the worst worker",
    multiprocess_mode="livemax",
)
READY = Gauge(
    "dinhdanh_ready",
    "Whether a check of readiness was good when last asked, in the worst worker",
    ("check",),
    multiprocess_mode="livemin",
)


# From the start, at 0: what counts an increase would not see the first one.
for _place in ("token", "store"):
    KEY_ERRORS.labels(_place)
for _outcome in ("answered", "down", "resting"):
    REGISTRY_QUESTIONS.labels(_outcome)


@contextmanager
def proof(factor: str) -> Iterator[None]:
    """Take the time of the check of one factor."""
    began = time.perf_counter()
    try:
        yield
    finally:
        PROOF_SECONDS.labels(factor).observe(time.perf_counter() - began)
