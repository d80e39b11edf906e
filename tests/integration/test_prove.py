"""The long proofs at one hundredth of their size; `make prove` runs them whole."""

from pathlib import Path

import pytest

from tests.prove.__main__ import is_exact
from tests.prove.importing import prove
from tests.services import BACKENDS, Services


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_import_that_is_killed_twice_is_exact(
    services: Services, backend: str, tmp_path: Path
) -> None:
    """Every row is there once, chains are whole, and memory does not grow with it."""
    proof = prove(services, backend=backend, rows=10_000, folder=tmp_path)

    assert is_exact(proof), proof
    assert len(proof.kills) == 2
    assert proof.kills[0] < proof.kills[1] < 10_000
    assert proof.peak_mib < 300
