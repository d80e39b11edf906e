"""Files of invented dossiers to import, any number of rows, always the same ones."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COLUMNS = (
    "external_id",
    "personal_number",
    "family_name",
    "middle_name",
    "given_name",
    "birth_date",
    "gender",
    "nationality",
    "document_type",
    "document_number",
    "document_issued_on",
    "document_expires_on",
    "document_issuer",
    "phone",
    "email",
    "level",
    "state",
    "province_code",
    "submitted_at",
)
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi")
_MIDDLE = ("Văn", "Thị", "Minh", "Thuỳ", "Đức")
_GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hạnh", "Khôi", "Lan", "Nhi")
_STATES = ("submitted", "granted", "active")


def dossier(index: int) -> dict[str, Any]:
    """Return the dossier of the person with this index; no two share anything."""
    year, serial = 1940 + index % 60, 500_000 + index // 60
    number = f"999{index % 2}{year % 100:02}{serial:06}"
    return {
        "external_id": f"PROVE-{index:09}",
        "personal_number": number,
        "family_name": _FAMILY[index % 7],
        "middle_name": _MIDDLE[index % 5],
        "given_name": _GIVEN[index % 9],
        "birth_date": str(year)
        if index % 50 == 0
        else f"{year}-03-{1 + index % 28:02}",
        "gender": ("male", "female")[index % 2],
        "nationality": "VN",
        "document_type": "can_cuoc",
        "document_number": number,
        "document_issued_on": "2024-08-01",
        "document_expires_on": "2034-08-01",
        "document_issuer": "Bộ Công an",
        "phone": f"+847{index:08}",
        "email": f"nguoi.{index}@example.com" if index % 3 == 0 else "",
        "level": str(1 + index % 2),
        "state": _STATES[index % 3],
        "province_code": f"{1 + index % 34:02}",
        "submitted_at": "2026-10-05T09:30:00+07:00",
    }


def dossiers(count: int, *, begin: int = 0) -> Iterator[dict[str, Any]]:
    """Yield dossiers one after the other."""
    return map(dossier, range(begin, begin + count))


def write_csv(
    path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]
) -> Path:
    """Write rows with the header of an import."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    """Write rows as one JSON object a line, null for what is missing."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            values = {name: value or None for name, value in row.items()}
            file.write(json.dumps(values, ensure_ascii=False) + "\n")
    return path
