"""A second press of the one-time code's button is answered like the first.

The first press uses the code up and changes the session's cookie, but a browser follows
the second press only and keeps the old cookie. The very same post, within seconds, thus
gets the first one's cookie; whoever has the old cookie but not the code gets nothing.
"""

import hmac
from base64 import b64decode, b64encode

from idp.authentication.transaction import DOUBLE_SUBMIT
from idp.web.visit import Step, Visit


def keep(step: Step, otp: str, token: str) -> None:
    """Keep the cookie that this post earned, sealed, for its double."""
    keep_for(step.visit, step.transaction.id, otp, token)


def find(step: Step, otp: str) -> str | None:
    """Return the cookie that the same post earned a moment ago, or None."""
    return find_for(step.visit, step.transaction.id, otp)


def keep_for(visit: Visit, form: str, otp: str, token: str) -> None:
    """Keep the cookie that a post of any form earned, for its double."""
    provider, key = visit.provider, _key(visit, form, otp)
    sealed = provider.sealer.seal(token.encode(), context=key)
    value = {"token": b64encode(sealed).decode()}
    provider.ephemeral.put(key, value, ttl=DOUBLE_SUBMIT.total_seconds())


def find_for(visit: Visit, form: str, otp: str) -> str | None:
    """Return the cookie that the same post of any form earned, or None."""
    provider, key = visit.provider, _key(visit, form, otp)
    value = provider.ephemeral.get(key)
    if value is None:
        return None
    return provider.sealer.open(b64decode(value["token"]), context=key).decode()


def _key(visit: Visit, form: str, otp: str) -> str:
    text = f"pressed:{visit.session_token}:{form}:{otp}"
    mac = hmac.new(visit.provider.secrets.key("otp"), text.encode(), "sha256")
    return f"pressed:{mac.hexdigest()}"
