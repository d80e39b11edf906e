"""Sealed rows of an import: everything of a row that its place in a chain leaves open.

It needs no database, so that it runs in processes of its own.
"""

import os
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from idp.accounts.calendar import HANOI, Calendar
from idp.accounts.contacts import phone_index, seal_email, seal_phone
from idp.accounts.identifiers import number_index, seal_number
from idp.accounts.identity import paper_of, seal_identity
from idp.audit.bulk import Ready, ready
from idp.audit.figure_events import AccountImported
from idp.config.enrolment import EnrolmentConfig
from idp.enrolment.deadlines import due
from idp.enrolment.importing_file import Block, SourceFile, is_blank
from idp.enrolment.importing_rows import ReadRow, RefusedRowError, read_row
from idp.enrolment.receipts import new_receipt
from idp.enrolment.record import external_index, seal_evidence
from idp.storage.bulk import microseconds
from keys.sealing import BlindIndex, Sealer

BY_IMPORT = "import"
ACCOUNT_COLUMNS = (
    "id",
    "level",
    "state",
    "identity_sealed",
    "phone_sealed",
    "phone_index",
    "email_sealed",
    "email_verified",
    "created_at",
    "updated_at",
    "granted_at",
    "activated_at",
)
NUMBER_COLUMNS = ("id", "account_id", "number_sealed", "number_index", "valid_from")
PAPER_COLUMNS = ("account_id", "kind", "expires_on", "known_at")
DOSSIER_COLUMNS = (
    "id",
    "account_id",
    "kind",
    "channel",
    "state",
    "submitted_at",
    "due_at",
    "decided_at",
    "decided_by",
    "notified_at",
    "province_code",
    "evidence_sealed",
    "external_id_index",
    "receipt",
    "filed_by",
)


class _WrittenId(UUID):
    """A new random id whose text is made once: it binds every sealed value of a row."""

    __slots__ = ("_text",)
    _text: str

    def __init__(self) -> None:
        super().__init__(bytes=os.urandom(16), version=4)
        object.__setattr__(self, "_text", super().__str__())

    def __str__(self) -> str:
        """Return the text that was made with it (RFC 9562 §4)."""
        return self._text


class Sealed(NamedTuple):
    """A row that may be written, unless somebody has its number, phone or id.

    The dossier's receipt and representative are added where it is written.
    """

    line: int
    number_index: BlindIndex
    phone_index: BlindIndex | None
    external_index: BlindIndex | None
    representative_index: BlindIndex | None
    account: tuple[Any, ...]
    number: tuple[Any, ...]
    paper: tuple[Any, ...] | None
    dossier: tuple[Any, ...]
    event: Ready


class RowSealer:
    """What turns the rows of one import into sealed ones."""

    def __init__(
        self,
        sealer: Sealer,
        config: EnrolmentConfig,
        *,
        import_id: UUID,
        sandbox: bool,
        now: datetime,
    ) -> None:
        self._sealer = sealer
        self._config = config
        self._import_id = import_id
        self._sandbox = sandbox
        self._now = now
        self._at = microseconds(now)
        self._calendar = Calendar.of(config)
        self._terms: dict[tuple[str, date], int] = {}

    def seal(self, line: int, values: Mapping[str, Any]) -> Sealed:
        """Check a row and seal it, or raise `RefusedRowError`."""
        row = read_row(values, self._config, sandbox=self._sandbox, now=self._now)
        new, account_id, dossier_id = row.new, _WrittenId(), _WrittenId()
        sealer, helper = self._sealer, row.representative
        known_by = number_index(sealer, new.number)
        phone = None if new.phone is None else phone_index(sealer, new.phone)
        external = external_index(sealer, new.external_id)
        event = AccountImported(
            account_id, dossier_id, self._import_id, new.kind, row.level, row.state
        )
        return Sealed(
            line=line,
            number_index=known_by,
            phone_index=phone,
            external_index=external,
            representative_index=None
            if helper is None
            else number_index(sealer, helper),
            account=self._account(row, account_id, phone),
            number=self._number(row, account_id, known_by),
            paper=self._paper(row, account_id),
            dossier=self._dossier(row, account_id, dossier_id, external),
            event=ready(event, at=self._now),
        )

    def _account(
        self, row: ReadRow, account_id: UUID, phone: BlindIndex | None
    ) -> tuple[Any, ...]:
        sealer, new = self._sealer, row.new
        return (
            account_id,
            row.level,
            row.state,
            seal_identity(sealer, new.identity, account_id),
            None if new.phone is None else seal_phone(sealer, new.phone, account_id),
            phone,
            None if new.email is None else seal_email(sealer, new.email, account_id),
            False,
            self._at,
            self._at,
            _moment(row.granted_at),
            _moment(row.activated_at),
        )

    def _number(
        self, row: ReadRow, account_id: UUID, known_by: BlindIndex
    ) -> tuple[Any, ...]:
        row_id = _WrittenId()
        sealed = seal_number(self._sealer, row.new.number, row_id)
        return row_id, account_id, sealed, known_by, self._at

    def _paper(self, row: ReadRow, account_id: UUID) -> tuple[Any, ...] | None:
        paper = paper_of(row.new.identity)
        if paper is None:
            return None
        kind, until = paper
        return account_id, kind, until and until.isoformat(), self._at

    def _dossier(
        self,
        row: ReadRow,
        account_id: UUID,
        dossier_id: UUID,
        external: BlindIndex | None,
    ) -> tuple[Any, ...]:
        new, is_open = row.new, row.state == "submitted"
        return (
            dossier_id,
            account_id,
            new.kind,
            new.channel,
            "submitted" if is_open else "granted",
            microseconds(row.submitted_at),
            self._due(new.kind, row.submitted_at),
            _moment(row.granted_at),
            None if is_open else BY_IMPORT,
            _moment(row.granted_at),  # whoever granted it told the citizen
            new.province_code,
            seal_evidence(self._sealer, new, dossier_id),
            external,
        )

    def _due(self, kind: str, submitted_at: datetime) -> int:
        key = kind, submitted_at.astimezone(HANOI).date()
        if key not in self._terms:
            term = due(kind, submitted_at, self._calendar, self._config)
            self._terms[key] = microseconds(term)
        return self._terms[key]


class SealedBlock(NamedTuple):
    """What became of a block's rows, and where the next block begins."""

    rows: list[Sealed]
    refused: list[tuple[int, str]]
    lines: int
    end: int


def seal_block(rows: RowSealer, source: SourceFile, block: Block) -> SealedBlock:
    """Seal the rows of a block, and name those that cannot be taken."""
    sealed: list[Sealed] = []
    refused: list[tuple[int, str]] = []
    for number, line in enumerate(block.lines, start=block.first_line):
        if is_blank(line):
            continue
        try:
            sealed.append(rows.seal(number, source.row(line)))
        except RefusedRowError as refusal:
            refused.append((number, refusal.code))
    return SealedBlock(sealed, refused, len(block.lines), block.end)


def written(row: Sealed, representative: UUID | None) -> tuple[Any, ...]:
    """Return the dossier's row with a receipt of its own, and who filed it."""
    return (*row.dossier, new_receipt(), representative)


def _moment(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)
