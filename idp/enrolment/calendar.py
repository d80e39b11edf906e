"""The calendar of working days, which locks and rights count by too."""

from idp.accounts.calendar import HANOI, Calendar

__all__ = ["HANOI", "Calendar"]
