"""The whole examination, part by part, so that one part that fails hides no other."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from idp.config import Config
from idp.doctor import files, public, settings, stores
from idp.doctor.finding import Finding, error
from idp.errors import IdpError
from idp.provider import build_provider
from keys.errors import KeysError, StoreUnreachableError


def examine(
    config: Config, config_file: Path, *, on_part: Callable[[str], None]
) -> Iterator[Finding]:
    """Yield every finding; `on_part` is told what is looked at now."""
    on_part("settings")
    yield from settings.examine(config, cores=os.cpu_count() or 1)
    on_part("files")
    yield from files.examine(config, config_file)
    on_part("stores and keys")
    try:
        provider = build_provider(config)
    except (IdpError, KeysError) as failure:
        if StoreUnreachableError in (type(failure), type(failure.__cause__)):
            yield _no_store(str(failure))
            return
        yield error(
            "not-built",
            str(failure),
            "The server does not start.",
            "idp db upgrade, then idp keys init",
        )
        return
    except Exception as failure:  # noqa: BLE001 - a driver's: told by its class
        yield _no_store(type(failure).__name__)
        return
    with closing(provider.database), closing(provider.ephemeral):
        yield from stores.examine(provider)
        on_part("the issuer's address")
        yield from public.examine(provider)


def _no_store(why: str) -> Finding:
    return error(
        "no-store",
        f"A store gives no answer ({why})",
        "The server does not start.",
        "look at database.url and ephemeral.url, and at their servers; idp db upgrade",
    )
