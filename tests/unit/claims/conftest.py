"""Accounts whose claims are read."""

from tests.unit.world import account, new_account, world

__all__ = ["account", "new_account", "world"]
