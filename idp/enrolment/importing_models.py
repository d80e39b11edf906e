"""Tables of imports: how far each file was taken, and which rows were refused."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class ImportRun(Base):
    """One file, known by the digest of its beginning and by its size.

    `position` is the byte after the last row that was committed, `line` its number.
    """

    __tablename__ = "imports"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    head_digest: Mapped[bytes]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    position: Mapped[int] = mapped_column(sa.BigInteger)
    line: Mapped[int] = mapped_column(sa.BigInteger)
    taken: Mapped[int] = mapped_column(sa.BigInteger)
    refused: Mapped[int] = mapped_column(sa.BigInteger)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("head_digest", "size", name="uq_imports_head_digest"),
    )


class RefusedRow(Base):
    """A row that was not taken, and the stable code of the reason."""

    __tablename__ = "import_refusals"

    import_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("imports.id"), primary_key=True
    )
    line: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(16))
