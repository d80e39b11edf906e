"""How often a proof may be tried: guessing stops, the citizen's own device stays open.

Every try is counted before its proof and given back at success, so parallel guesses
cannot pass a limit. Passwords are counted per account and source, and a device that
the account once signed in from has a counter of its own, which no stranger can fill.
Beyond a cap over all unknown sources each of them is only delayed, as is whoever types
user codes of devices when too many wrong ones come from anywhere. One-time codes are
counted per account (and per known device), whatever the source, session or resend. Chip
cards, which nobody guesses and any stranger may ask for, are counted per account and
source: what is limited is work, and no stranger uses up the citizen's own tries.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from idp import clock
from idp.config import ThrottleConfig
from idp.storage.ephemeral import EphemeralStore

Kind = Literal["password", "otp", "chip"]
Act = Literal["organisation", "member", "officer", "look_up"]
_DAY = 86_400
UNKNOWN_SOURCE = "unknown"
_IPV6_PREFIX = 64  # what one subscriber gets


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a proof may be tried now; `retry_after` is at most that many seconds."""

    allowed: bool
    retry_after: int = 0
    counters: tuple[str, ...] = ()


class Throttle:
    """Counters in the ephemeral store, so that every worker counts together."""

    def __init__(self, ephemeral: EphemeralStore, config: ThrottleConfig) -> None:
        self._ephemeral = ephemeral
        self._config = config

    def admit(
        self, kind: Kind, *, subject: str, source: str | None, device: str | None
    ) -> Admission:
        """Count one try of `subject` and say whether its proof may be checked.

        `subject` stands for the account without naming it (a blind index or an id),
        also for accounts that do not exist; `device` is the digest of a device that
        is known for this account, or None.
        """
        config = self._config
        if device is not None:
            limit = {
                "password": config.passwords_per_device,
                "otp": config.otps_per_device,
                "chip": config.chips_per_account,
            }[kind]
            return self._count(f"tries:{kind}:{subject}:device:{device}", limit)
        if kind == "otp":
            return self._count(f"tries:otp:{subject}", config.otps_per_account)
        by_source = f"{subject}:{source or UNKNOWN_SOURCE}"
        if kind == "chip":
            return self._count(f"tries:chip:{by_source}", config.chips_per_account)
        admission = self._count(
            f"tries:password:{by_source}", config.passwords_per_source
        )
        if not admission.allowed:
            return admission
        return self._delay(
            f"tries:password:{subject}",
            config.unknown_sources_per_account,
            by_source,
            admission,
        )

    def admit_today(self, act: Act, *, subject: str) -> Admission:
        """Count one act of `subject`, and say whether it may be done today.

        Counted before anything is looked up and never given back, so that the answer
        is the same for what is known and what is not.
        """
        config = self._config
        limit = {
            "organisation": config.organisations_per_account_a_day,
            "member": config.members_per_account_a_day,
            "officer": config.officers_per_administrator_a_day,
            "look_up": config.look_ups_per_officer_a_day,
        }[act]
        acts = self._ephemeral.count(f"acts:{act}:{subject}", ttl=_DAY)
        return Admission(allowed=acts <= limit, retry_after=_DAY)

    def admit_user_code(self, source: str) -> Admission:
        """Count one user code that was typed at a source (RFC 8628 §5.1).

        Any right one will do for a guess: what all sources guess is counted together.
        """
        config, by_source = self._config, f"user-code:{source}"
        admission = self._count(f"tries:{by_source}", config.user_codes_per_source)
        if not admission.allowed:
            return admission
        most = config.user_codes_from_all_sources
        return self._delay("tries:user-code", most, by_source, admission)

    def admit_call(self, client_id: str) -> Admission:
        """Count one call of a portal to whomever, known or not (CIBA Core 1.0 §7.1)."""
        return self._count(f"calls:{client_id}", self._config.calls_per_client)

    def succeeded(self, admission: Admission) -> None:
        """Give back what a try that was right had counted."""
        for counter in admission.counters:
            self._ephemeral.count(counter, ttl=self._config.window, by=-1)

    def _count(self, counter: str, limit: int) -> Admission:
        window = self._config.window
        tries = self._ephemeral.count(counter, ttl=window)
        if tries > limit:
            return Admission(allowed=False, retry_after=window)
        return Admission(allowed=True, counters=(counter,))

    def _delay(
        self, overall: str, most: int, by_source: str, admission: Admission
    ) -> Admission:
        """Beyond the cap, let a source try only after it has waited its delay.

        Each source waits for itself: a flood from others never uses up the turn of the
        citizen who tries from a new place.
        """
        config = self._config
        tries = self._ephemeral.count(overall, ttl=config.window)
        admission = Admission(allowed=True, counters=(*admission.counters, overall))
        if tries <= most:
            return admission
        if self._turn(by_source):
            return admission
        self.succeeded(admission)  # an unchecked try is no wrong one
        return Admission(allowed=False, retry_after=config.unknown_source_delay)

    def _turn(self, by_source: str) -> bool:
        """Take the turn of a source that has waited, or let its waiting begin.

        What counts is the time written in the turn that was taken: of parallel tries
        one takes a ripe turn, and who finds an unripe one in its hands waits again.
        """
        now, turn = clock.now().timestamp(), f"turn:{by_source}"
        found = self._ephemeral.get(turn)
        if found is not None and found["from"] <= now:
            found = self._ephemeral.take(turn)
            if found is not None and found["from"] <= now:
                return True
        ripe = {"from": now + self._config.unknown_source_delay}
        self._ephemeral.claim(turn, ripe, ttl=self._config.window)
        return False


def source_of(
    peer: str | None, forwarded_for: str | None, trusted_proxies: tuple[str, ...]
) -> str:
    """Return where a request comes from, to be counted; IPv6 stands for its /64."""
    source = address_of(peer, forwarded_for, trusted_proxies)
    if source is None:
        return UNKNOWN_SOURCE
    if isinstance(source, IPv6Address):
        return str(ip_network((int(source), _IPV6_PREFIX), strict=False))
    return str(source)


def address_of(
    peer: str | None, forwarded_for: str | None, trusted_proxies: tuple[str, ...]
) -> IPv4Address | IPv6Address | None:
    """Return the right-most hop that is no trusted proxy, if it can be told.

    `X-Forwarded-For` counts only when the peer is trusted, and only as far as each hop
    that told of the next one is.
    """
    hops = [peer or "", *reversed((forwarded_for or "").split(","))]
    source = None
    for hop in hops:
        address = _parse_hop(hop)
        if address is None:
            break
        source = address
        if not is_trusted(hop, trusted_proxies):
            break
    return source


def is_trusted(hop: str | None, trusted_proxies: tuple[str, ...]) -> bool:
    """Say whether this peer is one of our proxies, whose headers may be believed."""
    address = _parse_hop(hop or "")
    return address is not None and any(
        address in ip_network(text) for text in trusted_proxies
    )


def _parse_hop(text: str) -> IPv4Address | IPv6Address | None:
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
