"""What a balancer asks: does the process answer, and can it do its work.

The names of what fails are told, and nothing about why: that stands in the log.
"""

from http import HTTPStatus

import structlog

from idp import metrics
from idp.health import Watch
from idp.oidc.errors import json_answer
from idp.oidc.request_guard import MachineRequest, MachineResponse

LIVE_PATH, READY_PATH = "/healthz", "/readyz"

_log = structlog.get_logger("idp.health")


def live(request: MachineRequest) -> MachineResponse:
    """Answer, by which the process has shown that it does."""
    del request
    return json_answer(HTTPStatus.OK, {"status": "live"})


def ready(watch: Watch, request: MachineRequest) -> MachineResponse:
    """Say whether everything behind this process works, and what does not."""
    del request
    found = watch.findings()
    failing = {one.name: one.detail for one in found if not one.is_good}
    if failing:
        _log.warning("not ready", **failing)
    for one in found:
        metrics.READY.labels(one.name).set(float(one.is_good))
    checks = {one.name: one.is_good for one in found}
    status = HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK
    said = "not ready" if failing else "ready"
    return json_answer(status, {"status": said, "checks": checks})
