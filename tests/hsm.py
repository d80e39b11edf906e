"""A hardware security module for tests: SoftHSM, with a token of one's own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keys.pkcs11.token import Token
from tests.log_scan import HSM_PINS

LABEL = "định danh"
_PIN, _SO_PIN = HSM_PINS
_PLACES = ("/usr/lib/softhsm", "/usr/lib64/softhsm", "/usr/lib/*/softhsm")


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """A module, and where its one token and the PIN lie."""

    module: Path
    tokens: Path
    pin_file: Path

    @property
    def settings(self) -> dict[str, str]:
        """Return the configuration's section `pkcs11`."""
        return {
            "module": str(self.module),
            "token": LABEL,
            "pin_file": str(self.pin_file),
        }

    def token(self) -> Token:
        """Return the token as the provider opens it."""
        return Token(self.module, LABEL, self.pin_file)


@contextmanager
def soft_hsm(folder: Path) -> Iterator[SoftHsm]:
    """Yield a module with a new token in `folder`; this process ends it afterwards."""
    hsm = SoftHsm(_module(), folder / "tokens", folder / "pin")
    hsm.tokens.mkdir()
    hsm.pin_file.touch(mode=0o600)
    hsm.pin_file.write_text(f"{_PIN}\n")
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {hsm.tokens}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    words = ("--init-token", "--free", "--label", LABEL, "--so-pin", _SO_PIN)
    subprocess.run(
        ["softhsm2-util", *words, "--pin", _PIN], check=True, capture_output=True
    )
    try:
        yield hsm
    finally:
        hsm.token().close()
        del os.environ["SOFTHSM2_CONF"]
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before


def _module() -> Path:
    for place in _PLACES:
        for found in Path("/").glob(f"{place[1:]}/libsofthsm2.so"):
            return found
    raise RuntimeError("SoftHSM is missing: run tests/install-services")
