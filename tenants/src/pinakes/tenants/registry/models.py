"""Tables of the registry: public, for every branch may know of every other."""

from sqlalchemy import BigInteger, ForeignKey, Integer, Sequence
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base


class Consortium(Base):
    """Libraries that lend to one another; a deployment may hold several."""

    __tablename__ = "consortium"
    __table_args__ = {"schema": "commons"}

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Tenant(Base):
    """One node of the tree hub > province > city > county > service point."""

    __tablename__ = "tenant"
    __table_args__ = {"schema": "commons"}

    id: Mapped[int] = mapped_column(primary_key=True)
    consortium_id: Mapped[int] = mapped_column(ForeignKey("commons.consortium.id"))
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("commons.tenant.id"))
    path: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    state: Mapped[str]
    zone: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    host: Mapped[str | None] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(BigInteger, Sequence("tenant_version", schema="commons"))
