"""Tables of the registry: the tree is public, for every branch may know of every other."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Sequence, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, TenantOwned, index
from pinakes.tenants.registry.machine import Kind, State

NUMBER = Sequence("tenant_number", schema="commons")
VERSION = Sequence("tenant_version", schema="commons")


class Consortium(Base):
    """Libraries that lend to one another; a deployment may hold several."""

    __tablename__ = "consortium"
    __table_args__ = {"schema": "commons"}

    id: Mapped[int] = mapped_column(
        Sequence("consortium_number", schema="commons"), primary_key=True
    )
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Cell(Base):
    """Another part of the deployment, with a database of its own, that branches may live in."""

    __tablename__ = "cell"
    __table_args__ = {"schema": "commons"}

    code: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str]  # where it takes mail
    key: Mapped[bytes]  # the public one of Ed25519, with which its mail is signed
    revoked_at: Mapped[datetime | None]  # its mail counts no longer


class Tenant(Base):
    """One node of the tree hub > province > city > county > service point.

    ``path`` holds the ids from the root down to itself. Whoever changes a row
    takes a new ``version``, by which every process sees that it must look again.
    """

    __tablename__ = "tenant"
    __table_args__ = (
        Index("tenant_parent_id", "parent_id"),
        Index("tenant_elsewhere", "id", postgresql_where=text("cell IS NOT NULL")),
        {"schema": "commons"},
    )

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    consortium_id: Mapped[int] = mapped_column(ForeignKey("commons.consortium.id"))
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("commons.tenant.id"))
    path: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    state: Mapped[State]
    zone: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    host: Mapped[str | None] = mapped_column(unique=True)
    cell: Mapped[str | None] = mapped_column(ForeignKey("commons.cell.code"))  # none: this one
    epoch: Mapped[int] = mapped_column(server_default="1")  # grows with each move between cells
    version: Mapped[int] = mapped_column(BigInteger, VERSION, onupdate=VERSION.next_value())


class Setting(Base):
    """What one branch has decided, for itself and for all below it."""

    __tablename__ = "setting"
    __table_args__ = {"schema": "commons"}

    tenant_id: Mapped[int] = mapped_column(ForeignKey("commons.tenant.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    locked: Mapped[bool]  # no branch below may say otherwise


class SettingDefault(Base):
    """What holds where nobody has decided: a copy of the table of keys, for hot functions."""

    __tablename__ = "setting_default"
    __table_args__ = {"schema": "commons"}

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)


class Placed(TenantOwned, Base):
    """Where the files of this branch lie."""

    __tablename__ = "placement"
    __table_args__ = (Index("placement_tenant", "tenant_id", unique=True),)

    endpoint: Mapped[str | None]  # none: the deployment's own store
    bucket: Mapped[str]
    prefix: Mapped[str]


class Onboarding(TenantOwned, Base):
    """One step of moving in that is behind this branch, since ``created_at``."""

    __tablename__ = "onboarding"
    __table_args__ = (index("step", unique=True),)

    step: Mapped[str]
