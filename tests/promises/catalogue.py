"""What must never stand in the database's catalogue, kind of table by kind of table."""

OURS = """
    WITH places AS (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'commons')),
    ours AS (
        SELECT c.oid, c.relname, c.relnamespace::regnamespace::text AS place, c.relowner,
               c.relrowsecurity AND c.relforcerowsecurity AS guarded,
               substr(obj_description(c.oid, 'pg_class'), 7) AS kind
        FROM pg_class c
        WHERE c.relnamespace IN (SELECT * FROM places)
          AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'),
    serving AS (
        SELECT unnest(ARRAY['pinakes_app', 'pinakes_carrier', 'pinakes_public', 'pinakes_ledger'])
            AS name),
    owned AS (SELECT * FROM ours WHERE kind IN ('tenant', 'shared', 'queue'))
"""
NEVER = {
    "a table of no kind": """
        SELECT relname FROM ours
        WHERE kind IS NULL OR kind NOT IN ('tenant', 'shared', 'public', 'queue')""",
    "a public table outside commons, or another kind in it": """
        SELECT relname FROM ours WHERE (kind = 'public') <> (place = 'commons')""",
    "an owned table without row-level security": """
        SELECT relname FROM owned WHERE NOT guarded""",
    "an owned table whose policy lets anything be written": """
        SELECT relname FROM owned WHERE EXISTS (
            SELECT FROM pg_policy WHERE polrelid = owned.oid AND polcmd <> 'r'
            AND 'pinakes_app'::regrole = ANY(polroles)
            AND coalesce(pg_get_expr(polwithcheck, polrelid), '')
                !~ 'tenant_id = \\( SELECT pinakes_tenant\\(\\)')""",
    "a policy for everybody": """
        SELECT relname FROM owned JOIN pg_policy ON polrelid = owned.oid WHERE 0 = ANY(polroles)""",
    "an owned table without a policy of its tenant": """
        SELECT relname FROM owned WHERE NOT EXISTS (
            SELECT FROM pg_policy WHERE polrelid = owned.oid AND polname = 'tenant')""",
    "a second policy on a tenant's table that the application falls under": """
        SELECT relname FROM owned JOIN pg_policy ON polrelid = owned.oid
        WHERE kind IN ('tenant', 'queue') AND polname <> 'tenant'
        AND 'pinakes_app'::regrole = ANY(polroles)""",
    "a key of a tenant's table that the tenant does not lead": """
        SELECT indexrelid::regclass::text FROM owned
        JOIN pg_index ON indrelid = owned.oid
        JOIN pg_attribute ON attrelid = owned.oid AND attnum = indkey[0]
        WHERE attname <> 'tenant_id' AND (indisunique OR kind = 'tenant')
        AND indexrelid::regclass::text NOT IN ('reply_created_at')""",
    "a link that could leave its tenant": """
        SELECT conname FROM owned
        JOIN pg_constraint ON conrelid = owned.oid AND contype = 'f'
        JOIN pg_attribute ON attrelid = owned.oid AND attnum = conkey[1]
        WHERE attname <> 'tenant_id'""",
    "a right that row-level security does not cover": """
        SELECT relname FROM ours, serving r
        WHERE has_table_privilege(r.name, ours.oid, 'TRUNCATE, REFERENCES, TRIGGER')""",
    "a public table that the application writes": """
        SELECT relname FROM ours WHERE kind = 'public'
        AND has_table_privilege('pinakes_app', oid, 'INSERT, UPDATE, DELETE')""",
    "an owned table that the public role reads": """
        SELECT relname FROM owned
        WHERE has_any_column_privilege('pinakes_public', oid, 'SELECT')""",
    "a tenant's table that the carrier reads": """
        SELECT relname FROM owned WHERE kind <> 'queue'
        AND has_table_privilege('pinakes_carrier', oid, 'SELECT')""",
    "a tenant's table that the ledger reads": """
        SELECT relname FROM owned WHERE kind <> 'queue'
        AND has_any_column_privilege('pinakes_ledger', oid, 'SELECT')""",
    "a leaf of the ledger that somebody else adds, or anybody changes": """
        SELECT relname FROM ours, serving r WHERE relname IN
            ('ledger_leaf', 'ledger_node', 'ledger_head', 'ledger_key')
        AND (has_table_privilege(r.name, ours.oid, 'UPDATE, DELETE')
             OR r.name <> 'pinakes_ledger' AND has_table_privilege(r.name, ours.oid, 'INSERT'))""",
    "a table that a serving role owns": """
        SELECT relname FROM ours WHERE relowner::regrole::text <> 'pinakes'""",
    "a serving role that is more than a guest": """
        SELECT rolname FROM pg_roles WHERE rolname LIKE 'pinakes%'
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR EXISTS (
             SELECT FROM pg_auth_members WHERE member = pg_roles.oid))""",
    "a view that looks with its owner's eyes": """
        SELECT relname FROM pg_class WHERE relkind = 'v'
        AND relnamespace IN (SELECT * FROM places)
        AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)""",
    "a materialized view, which no policy guards": """
        SELECT relname FROM pg_class WHERE relkind = 'm'
        AND relnamespace IN (SELECT * FROM places)""",
    "a definer function that is strong, or finds what a caller left on the path": """
        SELECT proname FROM pg_proc JOIN pg_roles r ON r.oid = proowner WHERE prosecdef
        AND pronamespace IN (SELECT * FROM places)
        AND (r.rolname <> 'pinakes'
             OR NOT coalesce(array_to_string(proconfig, ',') LIKE '%search_path%', false))""",
    "a look into the issuer's own": """
        SELECT nspname FROM pg_namespace, serving r
        WHERE nspname = 'issuer' AND has_schema_privilege(r.name, oid, 'USAGE')""",
    "a sequence that tells one tenant how busy another is": """
        SELECT relname FROM pg_class WHERE relkind = 'S'
        AND relnamespace = 'public'::regnamespace
        AND CASE WHEN relkind = 'S'
            THEN has_sequence_privilege('pinakes_app', oid, 'USAGE, SELECT') END""",
}

