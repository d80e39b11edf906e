"""Fifty at once against four processes of `idp serve`: one wins, on either stores.

Races inside one process stand with what they are about; these show that what workers
share is enough.
"""

from pathlib import Path

import pytest

from clients.attack import checklist
from tests.attacks.metrics_side import assert_counted
from tests.attacks.serving import serving
from tests.services import BACKENDS, Services

RACES = (
    "code_race",
    "refresh_race",
    "pushed_request_race",
    "assertion_replayed",
    "proof_replayed",
    "device_code_race",
    "user_code_race",
    "code_used_by_many",
    "recovery_code_race",
    "activation_race",
    "consent_race",
    "registration_race",
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", BACKENDS)
def test_one_wins(services: Services, tmp_path: Path, backend: str) -> None:
    """Each single-use thing is used once, whichever workers are asked for it."""
    with serving(services, tmp_path, backend=backend) as target:
        findings = list(checklist.run(target, *RACES))
        assert_counted(target.issuer, tmp_path)

    told = {one.attack.name: (one.outcome, one.told) for one in findings}
    assert told == dict.fromkeys(RACES, ("refused", ""))
