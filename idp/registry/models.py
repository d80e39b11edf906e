"""Table of the embedded synthetic registry (sandbox)."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class RegistryRecord(Base):
    """A person in the synthetic population and residence registry, sealed."""

    __tablename__ = "registry_records"

    number_index: Mapped[bytes] = mapped_column(primary_key=True)
    record_sealed: Mapped[bytes]
    as_of: Mapped[datetime]
