"""The graph every feature adds to."""

from asyncio import Lock
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from litestar import post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta, Struct
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader
from strawberry.schema.exceptions import CannotGetOperationTypeError

from pinakes.platform.directory import Tenant
from pinakes.platform.errors import BadRequest, Unavailable
from pinakes.platform.http import Asker, Here, Session, describe, understand
from pinakes.platform.identity import Principal
from pinakes.platform.paging import MOST, newest

LARGEST = 500_000  # bytes: the longest question, with variables to spare

type Batch[K, V] = Callable[[AsyncSession, list[K]], Awaitable[list[V]]]


@dataclass(slots=True)
class Context:
    """One GraphQL request. Its fields run side by side, its queries in turn."""

    session: AsyncSession
    asker: Principal
    here: Tenant
    state: State  # of the application
    turn: Lock = field(default_factory=Lock)
    over: bool = False  # answered: a field that is still at work may ask no more
    loaders: dict[Any, DataLoader[Any, Any]] = field(
        default_factory=dict[Any, DataLoader[Any, Any]]
    )

    async def read[T](self, query: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run *query* when the session is free: tasks may not share it."""
        async with self.turn:
            if self.over:
                raise Unavailable("The question has been answered meanwhile.")
            return await query(self.session)

    async def undo(self) -> None:
        """Let a query under way end, then take everything back."""
        async with self.turn:
            self.over = True
            await self.session.rollback()

    async def load[K, V](self, batch: Batch[K, V], key: K) -> V:
        """Load *key* together with every neighbour that asks the same *batch*."""

        async def together(keys: list[K]) -> list[V]:
            return await self.read(lambda session: batch(session, keys))

        loader: DataLoader[K, V] = self.loaders.setdefault(batch, DataLoader(together))
        return await loader.load(key)


type Info = strawberry.Info[Context, None]


def length(first: int, most: int) -> int:
    """How long a list may be of which somebody wants the *first* ones."""
    return min(max(first, 0), most)


@strawberry.type
class Listing[T]:
    """Some of a list, newest first; ``next``: behind what to go on (null: these were the last)."""

    items: list[T]
    next: str | None
    rows: strawberry.Private[Select[Any]]

    @strawberry.field
    async def total(self, info: Info) -> int:
        """How many there are in all; counted only for whoever asks."""
        count = select(func.count()).select_from(self.rows.subquery())
        return await info.context.read(lambda session: session.scalar(count)) or 0


async def listing[Row, T](
    info: Info,
    rows: Select[Row],
    views: Callable[[AsyncSession, list[Row]], Awaitable[list[T]]],
    *,
    after: str | None,
    limit: int,
) -> Listing[T]:
    """The newest of *rows*, a page as over HTTP, or CursorMalformed; 200 at most."""
    table: Any = rows.column_descriptions[0]["entity"]

    async def look(session: AsyncSession) -> Listing[T]:
        many = max(length(limit, MOST), 1)
        page = await newest(session, rows, table.id, lambda one: one, after=after, limit=many)
        return Listing(items=await views(session, page.items), next=page.next, rows=rows)

    return await info.context.read(look)


class Question(Struct, rename="camel"):
    """A GraphQL request as it travels over HTTP."""

    query: Annotated[str, Meta(min_length=1, max_length=20_000)]
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


def endpoint(schema: strawberry.Schema) -> HTTPRouteHandler:
    """Answer GraphQL at ``POST …/graphql``."""

    @post("/graphql", status_code=200, name="graph.ask", request_max_body_size=LARGEST)
    async def graphql(
        data: JSONBody[Question], session: Session, asker: Asker, here: Here, state: State
    ) -> dict[str, Any]:
        context = Context(session, asker, here, state)
        try:
            result = await schema.execute(
                data.query,
                data.variables,
                context_value=context,
                operation_name=data.operation_name,
            )
        except CannotGetOperationTypeError:
            raise BadRequest("`operationName` is one that `query` names, or null.") from None
        if not result.errors:
            return {"data": result.data}
        await context.undo()  # GraphQL swallows exceptions; half a change is no change
        return {"data": result.data, "errors": [explain(error) for error in result.errors]}

    return graphql


def explain(error: GraphQLError) -> dict[str, Any]:
    """Say what went wrong, in the same words and with the same code as over HTTP.

    What the schema would suggest ("Did you mean …") is not said: it tells
    strangers what there is.
    """
    told = {**error.formatted}
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        problem = understand(error.original_error)
        return told | {"message": problem.detail, "extensions": describe(problem)}
    if not error.extensions:
        told["extensions"] = {"code": "question_malformed"}
    return told | {"message": error.message.split(" Did you mean ")[0]}
