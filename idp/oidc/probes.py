"""What a balancer asks: does the process answer, and can it do its work.

The names of what fails are told, and nothing about why: that stands in the log.
"""

import re
from http import HTTPStatus

import structlog

from idp import metrics
from idp.factors.throttle import source_of
from idp.health import Watch
from idp.oidc.errors import json_answer
from idp.oidc.request_guard import MachineRequest, MachineResponse
from idp.provider import Provider

LIVE_PATH, READY_PATH = "/healthz", "/readyz"
PROBE_HEADER, PROBE_KEY = "X-Dinhdanh-Probe", "probe:{}"
_PROBE = re.compile(r"[0-9a-f]{32}")

_log = structlog.get_logger("idp.health")


def live(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer, by which the process has shown that it does.

    `idp doctor` also learns where its request seems to come from: it has put the name
    of its probe into the ephemeral store, where it serves once.
    """
    told = {"status": "live"}
    probe = request.probe
    is_shaped = probe is not None and _PROBE.fullmatch(probe)
    if is_shaped and provider.ephemeral.take(PROBE_KEY.format(probe)) is not None:
        proxies = provider.config.server.trusted_proxies
        told["source"] = source_of(request.peer, request.forwarded_for, proxies)
    return json_answer(HTTPStatus.OK, told)


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
