"""Every setting, as frozen dataclasses read from one TOML file.

The file's path comes from `--config` or `IDP_CONFIG`. Unknown keys are refused, every
field has a working default or is refused at the start by its name, and secrets are
given as file paths only. `settings` declares, `reading` reads, `checks` refuses;
`config.example.toml` is tested both ways against them.
"""

from idp.config.checks import LOOPBACK_HOSTS
from idp.config.reading import load_config, parse_config
from idp.config.settings import (
    AssuranceConfig,
    CarrierConfig,
    ChipConfig,
    Config,
    DatabaseConfig,
    EphemeralConfig,
    FaceConfig,
    KeysConfig,
    LifetimesConfig,
    LogConfig,
    MailConfig,
    PagesConfig,
    PasskeyConfig,
    PasswordConfig,
    RegistryConfig,
    SandboxConfig,
    ServerConfig,
    SmsConfig,
    ThrottleConfig,
)

__all__ = [
    "LOOPBACK_HOSTS",
    "AssuranceConfig",
    "CarrierConfig",
    "ChipConfig",
    "Config",
    "DatabaseConfig",
    "EphemeralConfig",
    "FaceConfig",
    "KeysConfig",
    "LifetimesConfig",
    "LogConfig",
    "MailConfig",
    "PagesConfig",
    "PasskeyConfig",
    "PasswordConfig",
    "RegistryConfig",
    "SandboxConfig",
    "ServerConfig",
    "SmsConfig",
    "ThrottleConfig",
    "load_config",
    "parse_config",
]
