"""How many messages go out: to one account, one address, one prefix, for one source.

Pumping traffic to paid numbers and burying a citizen in messages end here, whatever
asks. Every message is counted before it is sent, so that parallel requests cannot pass
a limit; one whose code was used is given back. No counter's name tells a phone.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from idp.config import ThrottleConfig
from idp.factors.sent_codes import Channel, Errand
from idp.storage.ephemeral import EphemeralStore

_DAY = 86_400
# +84 and three digits: narrow enough to tell one range of numbers from the next.
_PREFIX = 6


@dataclass(frozen=True, slots=True)
class _Limit:
    counter: str
    most: int
    window: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether one more message may go, else after how many seconds at most."""

    allowed: bool
    retry_after: int = 0
    counters: tuple[str, ...] = ()


class SendLimits:
    """The counters of one channel in the ephemeral store."""

    def __init__(
        self,
        ephemeral: EphemeralStore,
        key: bytes,
        channel: Channel,
        config: ThrottleConfig,
    ) -> None:
        self._ephemeral = ephemeral
        self._key = key
        self._channel = channel
        self._config = config

    def admit(self, errand: Errand, source: str | None) -> Passage:
        """Count one message of this errand, asked for from `source`, if it may go."""
        taken: list[_Limit] = []
        for limit in self._limits(errand, source):
            taken.append(limit)
            if self._ephemeral.count(limit.counter, ttl=limit.window) > limit.most:
                self.give_back([item.counter for item in taken])
                return Passage(allowed=False, retry_after=limit.window)
        return Passage(allowed=True, counters=tuple(item.counter for item in taken))

    def admit_warning(self, address: str, *, by_stranger: bool = False) -> bool:
        """Count one warning to this address, if it may go today.

        Apart from codes, so that a flood of those holds no warning up, and from what a
        stranger can cause at will. Who has been warned so often in a day has been
        warned.
        """
        what = "told" if by_stranger else "warned"
        counter = f"{self._channel}-{what}:{self._blind(address)}"
        most = self._config.sms_per_phone_a_day
        return self._ephemeral.count(counter, ttl=_DAY) <= most

    def give_back(self, counters: Sequence[str]) -> None:
        """Count one message less: it never went out."""
        for counter in counters:
            self._ephemeral.count(counter, ttl=1, by=-1)

    def _limits(self, errand: Errand, source: str | None) -> list[_Limit]:
        config, channel, address = self._config, self._channel, errand.address
        limits = [
            _Limit(
                f"{channel}-sent:{errand.account_id}",
                config.sms_per_account,
                config.window,
            ),
            _Limit(
                f"{channel}-sent-to:{self._blind(address)}",
                config.sms_per_phone_a_day,
                _DAY,
            ),
        ]
        if source is not None:
            limits.append(
                _Limit(
                    f"{channel}-sent-for:{source}", config.sms_per_source, config.window
                )
            )
        if channel == "sms":
            prefix = self._blind(address[:_PREFIX])
            limits.append(
                _Limit(f"sms-sent-near:{prefix}", config.sms_per_prefix, config.window)
            )
        return limits

    def _blind(self, text: str) -> str:
        message = f"{self._channel}-address:{text}".encode()
        return hmac.new(self._key, message, "sha256").hexdigest()[:32]
