"""Registrations of invented portals."""

from typing import Any

from joserfc import jwk

from idp.relying_parties.metadata import validate
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.stored import build_party
from tests.unit.world import NOW

CALLBACK = "https://portal.example.vn/callback"
EC_KEY = jwk.ECKey.generate_key("P-256", {"kid": "ec-1"}).as_dict(private=False)


def metadata(**members: Any) -> dict[str, Any]:
    """Return metadata of a portal; a member of None is left out."""
    values = {"client_name": "Cổng thử", "redirect_uris": [CALLBACK]} | members
    return {name: value for name, value in values.items() if value is not None}


def party(*, sandbox: bool = True, **members: Any) -> RelyingParty:
    """Return a registered portal."""
    document, policy = validate(metadata(**members), sandbox=sandbox)
    return build_party("portal", document, policy, sandbox=sandbox, now=NOW)


def purpose(claim: str, **members: Any) -> dict[str, Any]:
    """Return an item of a claims policy."""
    return {"claim": claim, "purpose": "Xét hồ sơ", **members}
