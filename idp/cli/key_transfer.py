"""`idp keys import` and `export-public`: private keys come in, public ones go out."""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import BinaryIO

import click
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import ECKey, RSAKey

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.config.key_clocks import key_clocks
from idp.storage.key_material import open_kek
from idp.storage.key_store import DatabaseRingStore
from idp.storage.opening import open_database
from keys.importing import read_private_key
from keys.ring import RINGS, Ring, RingKey, State, state, timeline
from keys.signing_keys import SoftwareOpener

_NAMES = click.Choice([ring.name for ring in RINGS])
_MOST_BYTES = 65_536


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--ring", "name", type=_NAMES, required=True)
@pass_cli
def import_key(cli: CliContext, *, file: BinaryIO, name: str) -> None:
    """Take the private key in FILE (PEM or a JWK; - is the input) into a ring.

    It signs nothing until it is published, and FILE is left as it is.
    """
    if cli.config.keys.signers == "pkcs11":
        raise click.ClickException(
            "keys.signers = 'pkcs11': a key that was outside of the token is not taken"
        )
    now, ring = clock.now(), Ring.named(name)
    private_key = read_private_key(file.read(_MOST_BYTES), ring.alg)
    key = SoftwareOpener(open_kek(cli.config)).take(private_key, ring, now=now)
    cli.provider.rotator.admit([key], now=now, how="imported")
    click.echo(f"{name}: took {key.kid}; it signs nothing until it is published.")
    if file.name != "-":
        click.echo(f"{file.name} still holds the private key: destroy it.")


@click.command("export-public")
@click.option("--ring", "names", multiple=True, type=_NAMES, help="Only these rings.")
@click.option("--format", "form", type=click.Choice(["jwks", "pem"]), default="jwks")
@click.option("--generated", is_flag=True, help="Also keys that are not published yet.")
@pass_cli
def export_public(
    cli: CliContext, *, names: Sequence[str], form: str, generated: bool
) -> None:
    """Print the public keys of the rings, as a JWK set or in PEM.

    Keys that are published and verify, those of the audit log among them: who checks
    its heads elsewhere needs them.
    """
    with closing(open_database(cli.config)) as database:
        rows = DatabaseRingStore(database).rows()
    rings = [Ring.named(name) for name in names] or list(RINGS)
    keys = list(_exported(cli, rows, rings, generated=generated))
    if form == "jwks":
        click.echo(
            json.dumps({"keys": [dict(key.public_jwk) for key in keys]}, indent=2)
        )
        return
    for key in keys:
        click.echo(f"# {key.ring.name} {key.kid}")
        click.echo(_pem(key), nl=False)


def _exported(
    cli: CliContext, rows: list[RingKey], rings: Iterable[Ring], *, generated: bool
) -> Iterable[RingKey]:
    now, clocks = clock.now(), key_clocks(cli.config)
    for ring in rings:
        keep = clocks[ring.purpose].keep_retired
        for key in timeline(rows, ring, keep_retired=keep):
            if state(key, now) is not State.GONE:
                yield key
        if generated:
            yield from (
                row
                for row in rows
                if row.ring == ring and state(row, now) is State.GENERATED
            )


def _pem(key: RingKey) -> str:
    kind = RSAKey if key.ring.alg == "RS256" else ECKey
    pem = kind.import_key(dict(key.public_jwk)).public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()
