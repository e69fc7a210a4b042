"""Pages for people: their frame, their languages, their headers."""

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_a_page_speaks_the_language_that_the_reader_likes_best(
    client: httpx.AsyncClient,
) -> None:
    zh = await client.get("/", headers={"Accept-Language": "zh-TW,en;q=0.5"})
    en = await client.get("/", headers={"Accept-Language": "fr, en-GB;q=0.8"})
    assert '<html lang="zh-CN">' in zh.text
    assert '<html lang="en">' in en.text
