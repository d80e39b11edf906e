"""Every setting with its default; config.example.toml explains each one."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from idp.config.activation import ActivationConfig
from idp.config.audit import AuditConfig
from idp.config.credentials import CredentialsConfig
from idp.config.enrolment import EnrolmentConfig
from idp.config.figures import FiguresConfig, ImportConfig
from idp.config.keys import KeysConfig
from idp.config.locks import LocksConfig, RightsConfig
from idp.config.operations import HealthConfig, MetricsConfig
from idp.config.outbound import BackchannelConfig, OutboundConfig, SignalsConfig
from idp.config.pkcs11 import Pkcs11Config
from idp.config.registration import RegistrationConfig
from idp.config.registry import RegistryConfig
from idp.config.representation import OrganisationsConfig, RepresentationConfig
from idp.config.requests import RequestsConfig
from idp.config.sender import DpopConfig, MtlsConfig
from idp.config.staff import StaffConfig


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
    hsts_max_age: int = 63_072_000
    hsts_subdomains: bool = False


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
class LifetimesConfig:
    """How long things live, in seconds."""

    transaction: int = 1800
    code: int = 60
    pushed_request: int = 90
    access_token: int = 600
    id_token: int = 600
    jarm: int = 600
    session_idle: int = 1800
    session_max: int = 28_800
    counter_idle: int = 300
    counter_max: int = 1200
    refresh_idle: int = 2_592_000
    refresh_grace: int = 3
    consent: int = 31_536_000
    sms_otp: int = 180
    email_otp: int = 600
    reset_link: int = 900
    challenge: int = 300
    cross_device: int = 120
    waiting: int = 600
    poll_interval: int = 5
    chip_session: int = 120
    chip_return: int = 30
    held_factor: int = 86_400
    fresh_factor: int = 300
    client_assertion: int = 300
    dpop_proof: int = 60
    dpop_nonce: int = 300


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
    sms_per_phone_a_day: int = 20
    sms_per_prefix: int = 2000
    sms_per_source: int = 20
    sms_resend_after: int = 60
    chips_per_account: int = 10
    chips_per_transaction: int = 3
    recoveries_per_account: int = 5
    user_codes_per_source: int = 10
    user_codes_from_all_sources: int = 1000
    calls_per_client: int = 1000
    calls_per_account: int = 2
    organisations_per_account_a_day: int = 10
    members_per_account_a_day: int = 200
    officers_per_administrator_a_day: int = 20
    look_ups_per_officer_a_day: int = 200


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
class MailConfig:
    """The e-mail gateway: `sandbox` keeps an outbox, `smtp` speaks to `host`."""

    gateway: str = "off"
    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password_file: Path | None = None
    sender: str = ""
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class CarrierConfig:
    """The phone-carrier check (owner's name, last SIM change)."""

    check: str = "off"
    url: str = ""
    owner_url: str = ""
    token_file: Path | None = None
    timeout: float = 3.0


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """The face match against the card's portrait."""

    match: str = "off"
    url: str = ""
    token_file: Path | None = None
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class CardDatabaseConfig:
    """The comparison of fingerprints with those held for a card."""

    match: str = "off"
    url: str = ""
    token_file: Path | None = None
    timeout: float = 20.0


@dataclass(frozen=True, slots=True)
class PasskeyConfig:
    """WebAuthn: an empty `rp_id` is the issuer's host, no `origins` its origin."""

    rp_id: str = ""
    origins: tuple[str, ...] = ()
    attestation: str = "none"
    metadata_file: Path | None = None
    metadata_root_file: Path | None = None
    metadata_signer: str = "mds.fidoalliance.org"
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChipConfig:
    """The chip-ID card: whose cards are believed, and where the reader agent is."""

    issuer_country: str = "VNM"
    agent_port: int = 8004
    allow_sha1: bool = False


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
    requests: bool = True
    addresses: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration of one provider."""

    issuer: str = "http://localhost:8000"
    server: ServerConfig = field(default_factory=ServerConfig)
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    ephemeral: EphemeralConfig = field(default_factory=EphemeralConfig)
    keys: KeysConfig = field(default_factory=KeysConfig)
    pkcs11: Pkcs11Config = field(default_factory=Pkcs11Config)
    lifetimes: LifetimesConfig = field(default_factory=LifetimesConfig)
    requests: RequestsConfig = field(default_factory=RequestsConfig)
    dpop: DpopConfig = field(default_factory=DpopConfig)
    mtls: MtlsConfig = field(default_factory=MtlsConfig)
    throttle: ThrottleConfig = field(default_factory=ThrottleConfig)
    password: PasswordConfig = field(default_factory=PasswordConfig)
    sms: SmsConfig = field(default_factory=SmsConfig)
    mail: MailConfig = field(default_factory=MailConfig)
    carrier: CarrierConfig = field(default_factory=CarrierConfig)
    face: FaceConfig = field(default_factory=FaceConfig)
    card_database: CardDatabaseConfig = field(default_factory=CardDatabaseConfig)
    passkey: PasskeyConfig = field(default_factory=PasskeyConfig)
    chip: ChipConfig = field(default_factory=ChipConfig)
    registry: RegistryConfig = field(default_factory=RegistryConfig)
    enrolment: EnrolmentConfig = field(default_factory=EnrolmentConfig)
    activation: ActivationConfig = field(default_factory=ActivationConfig)
    representation: RepresentationConfig = field(default_factory=RepresentationConfig)
    organisations: OrganisationsConfig = field(default_factory=OrganisationsConfig)
    locks: LocksConfig = field(default_factory=LocksConfig)
    outbound: OutboundConfig = field(default_factory=OutboundConfig)
    backchannel: BackchannelConfig = field(default_factory=BackchannelConfig)
    registration: RegistrationConfig = field(default_factory=RegistrationConfig)
    signals: SignalsConfig = field(default_factory=SignalsConfig)
    rights: RightsConfig = field(default_factory=RightsConfig)
    imports: ImportConfig = field(default_factory=ImportConfig)
    figures: FiguresConfig = field(default_factory=FiguresConfig)
    credentials: CredentialsConfig = field(default_factory=CredentialsConfig)
    staff: StaffConfig = field(default_factory=StaffConfig)
    assurance: AssuranceConfig = field(default_factory=AssuranceConfig)
    pages: PagesConfig = field(default_factory=PagesConfig)
    sandbox: SandboxConfig = field(default_factory=SandboxConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @property
    def is_secure(self) -> bool:
        """Say whether the issuer is https, and cookies therefore `__Host-`, Secure."""
        return self.issuer.startswith("https://")

    @property
    def host(self) -> str:
        """Return the issuer's host name, without brackets or port."""
        return urlsplit(self.issuer).hostname or ""
