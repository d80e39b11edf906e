"""Tables of the registry: the synthetic one, last answers, administrative units."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import blind, sealed
from idp.storage.database import Base


class RegistryRecord(Base):
    """A person in the synthetic population and residence registry, sealed."""

    __tablename__ = "registry_records"

    number_index: Mapped[bytes] = blind(replaced=True, primary_key=True)
    record_sealed: Mapped[bytes] = sealed("registry_records.record")
    as_of: Mapped[datetime]


class RegistryAnswer(Base):
    """What a real registry told last of a person, sealed; told again if it is down."""

    __tablename__ = "registry_answers"

    question_index: Mapped[bytes] = blind(replaced=True, primary_key=True)
    record_sealed: Mapped[bytes] = sealed(
        lambda row: f"registry_answers.record:{row['question_index'].hex()}"
    )
    answered_at: Mapped[datetime] = mapped_column(index=True)


class AdministrativeUnit(Base):
    """A province, district or commune of one list, and what it became in the next."""

    __tablename__ = "administrative_units"

    code_list: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None]
    successor_code: Mapped[str | None]
    imported_at: Mapped[datetime]
