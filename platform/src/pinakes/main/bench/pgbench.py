"""The floor: pgbench sends the product's own statements, in the same trips, with no rules between.

Every transaction lends a fresh item: client c's n-th is number ``first + n / branches * clients
+ c`` of branch ``n % branches + 1``.
"""

import re
from subprocess import run
from tempfile import NamedTemporaryFile

from pinakes.main.bench.stockroom import Stock
from pinakes.main.embedded.cluster import binary
from pinakes.main.embedded.postgres import Postgres

CLIENTS = 8
SCRIPT = r"""
\set n :n + 1
\set tenant :n % :branches + 1
\set barcode :first + :n / :branches * 8 + :client_id
\set card random(0, :readers / 8 - 1) * 8 + :client_id
SELECT * FROM read_checkout(:tenant, :card, NULL, :barcode,
    sha256((:tenant::text || ':' || :barcode::text)::bytea)) \gset
SELECT write_checkout(:tenant,
    ARRAY[uuidv7(), uuidv7(), uuidv7(), uuidv7(), uuidv7(), uuidv7()],
    sha256((:tenant::text || ':' || :barcode::text)::bytea), sha256(:answer), :answer,
    uuidv7(), :item, :item_version, :person, :home, :reader_kind, :barcode, :kind, :title,
    :open_here, now(), now() + interval '30 days', false, :told, :record,
    'bench', 'desk', '0193f2a0-0000-7000-8000-000000000000');
"""
ANSWER = (
    '{"id":"0193f2a0-0000-7000-8000-000000000000","barcode":"123456","item_kind":"book",'
    '"title":"Title 1234","person":"0193f2a0-0000-7000-8000-000000000000","home":"branch-1",'
    '"reader_kind":"adult","lent_at":"2026-11-21T13:00:00.000000Z",'
    '"due_at":"2026-12-21T23:59:59+08:00","renewals":0,"returned_at":null,"state":"open",'
    '"rule":"*/*","already":false}'
)
TOLD = (
    '{"about":"0193f2a0-0000-7000-8000-000000000000",'
    '"loan":"0193f2a0-0000-7000-8000-000000000000","barcode":"123456","title":"Title 1234",'
    '"lent_at":"2026-11-21T13:00:00.000000Z","due_at":"2026-12-21T23:59:59+08:00"}'
)
TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
FAILED = re.compile(r"^number of failed transactions: ([0-9]+)", re.MULTILINE)


class FloorBroken(RuntimeError):
    """pgbench did not do what was asked; its words follow."""


def checkouts(
    postgres: Postgres, stock: Stock, *, first: int, seconds: float, database: str = "pinakes"
) -> float:
    """Lend from item number *first* on for *seconds*; how many that were in a second."""
    counts = {"branches": stock.branches, "readers": stock.readers, "first": first, "n": 0}
    told = counts | {"answer": ANSWER, "told": TOLD}
    variables = [word for name, value in told.items() for word in ("-D", f"{name}={value}")]
    with NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        address = postgres.address("pinakes_app", database)
        command = [binary("pgbench"), "-n", "-M", "prepared", "-c", CLIENTS, "-T", int(seconds)]
        command += [*variables, "-f", script.name, address]
        words = [str(word) for word in command]
        done = run(words, capture_output=True, text=True, check=False)  # noqa: S603
    tps, failed = TPS.search(done.stdout), FAILED.search(done.stdout)
    if done.returncode or tps is None or (failed and int(failed[1])):
        raise FloorBroken(done.stderr[-2000:] or done.stdout)
    return float(tps[1])
