"""The page of one request, as a desk looks at it and presses its buttons."""

import re
from html import unescape
from uuid import UUID

import httpx
from mint import Mint

from pinakes.platform.directory import Tenant

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
CHINESE = {"Accept": "text/html", "Accept-Language": "zh"}
TONGUES = {"en": ENGLISH, "zh": CHINESE}


class Desk:
    """The pages of one request at the desk of one branch."""

    def __init__(
        self, client: httpx.AsyncClient, mint: Mint, here: Tenant, request: UUID | str
    ) -> None:
        self.client = client
        self.path = f"/b/{here.code}/lending/requests/{request}"
        self.staff = mint.staff(f"desk@{here.code}")
        self.headers = self.staff | ENGLISH

    async def look(self, tongue: dict[str, str] = ENGLISH) -> str:
        answer = await self.client.get(self.path, headers=self.staff | tongue)
        assert answer.status_code == 200, answer.text
        return words(answer.text)

    async def press(self, party: str, act: str, **form: str) -> httpx.Response:
        data = {"attempt": "1"} | form
        path = f"{self.path}/{party}/{act}"
        return await self.client.post(path, data=data, headers=self.headers)


def words(page: str) -> str:
    """What a page says in its middle."""
    [main] = re.findall(r"<main.*?</main>", page, re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", main)))
