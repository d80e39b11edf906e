"""Every page of this package, for `web.routes`."""

from idp.web.rights import contacts, copy, freeze, own_data, own_lock, unlock

BLUEPRINTS = (
    freeze.blueprint,
    own_lock.blueprint,
    unlock.blueprint,
    contacts.blueprint,
    own_data.blueprint,
    copy.blueprint,
)
