"""Promises taken away on purpose: the check must catch each of them."""

SABOTAGES: dict[str, tuple[str, ...]] = {
    "no watermark": (
        """CREATE OR REPLACE FUNCTION inbox_take(from_tenant integer, numbers bigint[])
        RETURNS SETOF bigint LANGUAGE sql AS $$ SELECT unnest(numbers) $$""",
    ),
    "no idempotency record": (
        """CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            DELETE FROM reply WHERE tenant_id = NEW.tenant_id AND id = NEW.id;
            RETURN NULL;
        END $$""",
        "CREATE TRIGGER forget AFTER INSERT ON reply FOR EACH ROW EXECUTE FUNCTION forget()",
    ),
    "commits that do not wait for the disk": (
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '2s'",  # so that every run shows it
        "SELECT pg_reload_conf()",
    ),
}
