"""Every setting, as frozen dataclasses read from one TOML file.

The file's path comes from `--config` or `IDP_CONFIG`. Unknown keys are refused, every
field has a working default or is refused at the start by its name, and secrets are
given as file paths only. `config.example.toml` is tested both ways against this file.
"""

import tomllib
import types
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from idp.errors import ConfigError

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """The listening socket and its workers."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 8
    tls_certificate: Path | None = None
    tls_key_file: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    max_body_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Where the relational database is; `password_file` completes the URL."""

    url: str = "sqlite:///dinhdanh.db"
    password_file: Path | None = None
    pool_size: int = 5


@dataclass(frozen=True, slots=True)
class EphemeralConfig:
    """`embedded:PATH`, `redis://HOST:PORT/DB` or `unix://PATH?db=N`."""

    url: str = "embedded:ephemeral.db"
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class KeysConfig:
    """The key-encryption key and the clocks of the signing rings (seconds)."""

    kek_file: Path = Path("kek")
    publish_lead: int = 900
    jwks_max_age: int = 300


@dataclass(frozen=True, slots=True)
class LifetimesConfig:
    """How long things live, in seconds."""

    transaction: int = 1800
    code: int = 60
    pushed_request: int = 90
    access_token: int = 600
    id_token: int = 600
    session_idle: int = 1800
    session_max: int = 28_800
    refresh_idle: int = 2_592_000
    refresh_grace: int = 3
    consent: int = 31_536_000
    sms_otp: int = 180
    fresh_factor: int = 300
    client_assertion: int = 300


@dataclass(frozen=True, slots=True)
class ThrottleConfig:
    """How many wrong proofs are taken within `window` seconds."""

    window: int = 900
    passwords_per_source: int = 10
    passwords_per_device: int = 10
    otps_per_account: int = 5
    otps_per_device: int = 5
    unknown_sources_per_account: int = 50
    unknown_source_delay: int = 30
    sms_per_account: int = 5
    sms_resend_after: int = 60


@dataclass(frozen=True, slots=True)
class PasswordConfig:
    """argon2id's cost and the pool that bounds it, for each worker process."""

    memory_kib: int = 19_456
    iterations: int = 2
    parallelism: int = 1
    concurrent: int = 1
    waiting: int = 4


@dataclass(frozen=True, slots=True)
class SmsConfig:
    """The message gateway: `sandbox` keeps an outbox, `http` posts to `url`."""

    gateway: str = "sandbox"
    url: str = ""
    token_file: Path | None = None
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """The population and residence registry: `embedded` is a synthetic one."""

    residence: str = "embedded"


@dataclass(frozen=True, slots=True)
class AssuranceConfig:
    """How proofs count."""

    verified_passkey_is_biometric: bool = False


@dataclass(frozen=True, slots=True)
class PagesConfig:
    """What pages say about their operator."""

    default_language: str = "vi"
    hotline: str = "1900 0000"
    operator: str = "Định Danh"


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """The sandbox: synthetic citizens, an open outbox. Never in production."""

    enabled: bool = False


@dataclass(frozen=True, slots=True)
class LogConfig:
    """Structured logs on standard error: `json` or `text`."""

    level: str = "INFO"
    format: str = "json"


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration of one provider."""

    issuer: str = "http://localhost:8000"
    server: ServerConfig = field(default_factory=ServerConfig)
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    ephemeral: EphemeralConfig = field(default_factory=EphemeralConfig)
    keys: KeysConfig = field(default_factory=KeysConfig)
    lifetimes: LifetimesConfig = field(default_factory=LifetimesConfig)
    throttle: ThrottleConfig = field(default_factory=ThrottleConfig)
    password: PasswordConfig = field(default_factory=PasswordConfig)
    sms: SmsConfig = field(default_factory=SmsConfig)
    registry: RegistryConfig = field(default_factory=RegistryConfig)
    assurance: AssuranceConfig = field(default_factory=AssuranceConfig)
    pages: PagesConfig = field(default_factory=PagesConfig)
    sandbox: SandboxConfig = field(default_factory=SandboxConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @property
    def is_secure(self) -> bool:
        """Say whether the issuer is https, and cookies therefore `__Host-`, Secure."""
        return self.issuer.startswith("https://")

    @property
    def host(self) -> str:
        """Return the issuer's host name, without brackets or port."""
        return urlsplit(self.issuer).hostname or ""


