"""Every table of every package, however little of the application is loaded."""

import importlib
from pathlib import Path

import sqlalchemy as sa

import idp
from idp.storage.database import Base

# What the database's triggers count while rows of other tables are written.
COUNTED = {"info": {"counted": True}}


def all_tables() -> list[sa.Table]:
    """Return the tables: those that others refer to first, those counted last."""
    for module in sorted(Path(idp.__file__).parent.glob("*/*models.py")):
        importlib.import_module(f"idp.{module.parent.name}.{module.stem}")
    return sorted(Base.metadata.sorted_tables, key=is_counted)


def is_counted(table: sa.Table) -> bool:
    """Say whether the database itself writes this table."""
    return "counted" in table.info
