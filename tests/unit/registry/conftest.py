"""Worlds whose registry is asked."""

from tests.unit.world import world

__all__ = ["world"]
