"""Chip cards for the sandbox's citizens: issued once, trusted, and enrolled.

The issuer stands outside the provider, as it does in the world: a program of its own
makes the cards, and the provider imports its certificate as any operator would.
"""

import json
import subprocess
import sys
from datetime import datetime

from idp.demo.plan import DemoPlan
from idp.errors import ConfigError
from idp.factors import chip_trust
from idp.provider import Provider
from idp.sandbox import cards

# The issuer writes its certificate last: with it, a folder is complete.
CERTIFICATE, REVOCATIONS = "csca.cer", "csca.crl"
ISSUED_WITHIN = 300.0


def prepare_cards(plan: DemoPlan, provider: Provider, now: datetime) -> None:
    """Have every citizen's card made and believed, and some enrolled.

    Raises `ConfigError`.
    """
    country = provider.config.chip.issuer_country
    if not (plan.cards / CERTIFICATE).exists():
        if len(chip_trust.load(provider.database, country, max_age=0.0)):
            raise ConfigError(f"the cards in {plan.cards} are missing")
        _issue(plan, provider)
    try:
        _trust(plan, provider, now)
        # What this process remembers of the store is from before the import.
        chip_trust.load(provider.database, country, max_age=0.0)
        cards.enrol_cards(
            provider, plan.cards, now=now, numbers=cards.enrolled_numbers()
        )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"the cards in {plan.cards}: {error}") from error


def _issue(plan: DemoPlan, provider: Provider) -> None:
    plan.cards.mkdir(mode=0o700, exist_ok=True)
    people = plan.cards / "people.json"
    people.write_text(json.dumps(cards.card_data(provider)), encoding="utf-8")
    issued = subprocess.run(  # noqa: S603 - our own program
        [
            *(sys.executable, "-m", "clients.reader", "issue"),
            *("--people", str(people), "--out", str(plan.cards)),
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=ISSUED_WITHIN,
    )
    if issued.returncode:
        raise ConfigError(f"the cards were not issued: {issued.stderr.strip()}")


def _trust(plan: DemoPlan, provider: Provider, now: datetime) -> None:
    for name in (CERTIFICATE, REVOCATIONS):
        with provider.database.read() as connection:
            content = (plan.cards / name).read_bytes()
            loaded = chip_trust.read_file(connection, content, now=now)
        with provider.database.transaction() as session:
            chip_trust.keep(session, provider.audit, loaded, source=name, now=now)
