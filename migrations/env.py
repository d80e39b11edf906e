"""How Alembic runs here: always on the connection that idp.storage.migration gives."""

from alembic import context

from idp.storage.database import Base
from idp.storage.tables import all_tables

all_tables()  # so that the metadata is whole
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # holds on SQLite too, since we say BEGIN ourselves
)
with context.begin_transaction():
    context.run_migrations()
