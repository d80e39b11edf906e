"""Who stands before whom: a request, its client, the citizen, and what they allowed.

Read once for each visit of the dispatcher; the two questions about it are pure.
"""

from dataclasses import dataclass, replace

from idp.accounts.identifiers import find_subject
from idp.authentication import acting, assurance, session, steps
from idp.authentication.acting import Acting
from idp.authentication.browser import SESSION
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthorizationRequest
from idp.claims.release import Recipient
from idp.consent import grants, policy
from idp.consent.grants import GrantView
from idp.consent.policy import ConsentStep
from idp.oidc.visit import Visit, cookie_value
from idp.relying_parties.record import RelyingParty


@dataclass(frozen=True, slots=True)
class Scene:
    """One request before one citizen, and for whom that citizen acts.

    `grant` is what was allowed to this client for whoever it is that the client is
    told about; `subject` is theirs, known only if the request names one.
    """

    asked: AuthorizationRequest
    party: RelyingParty
    signed_in: SignedIn | None = None
    grant: GrantView | None = None
    whom: Acting = acting.NOBODY_ELSE
    subject: str | None = None


def look(visit: Visit, asked: AuthorizationRequest, party: RelyingParty) -> Scene:
    """Return the scene as it is now."""
    provider, now = visit.provider, visit.now
    token, lifetimes = cookie_value(provider, SESSION), provider.config.lifetimes
    with provider.database.look_up() as reader:  # both on one connection: the hot path
        signed_in = session.find(reader, token, now=now, lifetimes=lifetimes)
        if signed_in is None:
            return Scene(asked, party)
        grant = grants.find_live(reader, signed_in.account.id, asked.client_id)
    scene = Scene(asked, party, signed_in, grant)
    if acting.kinds(asked):
        scene = _with_whom(visit, scene, signed_in)
    return _with_subject(visit, scene, signed_in)


def unproven(visit: Visit, scene: Scene) -> steps.Step | None:
    """Return what the citizen has still to prove, or to choose.

    Whoever acts for another proves first who they are; then the sign-in counts at the
    account level of whom it is for.
    """
    step = _unproven(visit, scene, scene.signed_in)
    if step is not None or scene.signed_in is None:
        return step
    if scene.whom.is_open:
        return steps.ACTING
    if scene.whom.principal is None:
        return None
    return _unproven(visit, scene, scene.whom.at_level(scene.signed_in))


def unconsented(visit: Visit, scene: Scene, signed_in: SignedIn) -> ConsentStep | None:
    """Return why consent must be asked; `signed_in` is at the level that counts."""
    earned = assurance.earned(signed_in.session.events, signed_in.account.level)
    recipient = Recipient(
        scene.party,
        earned.account_level,
        earned.authentication_level,
        about=scene.whom.kind,
    )
    is_theirs = visit.transaction.consented_by == scene.whom.about(signed_in)
    return policy.unmet(
        scene.asked,
        recipient,
        scene.grant,
        now=visit.now,
        consented_at=visit.transaction.consented_at if is_theirs else None,
        txn_created=visit.transaction.created_at,
    )


def _unproven(
    visit: Visit, scene: Scene, signed_in: SignedIn | None
) -> steps.Step | None:
    return steps.unmet(
        visit.transaction,
        signed_in,
        subject=scene.subject,
        minimum_acr=scene.party.minimum_acr,
        biometric=visit.provider.config.assurance.verified_passkey_is_biometric,
        now=visit.now,
    )


def _with_whom(visit: Visit, scene: Scene, signed_in: SignedIn) -> Scene:
    with visit.provider.database.read() as connection:
        whom = acting.find(
            connection,
            visit.transaction,
            signed_in,
            sector=scene.party.sector,
            now=visit.now,
        )
        if whom.principal is None:
            return replace(scene, whom=whom)
        grant = grants.find_live(
            connection,
            whom.principal.id,
            scene.asked.client_id,
            signed_in.account.id,
        )
    stands = grant is not None and whom.stands(grant.granted_at)
    return replace(scene, whom=whom, grant=grant if stands else None)


def _with_subject(visit: Visit, scene: Scene, signed_in: SignedIn) -> Scene:
    if scene.asked.hinted_subject is None:
        return scene
    if scene.grant:
        return replace(scene, subject=scene.grant.subject)
    with visit.provider.database.read() as connection:
        about = scene.whom.about(signed_in)
        subject = find_subject(connection, about, scene.party.sector)
    return replace(scene, subject=subject)
