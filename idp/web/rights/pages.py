"""Every page of this package, for `web.routes`."""

from idp.web.rights import contacts, freeze, own_lock, unlock

BLUEPRINTS = (
    freeze.blueprint,
    own_lock.blueprint,
    unlock.blueprint,
    contacts.blueprint,
)
