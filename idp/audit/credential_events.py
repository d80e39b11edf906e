"""What happens to the credentials in citizens' wallets."""

from dataclasses import dataclass

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class WalletOfferMade(Event):
    """The holder asked for a code by which a wallet gets credentials."""

    client_id: str


@dataclass(frozen=True, slots=True)
class WalletCredentialsIssued(Event):
    """A wallet was given so many credentials."""

    client_id: str
    count: int


@dataclass(frozen=True, slots=True)
class WalletCredentialsRevoked(Event):
    """So many credentials of the account were taken back."""

    count: int
    reason: str
