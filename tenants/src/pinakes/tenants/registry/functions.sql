-- What holds at a branch, and whose decision it is (origin; none: the default). A value that an
-- ancestor has locked wins, the topmost first; else the nearest; else the default.
DROP FUNCTION IF EXISTS commons.effective;
CREATE OR REPLACE FUNCTION commons.decided(tenant integer, keys text[])
RETURNS TABLE (key text, value jsonb, locked boolean, origin integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT DISTINCT ON (said.key) said.key, said.value, said.locked, said.origin FROM (
        SELECT s.key, s.value, s.locked, step.depth, step.id AS origin
        FROM commons.tenant t
        CROSS JOIN LATERAL unnest(t.path) WITH ORDINALITY AS step(id, depth)
        JOIN commons.setting s ON s.tenant_id = step.id AND s.key = ANY (keys)
        WHERE t.id = tenant
        UNION ALL
        SELECT d.key, d.value, false, 0, NULL
        FROM commons.setting_default d WHERE d.key = ANY (keys)
    ) AS said
    ORDER BY said.key, said.locked DESC,
             CASE WHEN said.locked THEN said.depth ELSE -said.depth END
$$;

-- The values alone, for hot functions: {"key": value, …}.
CREATE OR REPLACE FUNCTION commons.all_effective(tenant integer, VARIADIC keys text[])
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(d.key, d.value) FROM commons.decided(tenant, keys) d
$$;
