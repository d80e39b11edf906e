"""`python -m clients.reader issue`: a folder of sandbox cards for citizens."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from clients.reader.virtual import issuing
from clients.reader.virtual.person import read_people


def main(arguments: Sequence[str]) -> None:
    """Issue the cards that the arguments ask for."""
    parser = argparse.ArgumentParser(
        prog="python -m clients.reader issue",
        description="Issue virtual chip-ID cards under a new demo authority.",
    )
    parser.add_argument("--people", type=Path, required=True, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    asked = parser.parse_args(arguments)
    if (asked.out / issuing.CERTIFICATE).exists():
        parser.error(f"{asked.out} holds cards already: name an empty folder")
    now = datetime.now(UTC)  # noqa: TID251 - the edge of a program of its own
    cards = issuing.issue_cards(read_people(asked.people), asked.out, now=now)
    print(f"{len(cards)} cards in {asked.out}")  # noqa: T201
