"""Mail that comes in: whether its letters are what the sending cell may say, and to whom."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text

from pinakes.federation.abroad.sealing import Letter, Mail
from pinakes.platform.carrier import Listeners, Run
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Conflict, Forbidden, Problem
from pinakes.platform.http import BranchElsewhere
from pinakes.platform.messages import Event, Message

APPLIED = text("""
    WITH ahead AS (SELECT seq FROM inbox_ahead WHERE tenant_id = :receiver AND sender = :sender)
    SELECT greatest(upto, (SELECT max(seq) FROM ahead)) AS applied, newest,
           ARRAY(SELECT told FROM unnest(CAST(:numbers AS bigint[])) AS told
                 WHERE told <= upto OR told IN (SELECT seq FROM ahead)) AS again
    FROM inbox WHERE tenant_id = :receiver AND sender = :sender
""")
# written before the letters are applied: a crash between the two leaves it true
NEWEST = text("""
    INSERT INTO inbox AS i (tenant_id, sender, newest) VALUES (:receiver, :sender, :newest)
    ON CONFLICT (tenant_id, sender) DO UPDATE SET newest = greatest(i.newest, excluded.newest)
""")


class LetterNotTheirs(Forbidden):
    code = "letter_not_theirs"
    title = "This cell may not speak for that branch, or not to this one"


class EpochStale(Conflict):
    code = "epoch_stale"
    title = "The branch has moved since"


class SequenceTurnedBack(Conflict):
    code = "sequence_turned_back"
    title = "The sender has given higher numbers before"


class LetterNotUnderstood(Problem):
    code = "letter_not_understood"
    status = 422
    title = "Nobody here understands this kind of letter"


def runs_of(mail: Mail, directory: Directory, listeners: Listeners) -> Sequence[Run]:
    """The messages in *mail*, by sender and thing, as far as its cell may send them."""
    runs: dict[tuple[int, object], list[Message]] = {}
    for letter in sorted(mail.letters, key=lambda letter: letter.seq):
        message = message_in(letter, mail.cell, directory, listeners)
        runs.setdefault((message.sender, message.about), []).append(message)
    return list(runs.values())


def message_in(letter: Letter, cell: str, directory: Directory, listeners: Listeners) -> Message:
    sender, receiver = branch(directory, letter.sender), branch(directory, letter.receiver)
    if receiver.cell is not None:
        raise BranchElsewhere(f"{receiver.code} lives in {receiver.cell}.")
    if sender.cell != cell or sender.consortium != receiver.consortium:
        raise LetterNotTheirs(f"{sender.code} does not write to {receiver.code} from {cell}.")
    if sender.epoch != letter.epoch:
        raise EpochStale("Bring both cells' placements up to date.", epoch=sender.epoch)
    known = listeners.get(letter.kind)
    if known is None or not known[0].crosses or letter.version > known[0].version:
        raise LetterNotUnderstood("Let it wait until this cell has been brought up to date.")
    refuse_strangers(directory, receiver, event_in(letter, known[0]))
    return Message(
        id=letter.id,
        sender=sender.id,
        receiver=receiver.id,
        seq=letter.seq,
        about=letter.about,
        kind=letter.kind,
        version=letter.version,
        actor=letter.actor,
        role=letter.role,
        created_at=letter.created_at,
        body=letter.body,
    )


def event_in(letter: Letter, kind: type[Event]) -> Event:
    try:
        return msgspec.convert(letter.body, kind)
    except msgspec.ValidationError:
        raise LetterNotUnderstood(f"This says nothing that is {letter.kind}.") from None


def refuse_strangers(directory: Directory, receiver: Tenant, event: Event) -> None:
    """LetterNotTheirs when it names a branch that nobody here could call by a name."""
    for id in event.branches:
        named = None if id is None else directory.ids.get(id)
        if id is not None and (named is None or named.consortium != receiver.consortium):
            raise LetterNotTheirs(f"No branch here has the number {id}.")


def branch(directory: Directory, code: str) -> Tenant:
    found = directory.codes.get(code)
    if found is None:
        raise LetterNotTheirs("No branch has this code here.")
    return found


async def refuse_turned_back(database: Database, directory: Directory, mail: Mail) -> None:
    """A sender that was restored gives numbers anew, and what bears them would be dropped.

    Its highest number may have caught up by then. So of each sender the newest letter is known:
    what comes again is no newer than that, and what bears a number again is.
    """
    pairs: dict[tuple[int, int], list[Letter]] = {}
    for letter in mail.letters:
        ids = directory.codes[letter.sender].id, directory.codes[letter.receiver].id
        pairs.setdefault(ids, []).append(letter)
    async with public_work(database.carrier) as session:
        for (sender, receiver), letters in pairs.items():
            pair = {"sender": sender, "receiver": receiver}
            numbers = {"numbers": [letter.seq for letter in letters]}
            known = (await session.execute(APPLIED, pair | numbers)).one_or_none()
            if known is not None and any(turned_back(letter, *known) for letter in letters):
                raise SequenceTurnedBack("Let it go on above that number.", applied=known.applied)
            newest = max(letter.created_at for letter in letters)
            await session.execute(NEWEST, pair | {"newest": newest})


def turned_back(
    letter: Letter, applied: int, newest: datetime | None, again: Sequence[int]
) -> bool:
    """Whether its sender has given numbers anew: this one, or others that it no longer knows."""
    anew = letter.seq in again and newest is not None and letter.created_at > newest
    return anew or letter.last < applied
