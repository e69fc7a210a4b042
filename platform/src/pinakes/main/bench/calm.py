"""A server that writes nothing down of its own accord while it is measured."""

import asyncpg

CALM = {"checkpoint_timeout": "1h", "max_wal_size": "4GB", "min_wal_size": "512MB"}
# a new segment is filled with zeros while commits wait; an old one is used again at once
ROOM = """
DO $$ BEGIN
    FOR segment IN 1..12 LOOP
        PERFORM pg_logical_emit_message(false, 'bench', '');
        PERFORM pg_switch_wal();
    END LOOP;
END $$
"""


async def make_room(strong: asyncpg.Connection) -> None:
    """Let there be old segments for what will be written."""
    for order in (ROOM, "CHECKPOINT"):
        await strong.execute(order, timeout=60)
