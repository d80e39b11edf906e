"""What the registry's settings must satisfy together."""

from collections.abc import Collection
from urllib.parse import urlsplit

from idp.config.settings import Config
from idp.errors import ConfigError

_LONGEST = {"officer": 20, "unit": 35, "procedure": 20, "integration": 20}


def check_registry(config: Config, loopback_hosts: Collection[str]) -> None:
    """Refuse plain http to another machine, half a certificate, too long codes."""
    registry = config.registry
    # QCVN 109:2017/BTTTT bounds the codes of a request.
    for name, longest in _LONGEST.items():
        if not 0 < len(getattr(registry, name)) <= longest:
            raise ConfigError(f"registry.{name} has 1 to {longest} characters")
    if bool(registry.certificate_file) != bool(registry.key_file):
        raise ConfigError("registry.certificate_file and registry.key_file go together")
    if registry.source != "soap":
        return
    if config.sandbox.enabled:
        raise ConfigError("sandbox.enabled refuses a real registry (registry.source)")
    is_loopback = urlsplit(registry.url).hostname in loopback_hosts
    if not (is_loopback or registry.url.startswith("https://")):
        raise ConfigError("registry.url must be an https URL")
