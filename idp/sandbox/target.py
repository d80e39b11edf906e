"""What the attack suite is given: clients of its own, and everyone in the sandbox."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from clients.attack.target import registrations
from idp.relying_parties import registration_tokens
from idp.relying_parties.registry import RelyingParties
from idp.sandbox import loader

_TOKENS, _TOKENS_LAST = 12, timedelta(days=1)
_LIFETIMES = ("code", "refresh_grace", "fresh_factor")


class Wiring(loader.Wiring, Protocol):
    """What of the provider the suite's clients are registered with."""

    @property
    def relying_parties(self) -> RelyingParties:
        """The registered relying parties."""


def prepare(provider: Wiring, now: datetime) -> dict[str, Any]:
    """Register the suite's clients anew and return all that `Target` knows but where.

    Their secrets and keys are in the answer and nowhere else.
    """
    loader.require_sandbox(provider.config)
    clients = []
    with provider.database.transaction() as session:
        tokens: list[str] = []
        for _ in range(_TOKENS):
            until = now + _TOKENS_LAST
            _, token = registration_tokens.issue_initial(
                session, provider.audit, {}, uses=1, expires_at=until, now=now
            )
            tokens.append(token)
        for metadata in registrations():
            private = {"private_jwk": metadata.pop("private_jwk", None)}
            registered = provider.relying_parties.add(
                session, provider.audit, metadata, sandbox=True, now=now
            )
            clients.append(registered | {k: v for k, v in private.items() if v})
    return {
        "clients": clients,
        "citizens": loader.citizens(provider),
        "registration_tokens": tokens,
        "lifetimes": {
            name: getattr(provider.config.lifetimes, name) for name in _LIFETIMES
        },
    }
