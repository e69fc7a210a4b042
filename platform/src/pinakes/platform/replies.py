"""Idempotency: the same key and the same body get the same answer, for 30 days."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from inspect import Parameter, signature
from typing import Any

import msgspec
from litestar import Request, Response
from sqlalchemy import Index, SmallInteger, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from pinakes.platform.db import Base, Database, TenantOwned, index, public_work
from pinakes.platform.errors import BadRequest, Conflict

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT = timedelta(days=30)


class KeyReused(Conflict):
    code = "idempotency_key_reused"
    title = "This idempotency key belongs to another request"


class KeyMalformed(BadRequest):
    code = "idempotency_key_malformed"
    title = "An idempotency key has 1 to 255 printable characters"


class Reply(TenantOwned, Base):
    """The first answer to a keyed request, kept with the change that it tells of."""

    __tablename__ = "reply"
    __table_args__ = (index("key", unique=True), Index("reply_created_at", "created_at"))

    key: Mapped[bytes]
    fingerprint: Mapped[bytes]
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes]


def digest(*parts: str | bytes) -> bytes:
    """One SHA-256 over *parts*, each with its length, so that none can pose as another."""
    total = sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8) + data)
    return total.digest()


def key_of(request: Request[Any, Any, Any], subject: str) -> bytes | None:
    """The caller's key within subject and route (rows are per tenant), if one was sent."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise KeyMalformed("Send 1 to 255 printable characters as Idempotency-Key.")
    return digest(subject, request.method, request.scope["path"], key)


async def fingerprint_of(request: Request[Any, Any, Any]) -> bytes:
    """What is asked for: a trial run asks for something else with the same body."""
    return digest(request.scope["query_string"], await request.body())


def replayed(reply: Reply, fingerprint: bytes) -> Response[bytes]:
    """The first answer again, or KeyReused when something else was asked for."""
    if reply.fingerprint != fingerprint:
        raise KeyReused("This key was used with another body or query. Send a new key.")
    return Response(
        reply.body,
        status_code=reply.status,
        media_type="application/json",
        headers={"Idempotency-Replayed": "true"},
    )


def once[**P](handler: Callable[P, Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Let a POST handler answer a repeated key with its first answer.

    The handler takes ``session``; answer and change are one transaction.
    Only answers of success are kept: a refusal changed nothing.
    """

    @wraps(handler)
    async def keyed(*args: Any, request: Request[Any, Any, Any], **kwargs: Any) -> Any:
        session: AsyncSession = kwargs["session"]
        key = key_of(request, session.info["asker"].subject)
        if key is None:
            return await handler(*args, **kwargs)
        fingerprint = await fingerprint_of(request)
        reply = await session.scalar(select(Reply).where(Reply.key == key))
        if reply:
            return replayed(reply, fingerprint)
        answer = await handler(*args, **kwargs)
        status = int(request.route_handler.status_code)
        body = msgspec.json.encode(answer)
        await keep(session, key, fingerprint, status, body)
        return answer

    shown = signature(handler)
    request = Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request[Any, Any, Any])
    keyed.__signature__ = shown.replace(  # type: ignore[attr-defined]
        parameters=[*shown.parameters.values(), request]
    )
    keyed.__annotations__ = {**handler.__annotations__, "request": request.annotation}
    return keyed


async def keep(
    session: AsyncSession, key: bytes, fingerprint: bytes, status: int, body: bytes
) -> None:
    """Write the first answer down; when a twin was faster, ask again for its answer."""
    await session.flush()  # what the handler left to write fails by its own name
    try:
        await session.execute(
            insert(Reply).values(key=key, fingerprint=fingerprint, status=status, body=body)
        )
    except IntegrityError as error:
        raise KeyBusy("The same request is being answered. Ask again.") from error


class KeyBusy(Conflict):
    code = "idempotency_key_busy"
    title = "The first request with this key is not answered yet"


async def forget_old(database: Database) -> None:
    """Drop answers older than 30 days."""
    async with public_work(database.carrier) as session:
        await session.execute(
            delete(Reply).where(Reply.created_at < func.now() - KEPT),
            execution_options={"synchronize_session": False},  # it may read no more than the date
        )
