"""Who may state metadata of portals' software, by the operator's own file."""

import json
from collections.abc import Mapping
from pathlib import Path

from joserfc.jwk import Key

from idp.errors import ConfigError
from idp.relying_parties.client_keys import flaw_in_jwks, parse_key

StatementIssuers = Mapping[str, tuple[Key, ...]]


def read_issuers(file: Path | None) -> StatementIssuers:
    """Return the keys of each trusted issuer; raises `ConfigError`."""
    if file is None:
        return {}
    setting = "registration.statement_issuers_file"
    try:
        issuers = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{setting}: {type(error).__name__}") from error
    if not isinstance(issuers, dict):
        raise ConfigError(f"{setting} must be a JSON object: issuer to key set")
    for issuer, jwks in issuers.items():
        if flaw := flaw_in_jwks(jwks):
            raise ConfigError(f"{setting}: {issuer}: {flaw}")
    return {
        issuer: tuple(parse_key(key) for key in jwks["keys"])
        for issuer, jwks in issuers.items()
    }
