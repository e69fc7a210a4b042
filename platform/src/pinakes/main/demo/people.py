"""Staff and readers of the sample consortium."""

from collections.abc import Sequence
from contextlib import suppress

from stdnum.iso7064 import mod_97_10

from pinakes.main.demo.library import GIVEN_OUT_BY, OLD_BARCODE, STAFF
from pinakes.platform.db import unit_of_work
from pinakes.platform.doors import Doors
from pinakes.platform.identity import Principal
from pinakes.tenants.readers import cards, service
from pinakes.tenants.readers.cards import CardTaken
from pinakes.tenants.readers.schemas import NewCard, Register
from pinakes.tenants.registry.service import found
from pinakes.tenants.staff.service import NoSuchStaff, employ, named


async def hire(doors: Doors, asker: Principal, code: str, password: str) -> None:
    """One of each kind of staff, who need not change their password."""
    tenant = (await found(doors.database, code)).id
    for name, role in STAFF:
        async with unit_of_work(doors.database.app, tenant, asker) as session:
            try:  # the administrator has moved in with the branch
                row = await named(session, name)
            except NoSuchStaff:
                row, _ = await employ(session, doors.accounts, code, name, role, below=True)
        await doors.accounts.set_password(row.subject, password, temporary=False)


async def register(
    doors: Doors, asker: Principal, code: str, readers: Sequence[tuple[str, str]], pin: str
) -> None:
    """Readers with numbered cards, who need not change their PIN."""
    tenant = (await found(doors.database, code)).id
    for serial, (kind, name) in enumerate(readers, 1):
        number = card(tenant, serial)
        alias = OLD_BARCODE if serial == 1 and code in GIVEN_OUT_BY else None
        with suppress(CardTaken):  # an earlier run got as far as this
            async with unit_of_work(doors.database.app, tenant, asker) as session:
                mail = f"reader-{serial}@{code}.example.org"  # reaches nobody
                wish = Register(name=name, reader_kind=kind, number=number, contact=mail)
                reader = await service.register(session, doors.accounts, wish)
                if alias:
                    await cards.add(session, doors.accounts, reader, NewCard(alias, old=True))
        async with unit_of_work(doors.database.app, tenant, asker) as session:
            person = (await cards.own(session, number)).person_id
        subject = await doors.accounts.ensure_reader(number, person, code, None)
        await doors.accounts.set_pin(subject, pin, temporary=False)


def card(tenant: int, serial: int) -> str:
    """The same number in every run."""
    number = f"{tenant:05}{serial:08}"
    return number + mod_97_10.calc_check_digits(number)
