"""Promises taken away on purpose: the check must catch each of them."""

from typing import NamedTuple


class Sabotage(NamedTuple):
    """How a promise is taken away, and the ends of the API that show it (none: any)."""

    orders: tuple[str, ...]
    ends: tuple[str, ...] = ()


SABOTAGES = {
    "no watermark": Sabotage(
        (
            """CREATE OR REPLACE FUNCTION inbox_take(from_tenant integer, numbers bigint[])
        RETURNS SETOF bigint LANGUAGE sql AS $$ SELECT unnest(numbers) $$""",
        )
    ),
    "no idempotency record": Sabotage(
        (
            """CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            DELETE FROM reply WHERE tenant_id = NEW.tenant_id AND id = NEW.id;
            RETURN NULL;
        END $$""",
            "CREATE TRIGGER forget AFTER INSERT ON reply FOR EACH ROW EXECUTE FUNCTION forget()",
        ),
        ("a loan has been written", "a return has been written"),
    ),
    "commits that do not wait for the disk": Sabotage(
        (
            "ALTER SYSTEM SET synchronous_commit = off",
            "ALTER SYSTEM SET wal_writer_delay = '2s'",  # so that every run shows it
            "SELECT pg_reload_conf()",
        )
    ),
}
