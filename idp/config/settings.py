"""Every setting with its default; config.example.toml explains each one."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


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
