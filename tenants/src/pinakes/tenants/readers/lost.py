"""A reader reports a card lost: it lends nothing from that moment on, in any branch."""

from pinakes.platform.db import Database, unit_of_work
from pinakes.platform.directory import Directory
from pinakes.platform.errors import NotFound
from pinakes.platform.identity import Principal
from pinakes.tenants.readers import cards, numbers
from pinakes.tenants.readers.machine import CardAction, CardState
from pinakes.tenants.readers.me import person
from pinakes.tenants.readers.rules import CardAmbiguous
from pinakes.tenants.readers.schemas import CardView, Show


class CardNotYours(NotFound):
    code = "card_not_yours"
    title = "You have no such card"


async def mine(database: Database, directory: Directory, asker: Principal) -> list[CardView]:
    """The asker's cards of all branches, as the home knows them."""
    home = directory.coded(asker.home or "")
    async with unit_of_work(database.app, home.id, asker) as session:
        return await cards.views(session, person(asker))


async def report(
    database: Database, directory: Directory, asker: Principal, wish: Show
) -> CardView:
    """Report one of them lost; twice is as good as once, and no branch is too closed for it."""
    card = meant(await mine(database, directory, asker), wish)
    if card.state is CardState.LOST:
        return card
    issuer = directory.codes[card.issuer]
    async with unit_of_work(database.app, issuer.id, asker, closed_too=True) as session:
        return cards.view(await cards.act(session, card.number, CardAction.LOSE), card.issuer)


def meant(held: list[CardView], wish: Show) -> CardView:
    """The card that is meant; the number of somebody else's is as unknown as any."""
    number = numbers.tidy(wish.card)
    found = [one for one in held if one.number == number and wish.card_of in {None, one.issuer}]
    if not found:
        raise CardNotYours("GET /v1/me lists your cards.")
    if len(found) > 1:
        issuers = [card.issuer for card in found]
        raise CardAmbiguous("Say which branch's card it is, as `card_of`.", issuers=issuers)
    return found[0]
