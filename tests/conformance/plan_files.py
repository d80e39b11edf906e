"""The plans' files in tests/conformance/plans, and what the suite is given of them.

A file names the suite's plan and variant, the clients to register (RFC 7591 metadata),
the suite's configuration, and what modules come to that do not simply pass. `@name`
stands for a part in parts.json, such as the steps of the suite's browser; `{issuer}`,
`{base}`, `{mtls}` (where certificates are asked for), `{personal_number}` and
`{password}` are put in. Secrets, keys and certificates are made anew for each run.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwk

from idp import clock
from idp.provider import Provider
from idp.sandbox import loader
from tests.certificates import NAME, Authority, jwk_of

FOLDER = Path(__file__).with_name("plans")
PARTS = FOLDER / "parts.json"
PLANS = {path.stem: path for path in FOLDER.glob("*.json") if path != PARTS}
# Signs in by password alone, since a suite's browser has no phone.
CITIZEN = {"account_level": 2, "factors": ["pwd"], "state": "active"}


@dataclass(frozen=True)
class Plan:
    """One file."""

    name: str
    plan: str
    variant: Mapping[str, str]
    clients: Mapping[str, Any]
    config: Mapping[str, Any]
    expected: Mapping[str, str]


def read(name: str) -> Plan:
    """Read the plan called `name`; raises KeyError for an unknown one."""
    return Plan(name=name, **json.loads(PLANS[name].read_text()))


def prepare(provider: Provider, plan: Plan, *, suite: str) -> dict[str, Any]:
    """Register the plan's clients; return the configuration that the suite takes."""
    alias = f"dinhdanh-{plan.name}"
    citizen = next(
        person
        for person in loader.citizens(provider)
        if all(person[name] == value for name, value in CITIZEN.items())
    )
    words = {
        "{issuer}": provider.config.issuer,
        "{base}": f"{suite}/test/a/{alias}",
        "{mtls}": provider.config.mtls.endpoints or provider.config.issuer,
        "{personal_number}": citizen["personal_number"],
        "{password}": citizen["password"],
    }
    parts = json.loads(PARTS.read_text())
    config = {"alias": alias, **_whole(plan.config, parts, words)}
    for name, metadata in _whole(plan.clients, parts, words).items():
        told = _register(provider, f"{alias}-{name}", metadata)
        if "cert" in told:  # the suite has a certificate beside each client
            names = ("cert", "key")
            mtls = {member: told.pop(member) for member in names}
            config[name.replace("client", "mtls")] = mtls
        config[name] = config.get(name, {}) | told
    return config


def _register(
    provider: Provider, client_id: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    document = {**metadata, "client_id": client_id}
    told: dict[str, Any] = {"client_id": client_id, "scope": metadata["scope"]}
    if metadata["token_endpoint_auth_method"].startswith("client_secret"):
        document["client_secret"] = told["client_secret"] = secrets.token_urlsafe(32)
    else:
        # With an RSA key the suite also tries what FAPI 2.0 forbids of it: RS256.
        members = {"kid": client_id, "use": "sig", "alg": "PS256"}
        key = jwk.RSAKey.generate_key(2048, members)
        registered = [key.as_dict(private=False)]
        if metadata.get("tls_client_certificate_bound_access_tokens"):
            authority = Authority(NAME, is_ca=False)
            told |= {"cert": authority.certificate_pem, "key": authority.key_pem}
            registered.append({**jwk_of(authority), "kid": f"{client_id}-tls"})
        document["jwks"] = {"keys": registered}
        told["jwks"] = {"keys": [key.as_dict(private=True)]}
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, document, sandbox=True, now=clock.now()
        )
    return told


def _whole(value: Any, parts: Mapping[str, Any], words: Mapping[str, str]) -> Any:
    """Put the parts and the words in."""
    if isinstance(value, dict):
        return {name: _whole(item, parts, words) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item, parts, words) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith("@"):
        return _whole(parts[value[1:]], parts, words)
    for name, word in words.items():
        value = value.replace(name, word)
    return value
