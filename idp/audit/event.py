"""What every event of the audit log is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

_NOT_DATA = frozenset({"account_id", "personal"})


@dataclass(frozen=True, slots=True)
class Event:
    """What every event has: whose account, and what is personal about it."""

    TYPE: ClassVar[str] = ""

    account_id: UUID | None
    personal: Mapping[str, Any] | None = field(default=None, kw_only=True)

    def __init_subclass__(cls) -> None:
        cls.TYPE = cls.__name__

    def data(self) -> dict[str, Any]:
        """Return the chained fields as JSON values."""
        values = ((name, getattr(self, name)) for name in self._data_names())
        return {
            name: str(value) if isinstance(value, UUID) else value
            for name, value in values
            if value is not None
        }

    @classmethod
    @cache
    def _data_names(cls) -> tuple[str, ...]:
        names = (item.name for item in fields(cls))
        return tuple(name for name in names if name not in _NOT_DATA)


@dataclass(frozen=True, slots=True)
class ServiceEvent(Event):
    """An event of the service itself, of no account."""

    account_id: None = field(default=None, init=False)
