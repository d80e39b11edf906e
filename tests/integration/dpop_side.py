"""What tests of DPoP (RFC 9449) start from: codes redeemed with a proof."""

from datetime import timedelta

from idp import clock
from tests.integration.token_side import authorize, post, register


def stamp(**ago):
    """Return the NumericDate of so long ago."""
    return clock.timestamp(clock.now() - timedelta(**ago))


def take(client, portal, made, holder, **changes):
    """Redeem a code with a proof; return the whole answer."""
    proof = holder.proof("POST", "/token", **changes)
    return post(client, "/token", portal, made.form(), DPoP=proof)


def tokens_of(client, provider, holder, *, method="client_secret_basic", **asked):
    """Return a portal and what its code gave, bound to the holder's key."""
    portal = register(provider, method)
    answered = take(client, portal, authorize(provider, portal, **asked), holder)
    assert answered.status_code == 200, answered.text
    return portal, answered.get_json()


def ask(client, headers, method="get"):
    """Ask userinfo."""
    return getattr(client, method)("/userinfo", headers=headers)
