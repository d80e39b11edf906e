"""The settings of figures, of the history of use, and of the import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FiguresConfig:
    """What leaders may see, and for how long use is remembered (D59/2022 art. 21)."""

    smallest: int = 10
    shown_days: int = 30
    settle: int = 3600
    flush_after: int = 60
    usage_years: int = 5
    spent_days: int = 30
    refused_years: int = 5


@dataclass(frozen=True, slots=True)
class ImportConfig:
    """How an import works: rows in one transaction, and the longest row in bytes."""

    chunk: int = 1000
    max_row_bytes: int = 16_384
