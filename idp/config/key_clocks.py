"""How long each purpose's keys are published, wait and verify."""

from idp.config.settings import Config
from keys.ring import Clock, Purpose

_DAY = 86_400
_YEAR = 366 * _DAY


def key_clocks(config: Config) -> dict[Purpose, Clock]:
    """Return the clock of each purpose, from the lives of what it signs.

    A key verifies after its last signature for as long as the longest token that it
    signed is shown, and for the time that a portal may still hold an old key set.
    """
    lives, credentials = config.lifetimes, config.credentials
    longest: dict[Purpose, int] = {
        # An ID token comes back as a hint at logout, as late as its session ends.
        "id_token": max(lives.id_token, lives.session_max),
        "access_token": lives.access_token,
        # An event that was not fetched is signed anew when it is told again.
        "event": config.backchannel.token,
        "jarm": lives.jarm,
        "credential": max(credentials.lifetime, credentials.list_lifetime),
        # A head proves the events below it for as long as they are kept and seen.
        "audit": max(config.figures.usage_years, config.audit.keep_years) * _YEAR,
    }
    keys = config.keys
    return {
        purpose: Clock(
            keys.publish_lead, life + keys.jwks_max_age, keys.rotate_every * _DAY
        )
        for purpose, life in longest.items()
    }
