"""The long proofs at one hundredth of their size; `make prove` runs them whole."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.prove.__main__ import is_exact, main
from tests.prove.auditing import prove_audit
from tests.prove.importing import prove
from tests.prove.probes import QUESTIONS
from tests.prove.rotating import REFUSED_WITHIN, WORKERS, Clocks, Turning, turn
from tests.prove.signing import prove_signing
from tests.prove.timing import measure
from tests.services import BACKENDS, Services


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_import_that_is_killed_twice_is_exact(
    services: Services, backend: str, tmp_path: Path
) -> None:
    """Every row is there once, chains are whole, and memory does not grow with it.

    Leaders see what came of it without a scan of it.
    """
    proof = prove(services, backend=backend, rows=10_000, folder=tmp_path)

    assert is_exact(proof), proof
    assert len(proof.kills) == 2
    assert proof.kills[0] < proof.kills[1] < 10_000
    assert proof.peak_mib < 300
    assert proof.figures.accounts >= proof.accounts
    assert proof.figures.statements < 80, "a few for each day that is shown"


@pytest.mark.timeout(300)
def test_known_and_unknown_persons_get_one_answer(
    services: Services, tmp_path: Path
) -> None:
    """At one page with one status; `make prove` compares how long it takes."""
    for question in measure(services, rounds=2, folder=tmp_path):
        assert question.is_uniform, (question.page, question.answers)
        assert all(len(times) == 2 for times in question.took.values())


def test_a_log_is_proven_by_its_heads_alone(services: Services, tmp_path: Path) -> None:
    """In memory that does not grow with the rows, none left uncovered."""
    small, large = prove_audit(services, sizes=(10_000, 50_000), folder=tmp_path)

    assert small.is_whole
    assert large.is_whole
    assert large.uncovered == 0
    assert large.rows - small.rows == 40_000
    assert large.peak_mib < 1.2 * small.peak_mib


def test_a_token_signs_ten_thousand_times(tmp_path: Path) -> None:
    """From one thread and from eight, every checked one right, and nothing crashes."""
    proofs = prove_signing(tmp_path, signatures=10_000)

    assert [proof.threads for proof in proofs] == [1, 8, 1, 8]
    assert sum(p.signatures for p in proofs if p.alg == "ES256") == 10_000
    assert all(proof.checked and not proof.wrong for proof in proofs), proofs


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nobody_notices_a_rotation_and_nobody_takes_a_killed_key(
    services: Services, tmp_path: Path
) -> None:
    """Under load, by two processes at once, while one of four workers dies."""
    found = turn(
        services,
        tmp_path,
        clocks=Clocks(publish_lead=6, jwks_max_age=1, reread_after=1),
        portals=2,
        rotations=1,
        pause=0.2,
    )

    assert found.is_calm, found
    assert found.rotations == found.workers_killed == 1
    assert found.is_refused, found


CALM = Turning(Clocks(12, 5, 2), portals=1, verified=9, rounds=9, refused_by=WORKERS)
IN_TIME = dict.fromkeys(QUESTIONS, REFUSED_WITHIN - 0.01)


@pytest.mark.parametrize(
    ("seen", "is_proven"),
    [
        ({}, True),
        ({"refused_after": {}}, False),
        ({"refused_after": IN_TIME | {"refresh": REFUSED_WITHIN}}, False),
        ({"refused_by": WORKERS - 1}, False),
        ({"failed": ["id_token: unknown kid"]}, False),
        ({"failed_later": 1}, False),
        ({"doubles": 1}, False),
        ({"lost": 1}, False),
        ({"verified": 0}, False),
    ],
)
def test_make_prove_fails_unless_all_is_well(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    seen: dict[str, Any],
    is_proven: bool,
) -> None:
    """One failed verification is enough, or one worker that took a killed key late."""
    found = replace(CALM, **{"refused_after": IN_TIME, **seen})
    monkeypatch.setattr("tests.prove.__main__.turn", lambda *_, **__: found)
    page = tmp_path / "proofs.md"
    page.write_text("# Proofs\n")
    monkeypatch.setattr("sys.argv", ["prove", "--only=keys", f"--page={page}"])

    with nullcontext() if is_proven else pytest.raises(SystemExit, match="keys"):
        main()

    assert "## Keys that turn under load" in page.read_text()
