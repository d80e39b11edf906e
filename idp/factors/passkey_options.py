"""What a browser is asked for a passkey: the options of `create()` and `get()`.

Before anything is proven no passkey is named, so no list tells a stranger who exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
)
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp.factors import passkey_answers, passkey_challenges
from idp.factors.passkey_challenges import Ceremony
from idp.factors.passkey_site import PasskeySite
from idp.factors.passkey_store import KnownPasskey
from idp.storage.ephemeral import EphemeralStore


@dataclass(frozen=True, slots=True)
class PersonName:
    """How an authenticator shows whose passkey it keeps."""

    name: str
    display_name: str


class Described(Protocol):
    """What names a passkey to its authenticator."""

    @property
    def webauthn_id(self) -> bytes:
        """The id that the authenticator gave."""

    @property
    def transports(self) -> tuple[str, ...]:
        """The ways to reach it."""


def enrolment_options(  # noqa: PLR0913 - the store, then whose, for where and when
    ephemeral: EphemeralStore,
    site: PasskeySite,
    known: Sequence[Described],
    *,
    account_id: UUID,
    person: PersonName,
    binding: str,
    now: datetime,
    is_strict: bool = False,
) -> str:
    """Return the JSON for `navigator.credentials.create()`.

    `is_strict` asks for a passkey that finds its account and verifies its user.
    """
    residence, verification = (
        ResidentKeyRequirement.PREFERRED,
        UserVerificationRequirement.PREFERRED,
    )
    if is_strict:
        residence = ResidentKeyRequirement.REQUIRED
        verification = UserVerificationRequirement.REQUIRED
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name=site.rp_name,
        user_id=site.user_handle(account_id),
        user_name=person.name,
        user_display_name=person.display_name,
        challenge=_challenge(ephemeral, site, "enrol", binding, now),
        timeout=site.challenge_ttl * 1000,
        attestation=AttestationConveyancePreference.DIRECT
        if site.attestation
        else AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=residence,
            user_verification=verification,
        ),
        exclude_credentials=_descriptors(known),
        supported_pub_key_algs=passkey_answers.ALGORITHMS,
    )
    return options_to_json(options)


def sign_in_options(
    ephemeral: EphemeralStore, site: PasskeySite, *, binding: str, now: datetime
) -> str:
    """Return the JSON for `get()` before anything is proven: it names no passkey."""
    options = generate_authentication_options(
        rp_id=site.rp_id,
        challenge=_challenge(ephemeral, site, "first", binding, now),
        timeout=site.challenge_ttl * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def further_options(
    ephemeral: EphemeralStore,
    site: PasskeySite,
    known: Sequence[KnownPasskey],
    *,
    binding: str,
    now: datetime,
) -> str:
    """Return the JSON for `get()` after a first proof: the account's own passkeys."""
    options = generate_authentication_options(
        rp_id=site.rp_id,
        challenge=_challenge(ephemeral, site, "further", binding, now),
        timeout=site.challenge_ttl * 1000,
        allow_credentials=_descriptors([item for item in known if item.is_usable(now)]),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options)


def _challenge(
    ephemeral: EphemeralStore,
    site: PasskeySite,
    ceremony: Ceremony,
    binding: str,
    now: datetime,
) -> bytes:
    return passkey_challenges.issue(
        ephemeral, ceremony, binding=binding, now=now, ttl=site.challenge_ttl
    )


def _descriptors(
    known: Sequence[Described],
) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=item.webauthn_id,
            transports=[AuthenticatorTransport(name) for name in item.transports],
        )
        for item in known
    ]