GUARD = """
    ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {0} TO pinakes_app USING (tenant_id = (SELECT pinakes_tenant()))
        WITH CHECK (tenant_id = (SELECT pinakes_tenant()));
    COMMENT ON TABLE {0} IS 'kind: tenant';
"""
BAD = "CREATE TABLE bad (tenant_id integer, id uuid, x integer, PRIMARY KEY (tenant_id, id));"
GOOD = BAD + GUARD.format("bad")
PLANTED = {
    "a table of no kind": BAD,
    "a public table outside commons, or another kind in it": BAD
    + "COMMENT ON TABLE bad IS 'kind: public';",
    "an owned table without row-level security": BAD + "COMMENT ON TABLE bad IS 'kind: tenant';",
    "an owned table whose policy lets anything be written": GOOD
    + "CREATE POLICY open ON bad FOR INSERT TO pinakes_app WITH CHECK (true);",
    "a policy for everybody": GOOD + "CREATE POLICY open ON bad FOR SELECT USING (true);",
    "an owned table without a policy of its tenant": GOOD + "DROP POLICY tenant ON bad;",
    "a second policy on a tenant's table that the application falls under": GOOD
    + "CREATE POLICY open ON bad FOR SELECT TO pinakes_app USING (true);",
    "a key of a tenant's table that the tenant does not lead": GOOD
    + "CREATE UNIQUE INDEX bad_x ON bad (x);",
    "a link that could leave its tenant": GOOD
    + "ALTER TABLE bad ADD FOREIGN KEY (x) REFERENCES commons.tenant (id);",
    "a right that row-level security does not cover": GOOD
    + "GRANT TRUNCATE ON bad TO pinakes_app;",
    "a public table that the application writes": "GRANT UPDATE ON commons.tenant TO pinakes_app;",
    "an owned table that the public role reads": GOOD + "GRANT SELECT ON bad TO pinakes_public;",
    "a tenant's table that the carrier reads": GOOD + "GRANT SELECT ON bad TO pinakes_carrier;",
    "a tenant's table that the ledger reads": GOOD + "GRANT SELECT ON bad TO pinakes_ledger;",
    "a leaf of the ledger that somebody else adds, or anybody changes": """
        GRANT INSERT ON commons.ledger_leaf TO pinakes_public;""",
    "a table that a serving role owns": GOOD + "ALTER TABLE bad OWNER TO pinakes_app;",
    "a serving role that is more than a guest": "ALTER ROLE pinakes_app BYPASSRLS;",
    "a view that looks with its owner's eyes": "CREATE VIEW bad AS SELECT * FROM audit;",
    "a materialized view, which no policy guards": "CREATE MATERIALIZED VIEW bad AS SELECT 1 AS x;",
    "a definer function that is strong, or finds what a caller left on the path": """
        CREATE FUNCTION bad() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';""",
    "a look into the issuer's own": """
        CREATE SCHEMA IF NOT EXISTS issuer; GRANT USAGE ON SCHEMA issuer TO pinakes_app;""",
    "a sequence that tells one tenant how busy another is": """
        CREATE SEQUENCE bad; GRANT USAGE ON SEQUENCE bad TO pinakes_app;""",
}
