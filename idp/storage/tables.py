"""Every table of every package, however little of the application is loaded."""

import importlib
from pathlib import Path

import sqlalchemy as sa

import idp
from idp.storage.database import Base


def all_tables() -> list[sa.Table]:
    """Return the tables, those that others refer to first."""
    for module in sorted(Path(idp.__file__).parent.glob("*/*models.py")):
        importlib.import_module(f"idp.{module.parent.name}.{module.stem}")
    return Base.metadata.sorted_tables
