"""The floor: pgbench replays recorded lives, their own statements with nothing between.

What a person or a machine thought up anew in a life (ids, keys) is new in each replay; what the
database thought up is read back from it. A message is one transaction, or as a step two calls
that stand for themselves, as it is in the product; an acknowledgement is one call.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import md5
from statistics import fmean
from subprocess import run
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from pinakes.main.bench.ground import Ground
from pinakes.main.bench.lives import APART, RING, STOCK, Life
from pinakes.main.bench.pgbench import CLIENTS, FAILED, FloorBroken
from pinakes.main.bench.recording import Deed, Player, Recording
from pinakes.main.embedded.cluster import binary
from pinakes.platform.db import Database
from pinakes.platform.directory import Directory

FLOOR = "floor"  # a role that may do what those of the product may, by their own policies
ROLE = f"""
CREATE ROLE {FLOOR} LOGIN PASSWORD '{FLOOR}' IN ROLE pinakes_app, pinakes_carrier, pinakes_public
"""
GUEST = "SELECT id FROM item WHERE tenant_id = $1 AND barcode = $2 AND guest_of IS NOT NULL"
ENTERED = "SELECT pinakes_enter("  # what a unit of work says first
WARM = 1  # seconds that nobody counts
PROGRESS = re.compile(r"^progress: [0-9.]+ s, ([0-9.]+) tps", re.MULTILINE)
KEY = 32  # bytes of an idempotency key, as it is kept
KNOWN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLACE = re.compile(r"\$(\d+)")
START = r"""
\set n :n + 1
\set seq (:n * {clients} + :client_id) * 1000
\set index (:n * {clients} + :client_id) / {ring} % {items}
\set home 1 + {apart} * (1 + (:n * {clients} + :client_id) % {ring})
\set supplier 1 + {apart} * (1 + (:n * {clients} + :client_id + 1) % {ring})
\set pickup 1 + {apart} * (1 + (:n * {clients} + :client_id + 2) % {ring})
SELECT :index AS card, :supplier || '-' || :index AS barcode,
       md5(:home || '/' || :index)::uuid AS person, md5(:supplier || '.' || :index)::uuid AS record,
       md5(:supplier || ':' || :index)::uuid AS item{fresh} \gset
