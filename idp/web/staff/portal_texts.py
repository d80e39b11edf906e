"""Proposals about portals in words: what was registered against what will be."""

import json
from collections.abc import Mapping
from typing import Any

from idp import clock
from idp.approvals import portals
from idp.approvals.kinds import Payload
from idp.provider import Provider
from idp.relying_parties import (
    messages,
    sector_identifier,
    security_level,
    sender,
    standings,
)
from idp.relying_parties.errors import UnknownClientError
from idp.web.language import gettext, phrase
from idp.web.staff import portal_overlap
from idp.web.staff.descriptions import Change, Description
from idp.web.staff.portal_labels import LABELS
from idp.web.staff.portal_values import labelled, raw_text, value_text

# Who gets citizens' data, what of it, and how it is protected.
RISKY = frozenset(
    {
        "redirect_uris", "scope", "claims_policy", "sector", "minimum_acr", "jwks",
        "jwks_uri", "token_endpoint_auth_method", "grant_types", "resources",
        "allowed_resources", "require_pkce", "require_nonce", "profile",
        "require_pushed_authorization_requests", "client_name",
        "authorization_details_types", sector_identifier.MEMBER,
        *messages.PROTECTIONS, *sender.BOUND, *sender.SUBJECTS,
    }
)  # fmt: skip
_HIDDEN = frozenset({"client_id", "client_id_issued_at"})


def label(member: str) -> str:
    """Return what people call a member, with its language, beside its own name."""
    words = labelled(LABELS, member)
    return words if words == member else f"{words} — {member}"


def as_json(document: Mapping[str, Any]) -> str:
    """Return what is registered as a portal's developer would send it."""
    told = {name: value for name, value in document.items() if name not in _HIDDEN}
    return json.dumps(told, ensure_ascii=False, indent=2)


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Return what changes, risky members first; the rest stays as it is."""
    changes = [
        _difference(member, before.get(member), after.get(member))
        for member in (*after, *(name for name in before if name not in after))
        if member not in _HIDDEN
        and raw_text(before.get(member)) != raw_text(after.get(member))
    ]
    return tuple(sorted(changes, key=lambda change: not change.is_risky))


def _difference(member: str, before: Any, after: Any) -> Change:
    told = value_text(before), value_text(after)
    if told[0] == told[1]:  # in words the same, and yet another value
        told = raw_text(before), raw_text(after)
    return Change(label(member), *told, member.partition("#")[0] in RISKY)


def _register(provider: Provider, payload: Payload) -> Description:
    effects = [gettext("The portal can sign people in at once.")]
    if payload["secret_digest"]:
        effects.append(
            gettext("Its secret works from then on; only the proposer has it.")
        )
    warnings = _about_certificate(provider, payload["after"])
    return Description(tuple(effects), differences({}, payload["after"]), warnings)


def _change(provider: Provider, payload: Payload) -> Description:
    before = _live(provider, payload["client_id"])
    effects = [gettext("The registration is replaced; permissions go on.")]
    effects += portal_overlap.told(payload, before, now=clock.now())
    warnings = _about_certificate(provider, payload["after"])
    return Description(tuple(effects), differences(before, payload["after"]), warnings)


def _resume(provider: Provider, payload: Payload) -> Description:
    effect = gettext(
        "People sign in there again, and tokens that have not ended work again."
    )
    try:
        with provider.database.read() as connection:
            found = standings.one(connection, payload["client_id"])
    except UnknownClientError:  # removed meanwhile
        return Description((effect,), obstacle=gettext("gone already"))
    why = Change(gettext("Why it was suspended"), found.suspension or "", "")
    return Description((effect,), (why,), _about_certificate(provider, found.document))


def _about_certificate(
    provider: Provider, registered: Mapping[str, Any]
) -> tuple[str, ...]:
    config = provider.config.registration
    days = config.certificate_warning_days
    words = {
        "missing": gettext("No certificate of security level 3 is registered."),
        "expired": gettext("The certificate of security level 3 has expired."),
        "ending": gettext("The certificate of security level 3 ends soon."),
        "valid": "",
    }
    now = clock.now()
    told = words[security_level.state(registered, warn_days=days, now=now)]
    return (told,) if told else ()


def _remove(provider: Provider, payload: Payload) -> Description:
    before = _live(provider, payload["client_id"])
    effects = gettext(
        "The portal is gone: nobody signs in there, every permission for it ends and "
        "its tokens are refused. This cannot be undone."
    )
    return Description((effects,), differences(before, {}))


def _initial_token(provider: Provider, payload: Payload) -> Description:
    del provider
    effects = gettext(
        "Whoever has the token registers up to %(uses)s portals over the network, and "
        "may change or remove them later, within what stands below and without any "
        "further approval.",
        uses=payload["uses"],
    )
    return Description((effects,), differences({}, payload["approved"]))


def _own_token(provider: Provider, payload: Payload) -> Description:
    del provider
    effects = gettext(
        "Whoever has the token changes this portal's registration over the network, "
        "within what stands below, or removes it, without any further approval; the "
        "portal's former token is dead."
    )
    return Description((effects,), differences({}, payload["approved"]))


def _live(provider: Provider, client_id: str) -> dict[str, Any]:
    try:
        with provider.database.read() as connection:
            return provider.relying_parties.document(connection, client_id)
    except UnknownClientError:  # removed meanwhile
        return {}


WORDS = {
    portals.REGISTER: (phrase("Register the portal %(subject)s"), _register),
    portals.CHANGE: (phrase("Change the portal %(subject)s"), _change),
    portals.RESUME: (phrase("Let the portal %(subject)s work again"), _resume),
    portals.REMOVE: (phrase("Remove the portal %(subject)s"), _remove),
    portals.INITIAL_TOKEN: (
        phrase("A token that registers portals: %(subject)s"),
        _initial_token,
    ),
    portals.OWN_TOKEN: (
        phrase("A token by which the portal %(subject)s manages itself"),
        _own_token,
    ),
}