def load_config(path: Path) -> Config:
    """Read, build and check the configuration at `path`.

    Relative paths in it are taken from the file's own folder. Raises `ConfigError`
    that names the setting.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return parse_config(table, base=path.parent.absolute())


def parse_config(table: dict[str, Any], *, base: Path) -> Config:
    """Build a `Config` from a parsed TOML table and check it."""
    config: Config = _build(Config, table, prefix="", base=base)
    _check(config)
    return config


def _build(cls: type[Any], table: dict[str, Any], *, prefix: str, base: Path) -> Any:
    hints = get_type_hints(cls)
    known = {item.name for item in fields(cls)}
    for key in table:
        if key not in known:
            raise ConfigError(f"unknown setting: {prefix}{key}")
    values = {}
    for key, value in table.items():
        converted = _convert(hints[key], value, name=f"{prefix}{key}", base=base)
        values[key] = _anchor(converted, base)
    for item in fields(cls):
        if item.name in values:
            continue
        if is_dataclass(hints[item.name]):
            nested = f"{prefix}{item.name}."
            values[item.name] = _build(hints[item.name], {}, prefix=nested, base=base)
        elif item.default is MISSING:
            raise ConfigError(f"missing setting: {prefix}{item.name}")
        else:
            values[item.name] = _anchor(item.default, base)
    return cls(**values)


def _anchor(value: Any, base: Path) -> Any:
    """Take relative paths, the embedded stores' too, from the file's folder."""
    if isinstance(value, Path):
        return base / value
    for scheme in ("sqlite:///", "embedded:"):
        if isinstance(value, str) and value.startswith(scheme):
            return f"{scheme}{base / value.removeprefix(scheme)}"
    return value


def _convert(hint: Any, value: Any, *, name: str, base: Path) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise ConfigError(f"{name} must be a table")
        return _build(hint, value, prefix=f"{name}.", base=base)
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(item for item in get_args(hint) if item is not types.NoneType)
    if hint is Path:
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{name} must be a path")
        return Path(value).expanduser()
    if get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ConfigError(f"{name} must be a list of strings")
        return tuple(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        raise ConfigError(f"{name} must be of type {hint.__name__}")
    return value


def _check(config: Config) -> None:
    _check_issuer(config)
    _check_numbers(config)
    for network in config.server.trusted_proxies:
        try:
            ip_network(network)
        except ValueError as error:
            raise ConfigError(f"server.trusted_proxies: {error}") from error
    choices = {
        "sms.gateway": (config.sms.gateway, ("sandbox", "http")),
        "registry.residence": (config.registry.residence, ("embedded",)),
        "pages.default_language": (config.pages.default_language, ("vi", "en")),
        "log.format": (config.log.format, ("json", "text")),
    }
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ConfigError(f"{name} must be one of: {', '.join(allowed)}")
    # A gateway on the machine itself may speak plain http.
    loopback = urlsplit(config.sms.url).hostname in LOOPBACK_HOSTS
    is_safe = loopback or config.sms.url.startswith("https://")
    if config.sms.gateway == "http" and not is_safe:
        raise ConfigError("sms.url must be an https URL")
    if bool(config.server.tls_certificate) != bool(config.server.tls_key_file):
        raise ConfigError("server.tls_certificate and server.tls_key_file go together")
    _check_sandbox(config)


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
            value = getattr(table, item.name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number and value <= 0:
                raise ConfigError(f"{section.name}.{item.name} must be positive")
    if config.keys.jwks_max_age >= config.keys.publish_lead:
        # A portal that cached the key set must see a key before it signs.
        raise ConfigError("keys.jwks_max_age must be below keys.publish_lead")


def _check_sandbox(config: Config) -> None:
    if not config.sandbox.enabled:
        if config.sms.gateway == "sandbox":
            raise ConfigError("sms.gateway = 'sandbox' needs sandbox.enabled")
        return
    if config.host not in LOOPBACK_HOSTS:
        raise ConfigError("sandbox.enabled needs an issuer on a loopback host")
    if config.sms.gateway != "sandbox":
        raise ConfigError("sandbox.enabled refuses a real gateway (sms.gateway)")