"""
LOST = """(SELECT o.id FROM outbox o WHERE o.tenant_id = {sender} AND o.receiver = {receiver}
    AND o.about = {about} AND o.kind = '{kind}' AND o.state <> 'sent' LIMIT 1)"""
TOLD_BACK = {  # what a life has to learn from these
    "SELECT * FROM read_request(":
        "SELECT *, party ->> 'item_id' AS guest FROM read_request(",
    "SELECT * FROM read_checkout(": "SELECT item_version FROM read_checkout(",
    "SELECT * FROM read_return(": "SELECT item_version FROM read_return(",
}  # fmt: skip
VERSION = {"write_checkout(": 8, "write_return(": 8}  # at which place these are told that


class Script:
    """The replay of one recording; *guest*: the item that the pickup branch made of the book."""

    def __init__(self, recording: Recording, guest: UUID) -> None:
        self.life: Life = recording.life
        self.names = {
            str(self.life.person): "person",
            str(self.life.title): "record",
            str(made(f"{self.life.supplier}:{self.life.index}")): "item",
            str(guest): "guest",
        }
        self.branches = {
            str(getattr(self.life, name)): f":{name}" for name in ("home", "supplier", "pickup")
        }
        self.fresh: list[str] = []
        self.keys: dict[bytes, str] = {}
        self.lines = [line for deed in recording.deeds for line in self.deed(deed)]

    def __str__(self) -> str:
        fresh = "".join(f", uuidv7() AS {name}" for name in self.fresh)
        start = START.format(
            clients=CLIENTS, items=STOCK.items, ring=RING, apart=APART, fresh=fresh
        )
        return "\n".join([start, *self.lines])

    def deed(self, deed: Deed) -> Iterator[str]:
        self.message = deed.message
        if deed.kind == "step":
            yield from (self.order(*one) for one in deed.statements)
        else:
            yield r"\set seq :seq + 1"
            orders = [self.order(*one) for one in deed.statements]
            entered = orders[0].startswith(ENTERED)
            yield from ("BEGIN;", *orders, "COMMIT;") if entered else orders

    def order(self, statement: str, arguments: Sequence[Any]) -> str:
        """One statement with its values in it."""
        text = statement
        for plain, asked in TOLD_BACK.items():
            text = text.replace(plain, asked)
        versions = {place for name, place in VERSION.items() if name in statement}
        self.plain = bool(versions)

        def value(match: re.Match[str]) -> str:
            place = int(match[1])
            if place in versions:
                return ":item_version"
            if self.message and arguments[place - 1] == self.numbers:
                return "ARRAY[concat('{', :seq::text, '}')]"
            return self.value(arguments[place - 1])

        return PLACE.sub(value, text) + (";" if text == statement else r" \gset")

    @property
    def numbers(self) -> list[str]:
        """The message's, as ``inbox_take`` is told them."""
        return [f"{{{self.message.seq}}}"] if self.message else []

    def value(self, told: Any) -> str:
        """A value as SQL; what differs from life to life as a variable."""
        if told is None:
            return "NULL"
        return self.write[next(kind for kind in self.write if isinstance(told, kind))](told)

    @property
    def write(self) -> Mapping[type, Callable[[Any], str]]:
        return {
            bool: str,
            int: lambda told: self.branches.get(str(told), str(told)),
            float: str,
            UUID: lambda told: self.known(str(told)) or f"{self.named(str(told))}::uuid",
            bytes: self.digest,
            datetime: lambda told: f"'{told:%Y%m%dT%H%M%S%z}'",
            date: lambda told: f"'{told:%Y%m%d}'",
            dict: lambda told: self.text(spaced(told)),
            str: self.text,
            list: self.array,
            tuple: self.array,
        }

    def known(self, id: str) -> str | None:
        """Where an id that the database thought up is found again."""
        message = self.message
        if message is None or id != str(message.id) or id in self.names:
            return None
        return LOST.format(
            sender=self.value(message.sender),
            receiver=self.value(message.receiver),
            about=f"{self.named(str(message.about))}::uuid",
            kind=message.kind,
        )

    def named(self, id: str) -> str:
        """The variable that stands for an id."""
        if id not in self.names:
            self.names[id] = f"u{len(self.fresh)}"
            self.fresh.append(self.names[id])
        return f":{self.names[id]}"

    def digest(self, told: bytes) -> str:
        if len(told) != KEY:
            return f"'\\x{told.hex()}'::bytea"
        key = self.keys.setdefault(told, self.named(str(made(told.hex()))))
        return f"sha256({key}::text::bytea)"

    def array(self, told: Sequence[Any]) -> str:
        if told and isinstance(told[0], dict):
            return self.text(spaced(told))
        if not told:
            return "'{}'"
        kind = "::integer[]" if isinstance(told[0], int) else ""  # a variable has none of its own
        return f"ARRAY[{', '.join(map(self.value, told))}]{kind}"

    def text(self, told: str) -> str:
        """A text, pieced together around what differs."""
        if told == str(self.life.index):
            return ":card"
        if told[:1] in {"{", "["} and '"' in told:
            told = spaced(json.loads(told))
            return self.pieced(told) + ("" if self.plain else "::jsonb")
        return self.pieced(told)

    def pieced(self, told: str) -> str:
        known = "|".join([KNOWN.pattern, re.escape(self.life.barcode), *self.branches])
        pieces = re.split(f"({known})", told)
        if len(pieces) == 1:
            return quoted(told)
        variables = map(self.variable, pieces[1::2])
        fixed = (quoted(piece) for piece in pieces[::2])
        both = [part for pair in zip(fixed, [*variables, "''"], strict=True) for part in pair]
        return f"concat({', '.join(both)})"

    def variable(self, piece: str) -> str:
        """What stands for a piece of text that differs."""
        if piece == self.life.barcode:
            return ":barcode::text"
        return f"{self.branches.get(piece) or self.named(piece)}::text"


def made(of: str) -> UUID:
    return UUID(md5(of.encode()).hexdigest())  # noqa: S324


def spaced(told: Any) -> str:
    """JSON in which pgbench sees no variable: it takes a colon before a word for one."""
    text = json.dumps(json.loads(msgspec.json.encode(told)), ensure_ascii=False)
    return re.sub(r":(?=\w)", r"\\u003a", text)


def quoted(told: str) -> str:
    return "'" + told.replace("'", "''") + "'"


async def recorded(ground: Ground, *databases: str) -> Script:
    """What a life asks of the database; and *databases* beside it to ask it all of again."""
    strong = await asyncpg.connect(ground.postgres.address("postgres"))
    async with Database.open(ground.settings) as database:
        directory = Directory()
        await directory.refresh(database.public)
        player = Player(database, directory)
        await player.live(Life(0))  # the first brings things that stay
        recording = await player.live(Life(0))
    life = recording.life
    guest = await strong.fetchval(GUEST, life.pickup, life.barcode)
    await strong.execute(ROLE)
    for name in databases:
        await strong.execute(f"CREATE DATABASE {name} TEMPLATE pinakes")
    await strong.close()
    return Script(recording, guest)


def replay(script: Script, address: str, seconds: float, first: int) -> float:
    """Lives a second, once all is prepared; *first*: from which life on, each with its own."""
    with NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(str(script))
        file.flush()
        words = f"-n -M prepared -c {CLIENTS} -P 1 -T {int(seconds + WARM)} -D n={first} -f"
        command = [str(binary("pgbench")), *words.split(), file.name, address]
        done = run(command, capture_output=True, text=True, check=False)  # noqa: S603
    failed = FAILED.search(done.stdout)
    if done.returncode or (failed and int(failed[1])):
        raise FloorBroken(done.stderr[-3000:] or done.stdout)
    return fmean(float(tps) for tps in PROGRESS.findall(done.stderr)[WARM:])
