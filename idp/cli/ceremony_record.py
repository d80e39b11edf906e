"""The record of a key ceremony: a text to print, sign and keep apart from the keys."""

import re
import socket
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

_SIGNATURE = "_" * 40


@dataclass(frozen=True, slots=True)
class Step:
    """What was made, and the fingerprint that two witnesses compared."""

    what: str
    fingerprint: str
    reader: str
    typist: str


def grouped(digits: str) -> str:
    """Return hexadecimal digits in groups of four, as one reads them aloud."""
    return " ".join(re.findall("....", digits))


def written(
    issuer: str,
    witnesses: tuple[str, ...],
    steps: list[Step],
    begun: datetime,
    ended: datetime,
) -> str:
    """Return the text; its SHA-256 stands in the audit log."""
    lines = [
        "RECORD OF A KEY CEREMONY",
        "",
        f"Provider:   {issuer}",
        f"Machine:    {socket.gethostname()}",
        f"Software:   dinhdanh-idp {version('dinhdanh-idp')}",
        f"Begun:      {begun:%Y-%m-%d %H:%M:%S} UTC",
        f"Ended:      {ended:%Y-%m-%d %H:%M:%S} UTC",
    ]
    for number, step in enumerate(steps, 1):
        lines += [
            "",
            f"{number}. {step.what}",
            f"   Fingerprint:  {grouped(step.fingerprint)}",
            f"   Read aloud by {step.reader}, typed back by {step.typist}.",
        ]
    lines += ["", "We were there and saw it done as it is written here.", ""]
    for witness in witnesses:
        lines += [f"{_SIGNATURE}  {witness}", ""]
    return "\n".join(lines)
