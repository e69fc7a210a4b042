"""The least that an API of our make can do: say what it was asked."""

from litestar import Litestar, get
from litestar.params import FromQuery


@get("/echo")
async def echo(q: FromQuery[str] = "") -> dict[str, str]:
    return {"q": q}


@get("/livez")
async def live() -> dict[str, str]:
    return {"status": "ok"}


app = Litestar([echo, live], openapi_config=None)
