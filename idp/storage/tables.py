"""Every table of every package, however little of the application is loaded."""

import importlib
from pathlib import Path

import sqlalchemy as sa

import idp
from idp.storage.database import Base

# Its first rows come from a migration, or its rows from triggers on other tables: where
# a database is restored they give way.
FILLED_BY_SCHEMA = {"info": {"filled_by_schema": True}}


def all_tables() -> list[sa.Table]:
    """Return the tables: those that others refer to first, those filled alone last."""
    for module in sorted(Path(idp.__file__).parent.glob("*/*models.py")):
        importlib.import_module(f"idp.{module.parent.name}.{module.stem}")
    return sorted(Base.metadata.sorted_tables, key=fills_itself)


def fills_itself(table: sa.Table) -> bool:
    """Say whether there are rows in the table that no application wrote."""
    return "filled_by_schema" in table.info
