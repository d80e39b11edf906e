"""The table of permits: who opened the time to activate an account again."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class ActivationPermit(Base):
    """A hotline operator's word that an account may be activated until a moment.

    After the days of Decree 69/2024 art. 14 activation goes through the hotline only.
    """

    __tablename__ = "activation_permits"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    given_by: Mapped[UUID]
    given_at: Mapped[datetime]
    until: Mapped[datetime]
