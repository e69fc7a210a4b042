"""What the federation knows of one reader, as the home tells it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pinakes.platform.identity import Principal
from pinakes.tenants.readers import cards, consents, looking, service
from pinakes.tenants.readers.branch import codes
from pinakes.tenants.readers.models import Kind
from pinakes.tenants.readers.schemas import Me, Membership
from pinakes.tenants.readers.standing import ReaderUnknown


def person(asker: Principal) -> UUID:
    """The asker as a person, or ReaderUnknown."""
    if asker.person is None:
        raise ReaderUnknown("Log in as a reader.")
    return asker.person


async def whole(session: AsyncSession, person: UUID) -> Me:
    """Everything, to be asked at home."""
    reader = await service.of_person(session, person)
    if reader is None or reader.kind is not Kind.HOME:
        raise ReaderUnknown("Your home does not know you.")
    names = await codes(session, {reader.home_id, *reader.visits})
    home = names[reader.home_id]
    visits = [Membership(names[id], Kind.VISITING) for id in reader.visits]
    return Me(
        person=person,
        home=home,
        reader=await looking.view(session, reader),
        cards=await cards.views(session, person),
        memberships=[Membership(home, Kind.HOME), *visits],
        consents=await consents.listed(session, person),
    )
