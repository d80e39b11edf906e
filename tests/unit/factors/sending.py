"""What messages are sent with in unit tests: stores, gateways, and what arrives."""

import re
from dataclasses import dataclass, replace

import pytest

from idp.config import Config, SandboxConfig
from idp.factors.carrier import SandboxCarrier
from idp.factors.gateway import SandboxOutbox
from idp.factors.mail import SandboxLetters
from idp.factors.models import Credential
from keys.secrets import NAMES, ServerSecrets

CONFIG = Config(sandbox=SandboxConfig(enabled=True))
SOURCE = "203.0.113.7"


@dataclass
class Post:
    """The part of a provider that sends, over real stores."""

    config: Config
    ephemeral: object
    database: object
    messages: SandboxOutbox
    mail: SandboxLetters
    carrier: SandboxCarrier
    secrets: ServerSecrets
    sealer: object
    audit: object

    def throttled(self, **limits) -> "Post":
        """Return the same post with other limits."""
        throttle = replace(self.config.throttle, **limits)
        return replace(self, config=replace(self.config, throttle=throttle))

    def codes_to(self, phone: str) -> list[str]:
        """Return the codes that arrived at a phone, newest first."""
        kept = self.messages.list(phone)
        return [re.search(r"\d{6}", item.text)[0] for item in kept]

    def sms_credential(self, account_id) -> Credential:
        """Return the account's SMS credential."""
        with self.database.transaction() as session:
            return session.query(Credential).filter_by(account_id=account_id).one()


def open_post(world, ephemeral) -> Post:
    """Return a post over the world's database."""
    return Post(
        config=CONFIG,
        ephemeral=ephemeral,
        database=world.database,
        messages=SandboxOutbox(world.database),
        mail=SandboxLetters(world.database),
        carrier=SandboxCarrier(ephemeral),
        secrets=ServerSecrets({name: name.encode() * 8 for name in NAMES}),
        sealer=world.sealer,
        audit=world.audit,
    )


@pytest.fixture
def post(world, ephemeral) -> Post:
    """Return a post over the test's own stores."""
    return open_post(world, ephemeral)
