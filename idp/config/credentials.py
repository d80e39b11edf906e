"""Settings of the credentials that wallets hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CredentialsConfig:
    """The residence credential for wallets (OpenID4VCI 1.0); times in seconds.

    `list_size` is how many places a status list has, of which half are used.
    """

    enabled: bool = False
    lifetime: int = 604_800
    code_tries: int = 5
    nonce: int = 300
    batch: int = 10
    list_size: int = 131_072
    list_lifetime: int = 43_200
    list_cache: int = 300
