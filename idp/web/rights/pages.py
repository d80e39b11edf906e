"""Every page of this package, for `web.routes`."""

from idp.web.rights import freeze, own_lock, unlock

BLUEPRINTS = (freeze.blueprint, own_lock.blueprint, unlock.blueprint)
