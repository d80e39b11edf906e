"""What the configuration alone tells: pure, by the settings and the machine's cores."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import sqlalchemy as sa

from idp import networks
from idp.config import LOOPBACK_HOSTS, Config
from idp.doctor.finding import Finding, error, note, warning

_WIDEST = 8  # bits of a trusted network's prefix, below which it is nearly everybody
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - to be found, not to be listened on
_TOO_MANY = 2
_KILL_WITHIN = 5  # seconds, as officers read before they kill a key


def examine(config: Config, *, cores: int) -> Iterator[Finding]:
    """Yield what is unsafe, unwise or missing."""
    yield from _stage(config)
    yield from _keys(config)
    yield from _proxies(config)
    yield from _gateways(config)
    yield from _transport(config)
    yield from _workers(config, cores)


def _stage(config: Config) -> Iterator[Finding]:
    if config.sandbox.enabled:
        yield warning(
            "sandbox",
            "The sandbox is on",
            "Invented citizens sign in with published passwords, and anybody reads "
            "the messages.",
            "sandbox.enabled = false",
        )
    if config.host in LOOPBACK_HOSTS:
        yield warning(
            "issuer",
            f"The issuer is {config.issuer}",
            "Only this machine reaches it; over plain http cookies are not bound.",
            'issuer = "https://…": choose it for good, passkeys hang on its host',
        )
    if config.log.level.upper() == "DEBUG":
        yield warning(
            "debug-log",
            "The log tells everything",
            "It fills disks and tells more of the inside than a collector should hold.",
            'log.level = "INFO"',
        )
    if config.log.addresses:
        yield note(
            "addresses-in-log",
            "The log tells where requests come from",
            "Addresses are personal data, wherever the log is kept.",
            "log.addresses = false",
        )
    if not config.staff.two_persons:
        yield warning(
            "one-person",
            "One command alone rotates and kills keys, and admits portals",
            "Whoever gets to the host's commands needs no officer's passkey for it.",
            "staff.two_persons = true",
        )

    if not (
        config.sandbox.enabled or config.audit.heads_file or config.audit.heads_url
    ):
        yield warning(
            "no-heads-outside",
            "No signed head of the audit log leaves this host",
            "Whoever rewrites the whole log here is found by nobody.",
            "audit.heads_file on another machine's disk, or audit.heads_url",
        )


def _keys(config: Config) -> Iterator[Finding]:
    latest = 2 * config.keys.reread_after
    if latest >= _KILL_WITHIN:
        yield warning(
            "slow-kill",
            f"A killed key may be taken for {latest} s more",
            f"Officers are told that every address of ours refuses it within "
            f"{_KILL_WITHIN} s.",
            "keys.reread_after = 2",
        )


def _proxies(config: Config) -> Iterator[Finding]:
    server = config.server
    is_public = config.host not in LOOPBACK_HOSTS
    if is_public and not server.trusted_proxies and server.tls_certificate is None:
        yield error(
            "no-proxy",
            "TLS must end at a proxy, and none is trusted",
            "Every citizen has the proxy's address: all share one throttle, and one "
            "guesser stops everybody.",
            'server.trusted_proxies = ["ADDRESS OF THE PROXY/32"]',
        )
    for name in server.trusted_proxies:
        network = networks.read(name)
        if network.prefixlen < _WIDEST:
            yield error(
                "wide-proxies",
                f"server.trusted_proxies has {name}",
                "Anybody there may say who they are: throttles and client "
                "certificates prove nothing.",
                "name the proxies alone",
            )


def _gateways(config: Config) -> Iterator[Finding]:
    if config.sms.gateway == "sandbox" and not config.sandbox.enabled:
        yield error(
            "no-messages",
            "No text message is sent",
            "Nobody activates an account, or signs in by a code.",
            'sms.gateway = "http" with sms.url and sms.token_file',
        )
    if config.mail.gateway == "off":
        yield warning(
            "no-mail",
            "No letter is sent",
            "Nobody is warned of a new passkey or phone, and officers of no alarm.",
            'mail.gateway = "smtp"',
        )
    missing = {
        "carrier.check": config.carrier.check,
        "face.match": config.face.match,
        "card_database.match": config.card_database.match,
    }
    off = [name for name, kind in missing.items() if kind == "off"]
    if off:
        yield note(
            "services-off",
            f"Switched off: {', '.join(off)}",
            "SIM swaps go unseen, and what these would prove is left to officers.",
        )
    if not config.outbound.allowed_networks:
        yield note(
            "no-calls",
            "No portal is called",
            "None hears of a sign-out or a security event.",
            'outbound.allowed_networks = ["public"]',
        )


def _transport(config: Config) -> Iterator[Finding]:
    database = sa.make_url(config.database.url)
    host = database.host or ""
    sslmode = str(database.query.get("sslmode", ""))
    if host and host not in LOOPBACK_HOSTS and not sslmode.startswith("verify"):
        yield warning(
            "database-tls",
            "PostgreSQL is reached without a checked certificate",
            "Whoever stands between reads and changes accounts.",
            "database.url = …?sslmode=verify-full&sslrootcert=FILE",
        )
    store = urlsplit(config.ephemeral.url)
    if store.scheme == "redis" and store.hostname not in LOOPBACK_HOSTS:
        yield warning(
            "redis-tls",
            "Redis is reached without TLS",
            "Codes and sessions that are under way can be read on the network.",
            "ephemeral.url = rediss://…",
        )
    if config.metrics.enabled and config.metrics.host in _EVERYWHERE:
        yield warning(
            "open-metrics",
            "The metrics' port is open on every address",
            "They tell nobody's data, but how the country signs in, and when it fails.",
            'metrics.host = "127.0.0.1", or an address of the inner network',
        )


def _workers(config: Config, cores: int) -> Iterator[Finding]:
    server = config.server
    if not cores <= _TOO_MANY * server.workers <= 2 * _TOO_MANY * cores:
        yield note(
            "workers",
            f"{server.workers} workers on {cores} cores",
            "About one for each core serves the most; more only take memory.",
            f"server.workers = {cores}",
        )
    if config.database.pool_size > server.threads:
        yield note(
            "pool",
            f"{config.database.pool_size} connections for {server.threads} threads",
            "A thread uses one at a time; the others are open for nobody.",
            f"database.pool_size = {server.threads}",
        )
