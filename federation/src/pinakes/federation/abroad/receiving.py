"""Mail that comes in: whether its letters are what the sending cell may say, and to whom."""

from collections.abc import Sequence

from sqlalchemy import text

from pinakes.federation.abroad.sealing import Letter, Mail
from pinakes.platform.carrier import Listeners, Run
from pinakes.platform.db import Database, public_work
from pinakes.platform.directory import Directory, Tenant
from pinakes.platform.errors import Conflict, Forbidden, Problem
from pinakes.platform.http import BranchElsewhere
from pinakes.platform.messages import Message

APPLIED = text("""
    SELECT greatest(i.upto, (SELECT max(a.seq) FROM inbox_ahead a
                             WHERE a.tenant_id = i.tenant_id AND a.sender = i.sender))
    FROM inbox i WHERE i.tenant_id = :receiver AND i.sender = :sender
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


def branch(directory: Directory, code: str) -> Tenant:
    found = directory.codes.get(code)
    if found is None:
        raise LetterNotTheirs("No branch has this code here.")
    return found


async def refuse_turned_back(database: Database, directory: Directory, mail: Mail) -> None:
    """A sender that was restored would give numbers anew, and what bears them would be dropped."""
    lasts = {(letter.sender, letter.receiver): letter.last for letter in mail.letters}
    async with public_work(database.carrier) as session:
        for (sender, receiver), last in lasts.items():
            pair = {"sender": directory.codes[sender].id, "receiver": directory.codes[receiver].id}
            applied = await session.scalar(APPLIED, pair)
            if applied is not None and applied > last:
                raise SequenceTurnedBack("Let it go on above that number.", applied=applied)
