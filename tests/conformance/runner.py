"""Drive an OpenID Foundation conformance suite that already runs, by its REST API.

`python -m tests.conformance.runner --config FILE --suite URL basic config` registers
the plans' clients in a sandbox, has the suite run one module after the other, and ends
with 1 where one came out otherwise than expected. docs/conformance.md says more.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from idp.config import load_config
from idp.provider import Provider, build_provider
from tests.conformance.plan_files import PLANS, Plan, prepare, read

# What the suite calls the ends of a module, and what of its log explains one.
_ENDED = {"FINISHED", "INTERRUPTED"}
_TOLD = {"FAILURE", "WARNING"}


class SuiteError(Exception):
    """The suite refused a call, or a module took too long."""


@dataclass
class SuiteApi:
    """The suite's REST API at `base`, as far as running a plan needs it."""

    base: str
    token: str | None = None
    ca: str | None = None
    pause: float = 1.0
    limit: float = 600.0
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.verify = self.ca or True
        if self.token:
            self.session.headers["Authorization"] = f"Bearer {self.token}"

    def call(
        self, method: str, path: str, body: Any = None, **query: str | None
    ) -> Any:
        """Make one call; return the JSON of the answer, None if there is none."""
        response = self.session.request(
            method,
            f"{self.base}/api/{path}",
            params={name: text for name, text in query.items() if text is not None},
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        if not response.ok:
            said = response.text[:500]
            raise SuiteError(f"{method} {path}: {response.status_code} {said}")
        return response.json() if response.content else None

    def run_module(self, plan_id: str, module: Mapping[str, Any]) -> str:
        """Run one module to its end; return the suite's log id of it."""
        variant = module.get("variant")
        made = self.call(
            "POST",
            "runner",
            test=module["testModule"],
            plan=plan_id,
            variant=json.dumps(variant) if variant else None,
        )
        test_id: str = made["id"]
        deadline, is_started = time.monotonic() + self.limit, False
        while (status := self.call("GET", f"info/{test_id}")["status"]) not in _ENDED:
            if status == "CONFIGURED" and not is_started:
                self.call("POST", f"runner/{test_id}")
                is_started = True
            if time.monotonic() > deadline:
                raise SuiteError(f"{module['testModule']} is still {status}")
            time.sleep(self.pause)
        return test_id


@dataclass(frozen=True)
class Outcome:
    """What became of one module, and what its plan expects."""

    module: str
    result: str
    expected: str
    log: str
    said: tuple[str, ...] = ()

    @property
    def is_expected(self) -> bool:
        """Say whether nothing is to be looked into."""
        return self.result == self.expected


def run_plan(provider: Provider, api: SuiteApi, plan: Plan) -> Iterator[Outcome]:
    """Register the plan's clients, and run its modules one by one."""
    config = prepare(provider, plan, suite=api.base)
    made = api.call(
        "POST",
        "plan",
        config,
        planName=plan.plan,
        variant=json.dumps(plan.variant) if plan.variant else None,
    )
    for module in made["modules"]:
        test_id = api.run_module(made["id"], module)
        info, name = api.call("GET", f"info/{test_id}"), module["testModule"]
        yield Outcome(
            module=name,
            result=info["result"] if info["status"] == "FINISHED" else info["status"],
            expected=plan.expected.get(name, "PASSED"),
            log=f"{api.base}/log-detail.html?log={test_id}",
            said=tuple(_complaints(api.call("GET", f"log/{test_id}"))),
        )


def _complaints(log: list[dict[str, Any]]) -> Iterator[str]:
    for entry in log:
        if entry.get("result") in _TOLD:
            yield f"{entry['result']} {entry.get('src', '')}: {entry.get('msg', '')}"


def report(plan: Plan, outcomes: Iterator[Outcome]) -> bool:
    """Print each outcome as it comes; say whether all were expected."""
    is_all_expected = True
    print(plan.plan)
    for outcome in outcomes:
        mark = "  " if outcome.is_expected else "! "
        print(f"{mark}{outcome.result:<12} {outcome.module}", flush=True)
        if not outcome.is_expected:
            is_all_expected = False
            print(f"    expected {outcome.expected}; {outcome.log}")
            for sentence in outcome.said:
                print(f"    {sentence}")
    return is_all_expected


def main(arguments: list[str] | None = None) -> int:
    """Run the plans that are named, all without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="*", default=sorted(PLANS), metavar="PLAN")
    parser.add_argument("--config", type=Path, required=True, help="of the sandbox")
    parser.add_argument("--suite", required=True, help="the suite's own address")
    parser.add_argument("--ca", help="PEM of whoever signed the suite's certificate")
    parser.add_argument("--token-file", type=Path, help="holds the suite's API token")
    asked = parser.parse_args(arguments)
    token = asked.token_file.read_text().strip() if asked.token_file else None
    api = SuiteApi(asked.suite.rstrip("/"), token=token, ca=asked.ca)
    provider = build_provider(load_config(asked.config))
    with closing(provider.database), closing(provider.ephemeral):
        plans = [read(name) for name in asked.plans]
        results = [report(plan, run_plan(provider, api, plan)) for plan in plans]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
