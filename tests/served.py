"""A started application on real HTTP, and what it refuses."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from socket import create_server

import httpx
import uvicorn
from litestar import Litestar

from pinakes.main.app import dress


class Server(uvicorn.Server):
    """Leaves signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def served(app: Litestar) -> AsyncGenerator[str]:
    """Where a started application answers on real HTTP."""
    socket = create_server(("127.0.0.1", 0))  # it listens at once: nobody needs to wait
    server = Server(uvicorn.Config(dress(app), lifespan="off", ws="none", log_config=None))
    task = asyncio.create_task(server.serve([socket]))
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    await task


def refused(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]
