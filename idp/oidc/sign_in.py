"""The sign-in behind tokens: what every way to a token hands on."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

from idp import clock
from idp.authentication.assurance import Earned
from idp.oidc.errors import InvalidTargetError


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in that a code, its tokens and their refresh descend from, as JSON.

    `cnf` is to what the chain of tokens was bound when its code was redeemed.
    """

    client_id: str
    grant_id: str
    chain_id: str
    scopes: list[str]
    claims: dict[str, Any]
    resource: list[str]
    sid: str
    auth_time: int
    acr: str
    amr: list[str]
    account_level: int
    authentication_level: int
    cnf: dict[str, str] | None = None
    authorization_details: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read what `to_json` of this version, an earlier or a later one wrote."""
        names = [item.name for item in fields(cls) if item.name in value]
        return cls(**{name: value[name] for name in names})

    @property
    def earned(self) -> Earned:
        """Return what was proven then."""
        return Earned(
            account_level=self.account_level,
            authentication_level=self.authentication_level,
            amr=tuple(self.amr),
            auth_time=clock.from_timestamp(self.auth_time),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; nothing is copied, since nothing is changed."""
        return {name: getattr(self, name) for name in self.__slots__}


def narrowed_audience(sign_in: SignIn, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return whom the access token is for: never more than authorized (RFC 8707)."""
    if not set(asked).issubset(sign_in.resource):
        raise InvalidTargetError("The resource was not part of the authorization")
    return asked or tuple(sign_in.resource)
