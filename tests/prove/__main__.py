"""`make prove`: run the long proofs and write their figures to docs/proofs.md."""

import argparse
import tempfile
from pathlib import Path

from tests.prove import page
from tests.prove.auditing import prove_audit
from tests.prove.importing import DOUBLES, Proof, prove
from tests.prove.rotating import Clocks, turn
from tests.prove.signing import prove_signing
from tests.prove.timing import ALLOWED, measure
from tests.services import BACKENDS, Services

_PAGE = Path(__file__).parents[2] / "docs" / "proofs.md"
_CLOCKS = Clocks(publish_lead=12, jwks_max_age=5, reread_after=2)
_AUDIT_ROWS = (1_000_000, 5_000_000)


class Run:
    """The proofs at the asked sizes; each returns its sections, or fails."""

    def __init__(
        self, asked: argparse.Namespace, services: Services, folder: Path
    ) -> None:
        self._asked = asked
        self._services = services
        self._folder = folder
        self.failed: list[str] = []

    def signing(self) -> dict[str, str]:
        """Sign a million times in a token."""
        proofs = prove_signing(self._folder, signatures=self._asked.signatures)
        self._note("signing", not any(proof.wrong for proof in proofs))
        return page.signing(proofs)

    def keys(self) -> dict[str, str]:
        """Turn and kill keys under load."""
        asked = self._asked
        told = turn(
            self._services,
            self._folder,
            clocks=_CLOCKS,
            portals=asked.portals,
            rotations=asked.rotations,
            pause=0.05,
        )
        self._note("keys", told.is_calm and told.is_fast)
        return page.turning(told)

    def timing(self) -> dict[str, str]:
        """Ask for known and unknown persons."""
        rounds = self._asked.rounds
        told = measure(self._services, rounds=rounds, folder=self._folder)
        alike = (one.is_uniform and one.difference <= ALLOWED for one in told)
        self._note("timing", all(alike))
        return page.timing(told, rounds)

    def audit(self) -> dict[str, str]:
        """Prove millions of rows of the audit log."""
        sizes = self._asked.audit_rows or _AUDIT_ROWS
        told = prove_audit(self._services, sizes=sizes, folder=self._folder)
        self._note("audit", all(one.is_whole and not one.uncovered for one in told))
        return page.auditing(told)

    def importing(self) -> dict[str, str]:
        """Import, killed twice."""
        rows, folder = self._asked.rows, self._folder
        told = [
            prove(self._services, backend=name, rows=rows, folder=folder)
            for name in self._asked.backend or BACKENDS
        ]
        self._note("importing", all(map(is_exact, told)))
        return page.importing(told)

    def _note(self, name: str, has_held: bool) -> None:
        self.failed += [] if has_held else [name]


_PROOFS = ("signing", "keys", "timing", "audit", "importing")


def main() -> None:
    """Prove at the asked size, write the page, fail if a proof fails."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--only", choices=_PROOFS, action="append")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--signatures", type=int, default=1_000_000)
    parser.add_argument("--rotations", type=int, default=10)
    parser.add_argument("--portals", type=int, default=6)
    parser.add_argument("--audit-rows", type=int, action="append")
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument("--page", type=Path, default=_PAGE)
    asked = parser.parse_args()
    services = Services.create()
    sections: dict[str, str] = {}
    try:
        with tempfile.TemporaryDirectory() as name:
            run = Run(asked, services, Path(name))
            for proof in asked.only or _PROOFS:
                sections |= getattr(run, proof)()
    finally:
        services.stop()
    print(page.write(asked.page, sections))
    if run.failed:
        raise SystemExit(f"a proof failed: {', '.join(run.failed)}")


def is_exact(proof: Proof) -> bool:
    """Say whether every row is there exactly once."""
    sound = proof.rows - DOUBLES
    return (
        proof.taken == proof.accounts == proof.dossiers == sound
        and proof.refused == DOUBLES
        and proof.are_chains_whole
    )


if __name__ == "__main__":
    main()
