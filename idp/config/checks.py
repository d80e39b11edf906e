"""What the settings must satisfy together, beyond their types."""

from dataclasses import fields, is_dataclass
from datetime import date
from urllib.parse import urlsplit

from idp import networks
from idp.config.registry_checks import check_registry
from idp.config.settings import Config
from idp.errors import ConfigError

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_MAY_BE_ZERO = frozenset({"keys.rotate_every"})
_LONGEST_FAREWELL = 2.0  # seconds that a browser is held at sign-out, for all portals


def check(config: Config) -> None:
    """Refuse what cannot work together or is not safe, by the setting's name."""
    _check_issuer(config)
    _check_numbers(config)
    _check_keys(config)
    _check_networks("server.trusted_proxies", config.server.trusted_proxies)
    _check_networks("staff.networks", config.staff.networks)
    allowed = config.outbound.allowed_networks
    named = tuple(name for name in allowed if name != networks.PUBLIC)
    _check_networks("outbound.allowed_networks", named)
    choices = {
        "sms.gateway": (config.sms.gateway, ("sandbox", "http")),
        "mail.gateway": (config.mail.gateway, ("off", "sandbox", "smtp")),
        "mail.security": (config.mail.security, ("starttls", "tls")),
        "carrier.check": (config.carrier.check, ("off", "sandbox", "http")),
        "face.match": (config.face.match, ("off", "sandbox", "http")),
        "card_database.match": (
            config.card_database.match,
            ("off", "sandbox", "http"),
        ),
        "passkey.attestation": (config.passkey.attestation, ("none", "verified")),
        "enrolment.decision": (config.enrolment.decision, ("automatic", "officer")),
        "organisations.source": (
            config.organisations.source,
            ("off", "sandbox", "http"),
        ),
        "registry.source": (config.registry.source, ("embedded", "soap")),
        "pages.default_language": (config.pages.default_language, ("vi", "en")),
        "log.format": (config.log.format, ("json", "text")),
        "keys.kek_source": (config.keys.kek_source, ("file", "passphrase", "pkcs11")),
        "keys.signers": (config.keys.signers, ("software", "pkcs11")),
    }
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ConfigError(f"{name} must be one of: {', '.join(allowed)}")
    _check_token(config)
    _check_addresses(config)
    check_registry(config, LOOPBACK_HOSTS)
    if bool(config.server.tls_certificate) != bool(config.server.tls_key_file):
        raise ConfigError("server.tls_certificate and server.tls_key_file go together")
    _check_mtls(config)
    _check_passkey(config)
    _check_enrolment(config)
    _check_sandbox(config)


def _check_networks(setting: str, names: tuple[str, ...]) -> None:
    for name in names:
        try:
            networks.read(name)
        except ValueError as error:
            raise ConfigError(f"{setting}: {error}") from error


def _check_issuer(config: Config) -> None:
    parts = urlsplit(config.issuer)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("issuer must be an http(s) URL")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ConfigError("issuer must be an origin: no path, query, fragment or user")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ConfigError("issuer must be https unless its host is loopback")


