"""What befalls requests now and then: placed by a desk, answered by hand, renewed, cancelled."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from pinakes.main.bench.lives import Desks, Life, code
from pinakes.main.bench.trips import Counter

ANSWERS = "UPDATE commons.setting SET value = $1 WHERE key = 'supply.answers'"


async def trips_of(
    there: Desks, lent: Sequence[Life], dropped: Sequence[Life], counter: Counter
) -> dict[str, float]:
    """Round trips of each of these steps; branches answer by hand meanwhile."""

    async def ask(life: Life) -> None:
        card = {"card": str(life.index), "pickup": code(life.pickup), "edition": life.title}
        answer = await there.post(life.home, "/requests", card, there.staff)
        life.request = UUID(msgspec.json.decode(answer)["request"])

    async def agree(life: Life) -> None:
        await there.step(life, life.supplier, "supplier", "agree")

    async def renew(life: Life) -> None:
        await there.post(life.home, f"/requests/{life.request}/renew", {}, there.reader(life))

    async def cancel(life: Life) -> None:
        await there.post(life.home, f"/requests/{life.request}/cancel", {}, there.reader(life))

    await there.watch.execute(ANSWERS, '"hand"')
    found = {"ask_at_desk": await counter.median(ask, [*lent, *dropped])}
    await there.heard()
    found["agree"] = await counter.median(agree, lent)
    for step in (there.ship, there.receive, there.lend):
        await there.heard()
        for life in lent:
            await step(life)
    await there.heard()
    found["renew"] = await counter.median(renew, lent)
    found["cancel"] = await counter.median(cancel, dropped)
    await there.watch.execute(ANSWERS, '"automatic"')
    return found
