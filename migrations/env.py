"""How Alembic runs here: always on the connection that idp.storage.migration gives."""

from alembic import context

import idp.accounts.models
import idp.audit.models
import idp.authentication.models
import idp.claims.models
import idp.consent.models
import idp.factors.models
import idp.relying_parties.models
import idp.storage.key_models  # noqa: F401 - imported so that the metadata is whole
from idp.storage.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # holds on SQLite too, since we say BEGIN ourselves
)
with context.begin_transaction():
    context.run_migrations()
