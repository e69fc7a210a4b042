"""What moves the books of the simulation, and what answers come by themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from pinakes.federation.lending.model import Role
from pinakes.federation.lending.party import DAY, Party, asking, following

if TYPE_CHECKING:
    from pinakes.federation.lending.simulation.storm import Storm

DUE = 30 * DAY
MOST_ASKED = 5
REFUSING, ANSWERING = 0.3, 0.7  # the rest lies silent
BARRED, LIFTED = 0.05, 0.5  # readers who may borrow no more, and again


class Broken(Exception):
    """Something that must never happen has happened."""


@dataclass
class Copy:
    """A book: where it is, and for whom it is kept."""

    owner: int
    title: int
    place: tuple[str, int]  # shelf, way, desk, reader, nowhere; and at, or to, which branch
    kept: UUID | None = None
    lent: UUID | None = None


def here_of(party: Party) -> int:
    """The branch at which this party is."""
    here = party.branch(party.role)
    return -1 if here is None else here


def nothing(_: "Storm", __: Party) -> None:
    """Not everything moves books."""


def moved(storm: "Storm", party: Party, place: tuple[str, int], *allowed: str) -> Copy:
    """The book of this attempt is somewhere else now; Broken if it cannot come from there."""
    copy = storm.copy(party)
    if copy is None or copy.place[0] not in allowed:
        raise Broken(f"{party.role} {party.state}: a book cannot come from {copy}")
    copy.place = place
    return copy


def choose(storm: "Storm", party: Party) -> None:
    """Whoever has it and was not asked yet; what is known of shelves may be old."""
    if storm.random.random() < BARRED:
        storm.happen(party, "invalid")
        return
    asked = storm.asked[party.request]
    could = [
        copy.owner
        for copy in storm.copies
        if copy.title == party.facts["title"] and copy.owner not in asked and copy.kept is None
    ]
    if not could or len(asked) > MOST_ASKED:
        storm.happen(party, "nobody")
        return
    chosen = storm.random.choice(could)
    asked.add(chosen)
    storm.happen(asking(storm.parties[party.key], chosen), "chosen")


def another(storm: "Storm", party: Party) -> None:
    """The next attempt of the same wish."""
    storm.seen[f"attempt {party.attempt + 1}"] += 1
    fresh = following(party)
    storm.keep(fresh)
    storm.happen(fresh, "valid")


def once_more(storm: "Storm", party: Party) -> None:
    storm.asked[party.request].discard(party.supplier or 0)
    another(storm, party)


def look_again(storm: "Storm", party: Party) -> None:
    """What kept the reader from borrowing may be over by now."""
    if storm.random.random() < LIFTED:
        storm.happen(party, "valid")


def want(storm: "Storm", party: Party) -> None:
    storm.waiting[party.request] = party.key


def unwant(storm: "Storm", party: Party) -> None:
    storm.waiting.pop(party.request, None)


def consider(storm: "Storm", party: Party) -> None:
    """Some suppliers answer by themselves, some refuse, some lie silent."""
    luck = storm.random.random()
    refuses = luck < REFUSING or (luck < ANSWERING and not storm.attempt(party, "agree"))
    if refuses:
        storm.happen(party, "decline")


def consider_renewal(storm: "Storm", party: Party) -> None:
    if storm.random.random() < REFUSING:
        storm.happen(party, "renew_yes", {"due": storm.now + DUE})


def reserve(storm: "Storm", party: Party) -> None:
    n = storm.free(here_of(party), party.facts["title"])
    if n is None:
        storm.happen(party, "decline")  # the last one went while conditions were talked over
        return
    storm.copies[n].kept = party.request
    storm.carried[party.request, party.attempt] = n


def release(storm: "Storm", party: Party) -> None:
    copy = storm.copy(party)
    if copy is None:
        return  # it was declined because there was none
    if copy.kept != party.request:
        raise Broken("a book is released that was kept for somebody else")
    copy.kept = None
    free_again(storm, copy)


def miss(storm: "Storm", party: Party) -> None:
    moved(storm, party, ("nowhere", here_of(party)), "shelf").kept = None


def send_out(storm: "Storm", party: Party) -> None:
    moved(storm, party, ("way", party.pickup), "shelf")


def take_in(storm: "Storm", party: Party) -> None:
    moved(storm, party, ("desk", party.pickup), "way", "nowhere", "reader")


def lend(storm: "Storm", party: Party) -> None:
    place = "shelf" if "here" in party.flags else "desk"
    copy = moved(storm, party, ("reader", party.pickup), place)
    if copy.lent is not None:
        raise Broken("a book is on two loans")
    copy.lent = party.request


def give_back(storm: "Storm", party: Party) -> None:
    at = ("shelf", copy_owner(storm, party)) if "here" in party.flags else ("desk", party.pickup)
    moved(storm, party, at, "reader", "nowhere").lent = None


def copy_owner(storm: "Storm", party: Party) -> int:
    copy = storm.copy(party)
    return -1 if copy is None else copy.owner


def send_on(storm: "Storm", party: Party) -> None:
    moved(storm, party, ("way", copy_owner(storm, party)), "desk")


def close_loan(storm: "Storm", party: Party) -> None:
    copy = storm.copy(party)
    if copy is None or copy.lent != party.request:
        raise Broken("a loan is closed that is not open")
    copy.lent = None
    if party.state == "LOST":
        copy.place = ("nowhere", party.pickup)


def lose(storm: "Storm", party: Party) -> None:
    copy = storm.copy(party)
    if copy is not None:
        copy.place = ("nowhere", party.pickup)


def shelve(storm: "Storm", party: Party) -> None:
    copy = storm.copy(party)
    if copy is not None and copy.kept not in {None, party.request}:
        return  # it was written off, came back and has been promised to others since
    copy = moved(storm, party, ("shelf", here_of(party)), "way", "shelf", "nowhere", "reader")
    copy.kept = None
    free_again(storm, copy)


def damage(storm: "Storm", party: Party) -> None:
    moved(storm, party, ("nowhere", here_of(party)), "way", "nowhere", "reader").kept = None


def write_off(storm: "Storm", party: Party) -> None:
    """Nobody counts on it any longer, though it may lie on a shelf."""
    copy = storm.copy(party)
    if copy is not None:
        copy.kept = None
        if copy.place[0] == "shelf":
            copy.place = ("nowhere", copy.owner)


def free_again(storm: "Storm", copy: Copy) -> None:
    """Whoever waits for it is served at once."""
    if copy.place != ("shelf", copy.owner):
        return
    for request, key in storm.waiting.items():
        party = storm.parties[key]
        if party.facts["title"] == copy.title and party.state == "WAITING":
            if storm.random.random() < BARRED:
                storm.happen(party, "invalid")
                return
            storm.seen["served from the queue"] += 1
            storm.asked[request].add(copy.owner)
            storm.happen(asking(party, copy.owner), "chosen")
            return


type Effect = Callable[["Storm", Party], object]

EFFECTS: Mapping[str, Effect] = {
    "choose": choose, "next": another, "again": once_more, "look_again": look_again,
    "want": want, "unwant": unwant,
    "consider": consider, "consider_renewal": consider_renewal, "reserve": reserve,
    "release": release, "miss": miss, "send_out": send_out, "take_in": take_in,
    "take_in_damaged": take_in, "send_on": send_on, "close_loan": close_loan, "shelve": shelve,
    "damage": damage, "write_off": write_off, "let_pass": shelve,
}  # fmt: skip
# what of it begins or ends a transit: the row that a party keeps of a parcel under way
SHIPPING = {"send_out": "out", "expect_parcel": "out", "expect_home": "home", "send_on": "home"}
ARRIVING = {
    "arrived", "expect_home", "let_pass", "shelve", "damage", "write_off", "take_in",
    "take_in_damaged", "parcel_lost", "let_go", "parcel_home",
}  # fmt: skip
PHYSICS: Mapping[tuple[Role, str], Effect] = {
    (Role.PICKUP, "lend"): lend,
    (Role.PICKUP, "return"): give_back,
    (Role.PICKUP, "lose"): lose,
}
