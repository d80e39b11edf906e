"""Every setting, as frozen dataclasses read from one TOML file.

The file's path comes from `--config` or `IDP_CONFIG`. Unknown keys are refused, every
field has a working default or is refused at the start by its name, and secrets are
given as file paths only. `settings` declares, `reading` reads, `checks` refuses;
`config.example.toml` is tested both ways against them.
"""

from idp.config.activation import ActivationConfig
from idp.config.audit import AuditConfig
from idp.config.checks import LOOPBACK_HOSTS
from idp.config.enrolment import EnrolmentConfig
from idp.config.figures import FiguresConfig, ImportConfig
from idp.config.keys import KeysConfig
from idp.config.outbound import OutboundConfig
from idp.config.pkcs11 import Pkcs11Config
from idp.config.reading import load_config, parse_config
from idp.config.registration import RegistrationConfig
from idp.config.registry import RegistryConfig
from idp.config.representation import OrganisationsConfig, RepresentationConfig
from idp.config.requests import RequestsConfig
from idp.config.sender import DpopConfig, MtlsConfig
from idp.config.settings import (
    AssuranceConfig,
    CardDatabaseConfig,
    CarrierConfig,
    ChipConfig,
    Config,
    DatabaseConfig,
    EphemeralConfig,
    FaceConfig,
    LifetimesConfig,
    LogConfig,
    MailConfig,
    PagesConfig,
    PasskeyConfig,
    PasswordConfig,
    SandboxConfig,
    ServerConfig,
    SmsConfig,
    ThrottleConfig,
)
from idp.config.staff import StaffConfig

__all__ = [
    "LOOPBACK_HOSTS",
    "ActivationConfig",
    "AssuranceConfig",
    "AuditConfig",
    "CardDatabaseConfig",
    "CarrierConfig",
    "ChipConfig",
    "Config",
    "DatabaseConfig",
    "DpopConfig",
    "EnrolmentConfig",
    "EphemeralConfig",
    "FaceConfig",
    "FiguresConfig",
    "ImportConfig",
    "KeysConfig",
    "LifetimesConfig",
    "LogConfig",
    "MailConfig",
    "MtlsConfig",
    "OrganisationsConfig",
    "OutboundConfig",
    "PagesConfig",
    "PasskeyConfig",
    "PasswordConfig",
    "Pkcs11Config",
    "RegistrationConfig",
    "RegistryConfig",
    "RepresentationConfig",
    "RequestsConfig",
    "SandboxConfig",
    "ServerConfig",
    "SmsConfig",
    "StaffConfig",
    "ThrottleConfig",
    "load_config",
    "parse_config",
]
