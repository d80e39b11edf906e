"""The `idp` command: one group a subject, thin over the functions that pages call."""

import gc
import importlib
from pathlib import Path
from typing import Any

import click

from idp.cli.context import CliContext
from idp.errors import IdpError

GROUPS = {
    "serve": "Run the provider for production: several workers, no sandbox shortcuts.",
    "demo": "Run the provider and three portals on this machine, with test citizens.",
    "db": "Create and migrate the database, purge what is past its term.",
    "keys": "Create, show, rotate, import and export the signing keys.",
    "clients": "Register, show and remove relying parties.",
    "accounts": "Create, show, lock and unlock citizens' accounts.",
    "enrol": "Import dossiers by the million.",
    "staff": "Invite and rescue officers, propose their end; add their units.",
    "locks": "Apply what the registries tell; lock and unlock by date; tell portals.",
    "organisations": "Lock the organisations that the register tells dissolved.",
    "wards": "End representations, by paper and by age.",
    "rights": "Close the accounts whose holders asked for it.",
    "chip": "Import whose chip-ID cards are believed.",
    "registry": "Invent people; import the list of administrative units.",
    "sandbox": "Load and list the synthetic citizens; read their messages.",
    "assurance": "Show what each way of signing in counts for.",
    "stats": "Show dossiers, accounts, activation, sign-ins, and where people fail.",
    "openapi": "Print the OpenAPI description of every address, for tools.",
    "attack": "Try the known attacks on a sandbox, wherever it runs.",
    "backup": "Write a sealed archive of the database, and prove one.",
    "restore": "Write an archive into an empty database.",
    "doctor": "Examine a deployment, and explain what is wrong with it.",
    "audit": "Prove the audit log, sign its heads, tell it to a SIEM.",
}


class _Tour(click.Group):
    """Loads a group's module only when it is used: `idp --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in GROUPS:
            return None
        gc.disable()  # nothing that is loaded is garbage: looking costs a fifth more
        command: click.Command = importlib.import_module(f"idp.cli.{cmd_name}").group
        gc.enable()
        command.name, command.short_help = cmd_name, GROUPS[cmd_name]
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(GROUPS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IdpError as error:
            raise click.ClickException(f"{error} [{error.code}]") from error


@click.group(cls=_Tour)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="IDP_CONFIG",
    help="The TOML configuration file (or set IDP_CONFIG).",
)
@click.option(
    "--passphrase-fd",
    type=int,
    help="Read the passphrase of the key-encryption key from this file descriptor "
    "(keys.kek_source = 'passphrase'), not from the terminal.",
)
@click.version_option(package_name="dinhdanh-idp")
@click.pass_context
def main(
    ctx: click.Context, config_path: Path | None, passphrase_fd: int | None
) -> None:
    """Định Danh: an electronic identity and OpenID Connect provider.

    Try `idp demo` first; `idp serve` is for production.
    """
    ctx.obj = CliContext(config_path)
    if passphrase_fd is not None:
        # Imported here: commands that seal nothing start without it.
        importlib.import_module("idp.storage.key_material").hand_over(passphrase_fd)
