"""`idp openapi`: every address of the provider, for tools."""

import json

import click

from idp.app import bare_app
from idp.cli.context import CliContext, pass_cli
from idp.oidc import openapi


@click.command()
@pass_cli
def group(cli: CliContext) -> None:
    """Print the OpenAPI description of this provider's addresses, as JSON."""
    told = openapi.description(cli.config, bare_app().url_map.iter_rules())
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))