def _check_numbers(config: Config) -> None:
    for section in fields(config):
        table = getattr(config, section.name)
        if not is_dataclass(table):
            continue
        for item in fields(table):
            name, value = f"{section.name}.{item.name}", getattr(table, item.name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number and value <= 0 and (value < 0 or name not in _MAY_BE_ZERO):
                raise ConfigError(f"{name} must be positive")
    if config.lifetimes.jarm > 600:
        raise ConfigError("lifetimes.jarm must be at most 600")  # JARM §2.1
    if config.keys.sealing_lead <= config.keys.reread_after:
        # Every process must know a version before anybody uses it.
        raise ConfigError("keys.sealing_lead must be above keys.reread_after")
    if config.lifetimes.pushed_request >= 600:
        # FAPI 2.0 Security Profile §5.3.2.2
        raise ConfigError("lifetimes.pushed_request must be below 600")
    if config.backchannel.wait > _LONGEST_FAREWELL:
        raise ConfigError(
            f"backchannel.wait must be at most {_LONGEST_FAREWELL:g} seconds"
        )
    if config.password.concurrent + config.password.waiting >= config.server.threads:
        # Logins that wait for a hash would leave no thread for token requests.
        raise ConfigError(
            "password.concurrent and password.waiting together must be below "
            "server.threads"
        )


def _check_keys(config: Config) -> None:
    keys = config.keys
    if keys.cached_for >= keys.publish_lead:
        # A portal that cached the key set must see a key before it signs.
        raise ConfigError(
            "keys.jwks_max_age and twice keys.reread_after together must be below "
            "keys.publish_lead"
        )
    if keys.unread_at_most <= 2 * keys.reread_after:
        # A reading that fails once is no reason to stop.
        raise ConfigError("keys.unread_at_most must be above twice keys.reread_after")
    if 0 < keys.rotate_every * 86_400 <= keys.publish_lead:
        raise ConfigError("keys.publish_lead must be below keys.rotate_every")


def _check_addresses(config: Config) -> None:
    """Refuse plain http to another machine: messages and numbers travel there."""
    addresses = {
        "sms.url": (config.sms.gateway, config.sms.url),
        "carrier.url": (config.carrier.check, config.carrier.url),
        "carrier.owner_url": (
            config.carrier.check if config.carrier.owner_url else "off",
            config.carrier.owner_url,
        ),
        "face.url": (config.face.match, config.face.url),
        "card_database.url": (config.card_database.match, config.card_database.url),
        "audit.heads_url": (
            "http" if config.audit.heads_url else "off",
            config.audit.heads_url,
        ),
        "organisations.url": (config.organisations.source, config.organisations.url),
    }
    for name, (kind, url) in addresses.items():
        # A gateway on the machine itself may speak plain http.
        is_loopback = urlsplit(url).hostname in LOOPBACK_HOSTS
        if kind == "http" and not (is_loopback or url.startswith("https://")):
            raise ConfigError(f"{name} must be an https URL")
    mail = config.mail
    if mail.gateway == "smtp" and not (mail.host and mail.sender):
        raise ConfigError("mail.host and mail.sender are needed for smtp")


def _check_token(config: Config) -> None:
    token = config.pkcs11
    for name in ("kek_source", "signers"):
        if getattr(config.keys, name) == "pkcs11" and not (
            token.module and token.token and token.pin_file
        ):
            raise ConfigError(
                f"keys.{name} = 'pkcs11' needs pkcs11.module, pkcs11.token and "
                "pkcs11.pin_file"
            )


def _check_mtls(config: Config) -> None:
    mtls = config.mtls
    parts = urlsplit(mtls.endpoints)
    if mtls.endpoints and f"https://{parts.netloc}" != mtls.endpoints:
        raise ConfigError("mtls.endpoints must be an https origin")
    if mtls.enabled and not config.server.trusted_proxies:
        raise ConfigError("mtls.enabled needs server.trusted_proxies")


def _check_passkey(config: Config) -> None:
    passkey = config.passkey
    for origin in passkey.origins or (config.issuer,):
        parts = urlsplit(origin)
        # WebAuthn Level 3 §5.1.3: the RP ID is the origin's host or a suffix of it.
        rp_id, host = passkey.rp_id or config.host, parts.hostname or ""
        if f"{parts.scheme}://{parts.netloc}" != origin:
            raise ConfigError("passkey.origins must be origins: scheme, host and port")
        if host != rp_id and not host.endswith(f".{rp_id}"):
            raise ConfigError(f"passkey.origins: {host} is outside passkey.rp_id")
    is_pinned = passkey.metadata_file and passkey.metadata_root_file
    if passkey.attestation == "verified" and not is_pinned:
        raise ConfigError(
            "passkey.attestation = 'verified' needs passkey.metadata_file and "
            "passkey.metadata_root_file"
        )


def _check_enrolment(config: Config) -> None:
    enrolment = config.enrolment
    for name in ("days_off", "extra_working_days"):
        for day in getattr(enrolment, name):
            try:
                date.fromisoformat(day)
            except ValueError as error:
                raise ConfigError(f"enrolment.{name}: {error}") from error
    if enrolment.child_from_age > enrolment.own_from_age:
        raise ConfigError(
            "enrolment.child_from_age must not be above enrolment.own_from_age"
        )


def _check_sandbox(config: Config) -> None:
    if config.sandbox.enabled and config.host not in LOOPBACK_HOSTS:
        raise ConfigError("sandbox.enabled needs an issuer on a loopback host")
    borders = {
        "sms.gateway": config.sms.gateway,
        "mail.gateway": config.mail.gateway,
        "carrier.check": config.carrier.check,
        "face.match": config.face.match,
        "card_database.match": config.card_database.match,
        "organisations.source": config.organisations.source,
    }
    for name, kind in borders.items():
        if kind == "sandbox" and not config.sandbox.enabled:
            raise ConfigError(f"{name} = 'sandbox' needs sandbox.enabled")
        if kind not in ("sandbox", "off") and config.sandbox.enabled:
            raise ConfigError(f"sandbox.enabled refuses a real gateway ({name})")
