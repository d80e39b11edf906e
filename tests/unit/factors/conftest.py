"""Accounts to work on, and the ways messages go out."""

from tests.unit.factors.sending import post
from tests.unit.world import account, new_account, world

__all__ = ["account", "new_account", "post", "world"]
