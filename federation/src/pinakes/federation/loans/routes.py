"""My loans over HTTP."""

from typing import Any

from litestar import Controller, Request, get
from litestar.params import FromQuery

from pinakes.federation.lending import looking
from pinakes.federation.loans import service
from pinakes.federation.loans.models import Borrowed
from pinakes.federation.loans.schemas import MyLoan
from pinakes.platform.db import unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.http import Asker, Data
from pinakes.platform.paging import After, Limit, Page, newest
from pinakes.tenants.readers.me import person


class MyLoans(Controller):
    path = "/me/loans"
    tags = ("circulation",)

    @get()
    async def list(
        self,
        request: Request[Any, Any, Any],
        asker: Asker,
        database: Data,
        closed_too: FromQuery[bool] = False,
        after: FromQuery[After] = None,
        limit: FromQuery[Limit] = 50,
    ) -> Page[MyLoan]:
        """My loans in all branches, newest first, as my home branch has heard of them."""
        directory: Directory = request.app.state.directory
        home = directory.coded(asker.home or "")
        rows = service.mine(person(asker), closed_too=closed_too)
        async with unit_of_work(database.app, home.id, asker) as session:
            brought = await looking.brought(session, directory, person(asker))
            return await newest(
                session,
                rows,
                Borrowed.id,
                lambda row: MyLoan.of(row, directory, brought),
                after=after,
                limit=limit,
            )
