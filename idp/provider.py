"""Every long-lived object of a running provider, built once from the configuration."""

from dataclasses import dataclass
from functools import partial

from cryptography import x509
from flask import current_app

from idp.audit.key_changes import audited_store
from idp.audit.log import AuditLog
from idp.config import Config
from idp.config.key_clocks import key_clocks
from idp.credentials import ending
from idp.credentials.published import PublishedLists
from idp.custody import incidents
from idp.custody.sightings import Sightings
from idp.enrolment.organisation_source import OrganisationSource, open_organisations
from idp.factors.card_database import CardDatabase, open_card_database
from idp.factors.carrier import CarrierCheck, open_carrier
from idp.factors.courier import Courier
from idp.factors.face import FaceMatch, open_faces
from idp.factors.gateway import HttpGateway, MessageGateway, SandboxOutbox
from idp.factors.mail import MailGateway, open_mail
from idp.factors.passkey_site import PasskeySite, open_site
from idp.factors.password import PasswordPool
from idp.factors.throttle import Throttle
from idp.figures.funnel import Funnel
from idp.registry.opening import open_registry
from idp.registry.port import PopulationRegistry
from idp.relying_parties.certificates import load_authorities
from idp.relying_parties.registry import RelyingParties
from idp.relying_parties.remote import Remote
from idp.relying_parties.statement_issuers import StatementIssuers, read_issuers
from idp.signals import feed
from idp.storage.database import Database
from idp.storage.ephemeral import EphemeralStore
from idp.storage.key_material import open_kek, open_opener
from idp.storage.key_store import DatabaseRingStore
from idp.storage.opening import (
    open_database,
    open_ephemeral,
    open_sealer,
    open_secrets,
)
from keys.rotation import Rotator
from keys.sealing import Sealer
from keys.secrets import ServerSecrets
from keys.signers import KeyRings

EXTENSION = "dinhdanh"


@dataclass(frozen=True, slots=True)
class Provider:
    """What views and commands work with; nothing here holds a request's state."""

    config: Config
    database: Database
    ephemeral: EphemeralStore
    sealer: Sealer
    secrets: ServerSecrets
    rings: KeyRings
    rotator: Rotator
    audit: AuditLog
    relying_parties: RelyingParties
    status_lists: PublishedLists
    client_authorities: tuple[x509.Certificate, ...]
    statement_issuers: StatementIssuers
    passwords: PasswordPool
    throttle: Throttle
    messages: MessageGateway
    mail: MailGateway
    courier: Courier
    funnel: Funnel
    sightings: Sightings
    carrier: CarrierCheck
    faces: FaceMatch
    card_database: CardDatabase
    registry: PopulationRegistry
    organisations: OrganisationSource
    passkeys: PasskeySite


def build_provider(config: Config) -> Provider:
    """Open the stores and keys that `config` names and wire everything on them.

    The database must be migrated and the keys initialised (`idp db upgrade`,
    `idp keys init`); raises `ConfigError` that says which is missing.
    """
    database = open_database(config)
    ephemeral = open_ephemeral(config)
    store = DatabaseRingStore(database)
    secrets = open_secrets(config, database)
    sealer = open_sealer(config, database)
    audit = AuditLog(sealer)
    sightings = Sightings(database)
    opener = open_opener(config, open_kek(config))
    clocks = key_clocks(config)
    courier = Courier(
        lanes=config.backchannel.portals_at_once,
        patient=max(1, config.server.threads // 2),
    )
    provider = Provider(
        config=config,
        database=database,
        ephemeral=ephemeral,
        sealer=sealer,
        secrets=secrets,
        rings=KeyRings(
            store,
            opener,
            clocks,
            reread_after=config.keys.reread_after,
            jwks_max_age=config.keys.jwks_max_age,
            unread_at_most=config.keys.unread_at_most,
            on_killed=sightings.refused,
        ),
        rotator=Rotator(audited_store(database, audit), opener, clocks),
        audit=audit,
        relying_parties=RelyingParties(
            database,
            secrets.key("client"),
            sandbox=config.sandbox.enabled,
            remote=Remote(config.outbound, config.registration),
        ),
        status_lists=PublishedLists(),
        client_authorities=load_authorities(config.mtls.authorities_file),
        statement_issuers=read_issuers(config.registration.statement_issuers_file),
        passwords=PasswordPool(config.password),
        throttle=Throttle(ephemeral, config.throttle),
        messages=SandboxOutbox(database)
        if config.sms.gateway == "sandbox"
        else HttpGateway(config.sms),
        mail=open_mail(config.mail, database),
        courier=courier,
        funnel=Funnel(database, courier, every=config.figures.flush_after),
        sightings=sightings,
        carrier=open_carrier(config.carrier, ephemeral),
        faces=open_faces(config.face),
        card_database=open_card_database(config.card_database),
        registry=open_registry(config, database, sealer),
        organisations=open_organisations(config.organisations),
        passkeys=open_site(config, secrets.key("webauthn")),
    )
    provider.audit.listen(partial(feed.record, provider))
    provider.audit.listen(partial(ending.record, provider.audit))
    provider.audit.listen(incidents.record)
    return provider


def current() -> Provider:
    """Return the provider of the running Flask application."""
    provider: Provider = current_app.extensions[EXTENSION]
    return provider
