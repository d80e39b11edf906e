"""Client metadata at the command line: read from files, refused, printed."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import MAX_BYTES
from idp.strict_json import unique_members

STANDARD_INPUT = "-"


@contextmanager
def refusals() -> Iterator[None]:
    """Tell a refusal as RFC 7591 §3.2.2 does, so that a script can read it as well."""
    try:
        yield
    except InvalidMetadataError as refused:
        print_json({"error": refused.error, "error_description": refused.description})
        raise click.ClickException(f"{refused.error}: {refused.description}") from None


def read_json(name: str) -> object:
    """Return the JSON of a file, or of standard input."""
    try:
        if name == STANDARD_INPUT:
            text = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise click.ClickException(f"{name} is longer than {MAX_BYTES} bytes")
        return json.loads(text, object_pairs_hook=unique_members)
    except OSError as error:
        raise click.ClickException(f"cannot read {name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{name} is not JSON: {error}") from error


def print_json(value: object) -> None:
    """Print it for people and scripts."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
