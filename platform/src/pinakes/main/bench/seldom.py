"""What befalls requests now and then: by hand, in words, renewed, called back, left elsewhere."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec

from pinakes.main.bench.lives import Desks, Life, branch, code
from pinakes.main.bench.trips import Counter

ANSWERS = "UPDATE commons.setting SET value = $1 WHERE key = 'supply.answers'"
type Deed = Callable[[Life], Awaitable[None]]


class Seldom:
    """What people do so seldom that no life has it; branches answer by hand meanwhile."""

    def __init__(self, there: Desks, counter: Counter) -> None:
        self.there = there
        self.counter = counter

    async def by_words(self, life: Life) -> None:
        """What no catalogue holds under that name: the staff say later which title it is."""
        await self.asked(life, {"title": f"No. {life.number}"})

    async def ask_at_desk(self, life: Life) -> None:
        await self.asked(life, {"edition": life.title})

    async def asked(self, life: Life, wish: dict[str, object]) -> None:
        told = wish | {"card": str(life.index), "pickup": code(life.pickup)}
        answer = await self.there.post(life.home, "/requests", told, self.there.staff)
        life.request = UUID(msgspec.json.decode(answer)["request"])

    async def describe(self, life: Life) -> None:
        path, told = f"/requests/{life.request}/requester/describe", {"edition": life.title}
        await self.there.post(life.home, path, told, self.there.staff)

    async def agree(self, life: Life) -> None:
        await self.there.step(life, life.supplier, "supplier", "agree")

    async def recall(self, life: Life) -> None:
        await self.there.step(life, life.supplier, "supplier", "recall")

    async def renew(self, life: Life) -> None:
        await self.own(life, "renew")

    async def cancel(self, life: Life) -> None:
        await self.own(life, "cancel")

    async def own(self, life: Life, act: str) -> None:
        path = f"/requests/{life.request}/{act}"
        await self.there.post(life.home, path, {}, self.there.reader(life))

    async def lend_ours(self, life: Life) -> None:
        """Without a request: the supplier's book to a reader of its own."""
        told = {"card": str(life.index), "barcode": life.barcode}
        told["card_of"] = code(life.supplier)
        await self.there.post(life.supplier, "/loans", told, self.there.staff)

    async def leave_elsewhere(self, life: Life) -> None:
        """A reader gives it back where nobody has anything to do with it."""
        await self.scan(life, branch(life.number + 3))

    async def scan_at_home(self, life: Life) -> None:
        await self.scan(life, life.supplier)

    async def scan(self, life: Life, at: int) -> None:
        await self.there.post(at, "/scans", {"barcode": life.barcode}, self.there.staff)

    async def trips(self, deeds: Sequence[Deed], lives: Sequence[Life]) -> dict[str, float]:
        """Round trips of each of these, after each of which everybody has heard of it."""
        found = dict[str, float]()
        for deed in deeds:
            found[deed.__name__] = await self.counter.median(deed, lives)
            await self.there.heard()
        return found


async def trips_of(
    there: Desks, lent: Sequence[Life], dropped: Sequence[Life], counter: Counter
) -> dict[str, float]:
    """Round trips of each of these steps, those of a whole life among them."""
    seldom = Seldom(there, counter)
    await there.watch.execute(ANSWERS, '"hand"')
    found = await seldom.trips([seldom.ask_at_desk, seldom.agree], lent)
    for step in (there.ship, there.receive, there.lend):
        for life in lent:
            await step(life)
        await there.heard()
    found |= await seldom.trips([seldom.renew, seldom.recall], lent)
    found |= on_request(await seldom.trips([seldom.leave_elsewhere, seldom.scan_at_home], lent))
    found |= await seldom.trips([seldom.by_words, seldom.describe, seldom.cancel], dropped)
    deeds = [seldom.lend_ours, seldom.leave_elsewhere, seldom.scan_at_home]
    found |= await seldom.trips(deeds, dropped)
    await there.watch.execute(ANSWERS, '"automatic"')
    return found


def on_request(found: dict[str, float]) -> dict[str, float]:
    """The same under other names: the book was out for a request."""
    return {f"{name}_on_request": trips for name, trips in found.items()}
