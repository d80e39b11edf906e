"""Settings of the credentials that wallets hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CredentialsConfig:
    """The residence credential for wallets (OpenID4VCI 1.0); times in seconds.

    `per_token` is how many credentials an access token fetches, `per_account` how many
    hold at once: the oldest make room. `list_size` is how many places a status list
    has, of which half are used.
    """

    enabled: bool = False
    lifetime: int = 604_800
    code_tries: int = 5
    nonce: int = 300
    batch: int = 10
    per_token: int = 30
    per_account: int = 60
    list_size: int = 131_072
    list_lifetime: int = 43_200
    list_cache: int = 300
