"""The provider under attack: its addresses, the suite's clients, its citizens."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import requests
from joserfc.jwk import ECKey
from requests import Response

FORM = "application/x-www-form-urlencoded"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_PATIENCE = 30
_FEW = 4
_Prepared = TypeVar("_Prepared")
_CLIENTS: tuple[dict[str, Any], ...] = (
    {"name": "first", "token_endpoint_auth_method": "client_secret_post"},
    {
        "name": "second",
        "token_endpoint_auth_method": "private_key_jwt",
        "require_pushed_authorization_requests": True,
        "minimum_acr": "urn:dinhdanh:acr:2.1",
    },
    {
        "name": "third",
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token", DEVICE],
    },
    {
        "name": "fourth",
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/back"],
    },
)


def registrations() -> list[dict[str, Any]]:
    """Return the RFC 7591 metadata of the clients that the suite works with.

    `private_jwk` is the suite's own and no part of the registration.
    """
    made = []
    for one in _CLIENTS:
        name = one["name"]
        host = f"https://{name}.attack.example"
        document = {
            "client_name": f"Attack suite, {name}",
            "redirect_uris": [f"{host}/back"],
            "post_logout_redirect_uris": [f"{host}/bye"],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile offline_access residence",
            "sector": f"{name}.attack.example",
        } | {key: one[key] for key in one if key != "name"}
        if one["token_endpoint_auth_method"] == "private_key_jwt":
            key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
            document["jwks"] = {"keys": [key.as_dict(private=False)]}
            document["private_jwk"] = key.as_dict(private=True)
        made.append(document)
    return made


@contextmanager
def _waiting(seconds: float) -> Iterator[None]:
    time.sleep(seconds)
    yield


@dataclass
class Target:
    """One deployment: `clients` as their registration answered, `citizens` as listed.

    `registration_tokens` are good for one client each. `lifetimes` are seconds, by the
    names of the provider's settings. `parallel` is how many requests a race sends at
    once, `later` lets time pass, and `patience` is how much of it at most.
    """

    issuer: str
    clients: list[dict[str, Any]]
    citizens: list[dict[str, Any]]
    registration_tokens: list[str] = field(default_factory=list)
    lifetimes: dict[str, float] = field(default_factory=dict)
    parallel: int = 50
    patience: float = 90.0
    ca_file: Path | None = None
    later: Callable[[float], AbstractContextManager[None]] = _waiting

    @classmethod
    def read(cls, issuer: str, file: Path, **options: Any) -> "Target":
        """Read what `idp sandbox target` printed."""
        known = json.loads(file.read_text(encoding="utf-8"))
        return cls(issuer, **known, **options)

    @cached_property
    def endpoints(self) -> dict[str, Any]:
        """Return the provider's discovery document."""
        found = self.open("GET", "/.well-known/openid-configuration")
        found.raise_for_status()
        document: dict[str, Any] = found.json()
        return document

    def open(
        self,
        method: str,
        url: str,
        *,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request, without cookies and without following a redirect."""
        address = url if "://" in url else self.issuer + url
        return requests.request(
            method,
            address,
            data=data,
            headers=headers,
            allow_redirects=False,
            timeout=_PATIENCE,
            verify=str(self.ca_file) if self.ca_file else True,
        )

    def at_once(self, act: Callable[[int], Response]) -> list[Response]:
        """Do the same thing many times at once; return every answer."""
        with ThreadPoolExecutor(self.parallel) as pool:
            return list(pool.map(act, range(self.parallel)))

    def before_it(self, act: Callable[[int], _Prepared]) -> list[_Prepared]:
        """Make ready what comes at once then, a few at a time, as people come."""
        with ThreadPoolExecutor(_FEW) as pool:
            return list(pool.map(act, range(self.parallel)))

    def people(self, *factors: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the active citizens with just these factors, and all of `wanted`."""
        return [
            person
            for person in self.citizens
            if person["state"] == "active"
            and person["factors"] == list(factors)
            and all(person[name] == value for name, value in wanted.items())
        ]
