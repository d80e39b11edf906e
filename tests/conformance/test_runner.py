"""The runner, against a stand-in for the suite that answers as its API does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.plan_files import read
from tests.conformance.runner import SuiteApi, SuiteError, report, run_plan

MODULES = ("oidcc-server", "oidcc-prompt-login", "oidcc-codereuse")


@dataclass
class StandIn:
    """The suite as its API shows it: a plan of three modules."""

    results: dict[str, str] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=lambda: ["CONFIGURED", "RUNNING"])
    given: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    uri: str = ""

    def answer(self, method: str, path: str, query: Any, body: bytes) -> Any:
        """Return the JSON of an answer."""
        self.calls.append(f"{method} {path}")
        kind, _, test = path.removeprefix("/api/").partition("/")
        if (method, kind) == ("POST", "plan"):
            self.given = {"config": json.loads(body), **query}
            modules = [{"testModule": name, "variant": None} for name in MODULES]
            return {"id": "plan-1", "modules": modules}
        if (method, kind) == ("POST", "runner"):
            self.left = list(self.statuses)
            return {"id": test or query["test"][0]}
        if kind == "info":
            status = self.left.pop(0) if self.left else "FINISHED"
            return {"status": status, "result": self.results.get(test, "PASSED")}
        return [{"result": "FAILURE", "src": "CheckIt", "msg": "it was not so"}]


@contextmanager
def running(suite: StandIn) -> Iterator[SuiteApi]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            if self.headers.get("Authorization") != "Bearer secret":
                self.send_error(401)
                return
            found = suite.answer(self.command, parts.path, parse_qs(parts.query), body)
            answer = json.dumps(found).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the name is http.server's

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        api = SuiteApi(base, token="secret", pause=0)
        try:
            yield api
        finally:
            api.session.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("results", "is_good"),
    [
        ({"oidcc-prompt-login": "REVIEW"}, True),
        ({}, False),
        ({"oidcc-prompt-login": "REVIEW", "oidcc-codereuse": "FAILED"}, False),
    ],
)
def test_a_plan_is_run_and_compared(provider, capsys, results, is_good) -> None:
    """Each module once, started when configured; what differs is explained."""
    suite = StandIn(results)
    plan = read("basic")
    with running(suite) as api:
        assert report(plan, run_plan(provider, api, plan)) is is_good

    printed = capsys.readouterr().out
    assert all(name in printed for name in MODULES)
    assert ("it was not so" in printed) is not is_good
    assert suite.given["planName"] == [plan.plan]
    assert json.loads(suite.given["variant"][0]) == plan.variant
    client = suite.given["config"]["client"]
    assert provider.relying_parties.check_secret(
        client["client_id"], client["client_secret"]
    )
    for name in MODULES:
        assert suite.calls.count(f"POST /api/runner/{name}") == 1


def test_a_refusal_of_the_suite_ends_the_run(provider) -> None:
    """With what it said."""
    with running(StandIn()) as api:
        api.session.headers["Authorization"] = "Bearer other"
        with pytest.raises(SuiteError, match="401"):
            next(run_plan(provider, api, read("config")))


def test_a_module_that_hangs_ends_the_run(provider) -> None:
    """It is told by name and state."""
    with running(StandIn(statuses=["WAITING"] * 9)) as api:
        api.limit = 0
        with pytest.raises(SuiteError, match="oidcc-server is still WAITING"):
            next(run_plan(provider, api, read("config")))
