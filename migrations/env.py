"""How Alembic runs here: always on the connection that idp.storage.migration gives."""

import importlib
from pathlib import Path

from alembic import context

import idp
from idp.storage.database import Base

# Every package's models, so that the metadata is whole.
for module in sorted(Path(idp.__file__).parent.glob("*/*models.py")):
    importlib.import_module(f"idp.{module.parent.name}.{module.stem}")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # holds on SQLite too, since we say BEGIN ourselves
)
with context.begin_transaction():
    context.run_migrations()
