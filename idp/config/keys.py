"""The settings of the key-encryption key and of the signing and sealing keys."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeysConfig:
    """The key-encryption key and the clocks of the signing rings (seconds)."""

    kek_file: Path = Path("kek")
    kek_source: str = "file"
    former_kek_file: Path | None = None
    signers: str = "software"
    publish_lead: int = 900
    jwks_max_age: int = 300
    reread_after: int = 2
    unread_at_most: int = 30
    rotate_every: int = 90
    sealing_lead: int = 60
    sealing_kept: int = 86_400

    @property
    def cached_for(self) -> int:
        """For how long after a change some cache may hold the key set of before.

        A process whose other thread reads the rings again gives the old one meanwhile.
        """
        return self.jwks_max_age + 2 * self.reread_after
