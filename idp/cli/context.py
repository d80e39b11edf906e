"""What every command starts from: the configuration, and the provider when needed.

The provider's code is read when it is needed too: it takes most of a command's start,
and `idp enrol import` and its processes do without it.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idp.config import Config, load_config
from idp.errors import ConfigError

if TYPE_CHECKING:
    from idp.provider import Provider


class CliContext:
    """The configuration file named on the command line, read when first used."""

    def __init__(self, config_path: Path | None) -> None:
        self.config_path = config_path

    @cached_property
    def config(self) -> Config:
        """Return the configuration, or stop with how to name one."""
        if self.config_path is None:
            raise ConfigError(
                "name the configuration: idp --config FILE … (IDP_CONFIG)"
            )
        return load_config(self.config_path)

    @cached_property
    def provider(self) -> "Provider":
        """Return the provider on the configured stores, closed with the command."""
        from idp.provider import build_provider  # noqa: PLC0415 - see above

        provider = build_provider(self.config)
        command = click.get_current_context().find_root()
        command.call_on_close(provider.ephemeral.close)
        command.call_on_close(provider.database.close)
        return provider


pass_cli = click.make_pass_decorator(CliContext)
