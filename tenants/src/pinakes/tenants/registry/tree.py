"""The tree of branches: where a new one may stand, and where each stands."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.errors import BadRequest, Conflict
from pinakes.platform.outage import sqlstate
from pinakes.tenants.registry.machine import Kind, State, fit
from pinakes.tenants.registry.models import NUMBER, Consortium, Tenant
from pinakes.tenants.registry.schemas import NewBranch

OPEN = frozenset({State.REQUESTED, State.ACTIVE, State.SUSPENDED})  # to new branches below
WORDS = """
    about account accounts admin api app assets auth b branch branches consortium default graphql
    health help issuer livez login logout main me new operator own pinakes public readyz realms
    root schema search setting settings static status support system tenant tenants v1 www
"""
TREE = 20_261_122  # the lock that keeps paths true
NO_ZONE = "22023"  # what PostgreSQL says of a zone that it does not know
RESERVED = frozenset(WORDS.split())
DESCRIBED = ("code", "kind", "name_zh", "name_en", "zone", "host", "latitude", "longitude")


class CodeReserved(BadRequest):
    code = "code_reserved"
    title = "This code is kept for the house itself"


class CodeTaken(Conflict):
    code = "code_taken"
    title = "Another branch has this code"


class HostTaken(Conflict):
    code = "host_taken"
    title = "Another branch has this host"


class HubExists(Conflict):
    code = "hub_exists"
    title = "This consortium has a hub already"


class ParentUnknown(BadRequest):
    code = "parent_unknown"
    title = "There is no such parent"


class ZoneUnknown(BadRequest):
    code = "zone_unknown"
    title = "There is no such time zone"


class NameMissing(BadRequest):
    code = "name_missing"
    title = "A branch needs a name in Chinese or English"


async def enter(public: AsyncSession, wish: NewBranch) -> tuple[Tenant, bool]:
    """The row of the branch that *wish* describes, and whether it is new.

    Asking twice in the same words is asking once; in other words it is CodeTaken.
    """
    found = await public.scalar(select(Tenant).where(Tenant.code == wish.code))
    if found:
        await refuse_other(public, found, wish)
        return found, False
    await check(public, wish)
    parent = await parent_of(public, wish)
    fit(wish.kind, parent.kind if parent else None)
    consortium = parent.consortium_id if parent else await found_consortium(public, wish)
    row = Tenant(
        consortium_id=consortium,
        parent_id=parent.id if parent else None,
        path=[],
        state=State.REQUESTED,
        **described(wish),
    )
    await add(public, row, [*parent.path] if parent else [])
    return row, True


def described(wish: NewBranch) -> dict[str, object]:
    """What the wish says of the branch itself."""
    return {name: getattr(wish, name) for name in DESCRIBED}


async def check(public: AsyncSession, wish: NewBranch) -> None:
    """Refuse what no branch may be called, and times that no clock shows."""
    if wish.code in RESERVED or wish.code.startswith("xn--"):
        raise CodeReserved(f"Choose another code than {wish.code}.")
    check_name(wish.name_zh, wish.name_en)
    await check_zone(public, wish.zone)


def check_name(zh: str, en: str) -> None:
    if not (zh.strip() or en.strip()):
        raise NameMissing("Give name_zh, name_en or both.")


async def check_zone(public: AsyncSession, zone: str) -> None:
    """Refuse what is no zone to us or none to the database: both read clocks by it."""
    try:
        ZoneInfo(zone)
        await public.execute(select(func.timezone(zone, func.now())))
    except (ZoneInfoNotFoundError, ValueError, OSError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and sqlstate(error) != NO_ZONE:
            raise
        raise ZoneUnknown("Use an IANA name, such as Asia/Shanghai.") from error


async def parent_of(public: AsyncSession, wish: NewBranch) -> Tenant | None:
    """The parent's row; it stays where it is until we are done."""
    if wish.parent is None:
        return None
    await public.execute(select(func.pg_advisory_xact_lock_shared(TREE)))
    return await open_parent(public, wish.parent)


async def own_tree(public: AsyncSession) -> None:
    """Nobody moves in below a branch while one moves: its path would be of yesterday."""
    await public.execute(select(func.pg_advisory_xact_lock(TREE)))


async def open_parent(public: AsyncSession, code: str) -> Tenant:
    """A branch that others may stand below, which stays so until we are done."""
    query = select(Tenant).where(Tenant.code == code, Tenant.state.in_(OPEN))
    parent = await public.scalar(query.with_for_update(read=True))
    if parent is None:
        raise ParentUnknown(f"No branch is called {code}, or it is leaving.")
    return parent


async def found_consortium(public: AsyncSession, wish: NewBranch) -> int:
    """The consortium of a hub, founded if need be; it has one hub at most."""
    names = {"name_zh": wish.name_zh, "name_en": wish.name_en}
    await public.execute(
        insert(Consortium).values(code=wish.consortium, **names).on_conflict_do_nothing()
    )
    query = select(Consortium.id).where(Consortium.code == wish.consortium)
    id = (await public.scalars(query.with_for_update())).one()
    hub = (Tenant.consortium_id == id, Tenant.kind == Kind.HUB, Tenant.state != State.GONE)
    if await public.scalar(select(exists().where(*hub))):
        raise HubExists("Name another consortium, or give the branch a parent.")
    return id


async def add(public: AsyncSession, row: Tenant, above: list[int]) -> None:
    """Write the row; its path ends with its own number, which only the database can give."""
    row.id = (await public.scalars(select(NUMBER.next_value()))).one()
    row.path = [*above, row.id]
    public.add(row)
    try:
        await public.flush()
    except IntegrityError as error:
        if "host" in str(error.orig):
            raise HostTaken(f"Another branch answers at {row.host}.") from error
        raise CodeTaken(f"Another branch has just been called {row.code}.") from error


async def refuse_other(public: AsyncSession, found: Tenant, wish: NewBranch) -> None:
    """Raise CodeTaken unless *wish* says what the row says."""
    parent = await public.get(Tenant, found.parent_id) if found.parent_id else None
    same = all(getattr(found, name) == value for name, value in described(wish).items())
    if found.state == State.GONE or not same or wish.parent != (parent.code if parent else None):
        raise CodeTaken(f"{wish.code} is another branch. Codes are never used twice.")


def under(id: int) -> ColumnElement[bool]:
    """Whether a branch stands below the branch *id*, however deep."""
    return Tenant.path.contains([id]) & (Tenant.id != id)


async def parental(session: AsyncSession, id: int) -> bool:
    """Whether somebody still stands below the branch *id*."""
    query = select(exists().where(under(id), Tenant.state != State.GONE))
    return bool(await session.scalar(query))
