"""A wallet's offer: which wallets there are, what is allowed, and the two codes."""

import json
from dataclasses import dataclass
from urllib.parse import quote

from idp import clock
from idp.accounts.contacts import read_contacts
from idp.audit.credential_events import WalletOfferMade
from idp.authentication import assurance, session
from idp.authentication.assurance import Earned
from idp.authentication.session import SignedIn
from idp.claims.catalogue import of_scopes
from idp.claims.release import Recipient, obstacle
from idp.consent import grants
from idp.consent.grants import Consent, GrantView
from idp.credentials import offers, register, residence_credential
from idp.credentials.offers import Offer
from idp.credentials.residence_credential import CONTENT, ESSENTIAL, SCOPE
from idp.factors.carrier import CarrierError
from idp.factors.gateway import GatewayError
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.relying_parties.record import RelyingParty
from idp.web import language
from idp.web.problem import log
from idp.web.text_message import FAILED
from idp.web.visit import Visit

_SCHEME = "openid-credential-offer://?credential_offer="


@dataclass(frozen=True, slots=True)
class Choice:
    """One wallet, and what of the content it would get."""

    party: RelyingParty
    names: tuple[str, ...]


def choices(here: Visit, member: SignedIn) -> list[Choice]:
    """Return the wallets that may hold what this citizen has proven.

    What they have once refused a wallet is not put into it; the residence is what a
    credential is about, and offering it is allowing it.
    """
    with here.provider.database.read() as connection:
        parties = here.provider.relying_parties.all(connection)
        refused = {
            grant.client_id: grant.refused - {ESSENTIAL}
            for grant in grants.list_for(connection, member.account.id, now=here.now)
            if grant.actor_id is None
        }
    if not reaches(member):
        return []
    earned = _earned(member)
    found = []
    for party in parties:
        if offers.GRANT_TYPE not in party.grant_types or SCOPE not in party.scopes:
            continue
        recipient = Recipient(party, earned.account_level, earned.authentication_level)
        asked = of_scopes(party.scopes) - refused.get(party.client_id, frozenset())
        names = tuple(
            claim.name
            for claim in CONTENT
            if claim.name in asked and obstacle(claim.name, recipient) is None
        )
        if ESSENTIAL in names:
            found.append(Choice(party, names))
    return found


def reaches(member: SignedIn) -> bool:
    """Say whether account and sign-in are strong enough for a credential."""
    return assurance.satisfies(_earned(member), register.ACR)


def make(here: Visit, member: SignedIn, chosen: Choice, code: str) -> None:
    """Write down what is allowed, and keep the offer under its code."""
    provider, party = here.provider, chosen.party
    consent = Consent(
        account_id=member.account.id,
        client_id=party.client_id,
        sector=party.sector,
        scopes=(SCOPE,),
        claims=chosen.names,
        refused=(),  # who was refused something before keeps being so
        lifetime=provider.config.lifetimes.consent,
    )
    with provider.database.transaction() as database:
        grant = grants.give(database, provider.audit, consent, now=here.now)
        event = WalletOfferMade(member.account.id, party.client_id)
        provider.audit.record(database, event, now=here.now)
    made = _facts(here, member, chosen, grant)
    ttl = provider.config.lifetimes.sms_otp
    offers.make(provider.ephemeral, code, made, ttl=ttl)


def send(here: Visit, member: SignedIn, code: str) -> tuple[str, str]:
    """Send the transaction code to the phone; say what became of it, and where to."""
    provider, account_id = here.provider, member.account.id
    with provider.database.read() as connection:
        phone = read_contacts(connection, provider.sealer, account_id).phone
    if phone is None:
        return FAILED, ""
    errand = Errand(account_id, phone, "wallet", offers.binding(code))
    try:
        sent = SmsCodes(provider).send(
            errand, source=here.source, locale=language.current(), now=here.now
        )
    except (GatewayError, CarrierError) as error:
        log.warning("message not sent", code=error.code, detail=error.detail)
        return FAILED, phone
    return sent.outcome, phone


def link(here: Visit, code: str) -> str:
    """Return the credential offer as a link that opens wallets (OpenID4VCI §4.1)."""
    grant = {
        "pre-authorized_code": code,
        "tx_code": {"input_mode": "numeric", "length": offers.DIGITS},
    }
    offer = {
        "credential_issuer": here.provider.config.issuer,
        "credential_configuration_ids": [residence_credential.CONFIGURATION],
        "grants": {offers.GRANT_TYPE: grant},
    }
    return _SCHEME + quote(json.dumps(offer, separators=(",", ":")), safe="")


def _facts(here: Visit, member: SignedIn, chosen: Choice, grant: GrantView) -> Offer:
    earned, secret = _earned(member), here.provider.secrets.key("sid")
    return Offer(
        account_id=str(member.account.id),
        client_id=chosen.party.client_id,
        grant_id=str(grant.id),
        claims=list(chosen.names),
        sid=session.sid(secret, member.session.id, chosen.party.sector),
        auth_time=clock.timestamp(earned.auth_time),
        acr=assurance.acr(earned),
        amr=list(earned.amr),
        account_level=earned.account_level,
        authentication_level=earned.authentication_level,
    )


def _earned(member: SignedIn) -> Earned:
    return assurance.earned(member.session.events, member.account.level)
