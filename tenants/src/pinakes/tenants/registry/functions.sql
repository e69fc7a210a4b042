-- What is said of *keys* at a branch, above it and by default. The weightiest holds: a value that
-- an ancestor has locked, the topmost first; else the nearest; else the default.
DROP FUNCTION IF EXISTS commons.effective;
CREATE OR REPLACE FUNCTION commons.said(tenant integer, keys text[])
RETURNS TABLE (key text, value jsonb, locked boolean, origin integer, weight integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.key, s.value, s.locked, s.tenant_id,
           CASE WHEN s.locked THEN 1000 - step.depth ELSE step.depth END
    FROM commons.tenant t
    CROSS JOIN LATERAL (SELECT id, depth::integer
                        FROM unnest(t.path) WITH ORDINALITY AS way(id, depth)) AS step
    JOIN commons.setting s ON s.tenant_id = step.id AND s.key = ANY (keys)
    WHERE t.id = tenant
    UNION ALL
    SELECT d.key, d.value, false, NULL, 0
    FROM commons.setting_default d WHERE d.key = ANY (keys)
$$;

-- What holds, and whose decision it is (origin; none: the default).
CREATE OR REPLACE FUNCTION commons.decided(tenant integer, keys text[])
RETURNS TABLE (key text, value jsonb, locked boolean, origin integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT DISTINCT ON (s.key) s.key, s.value, s.locked, s.origin
    FROM commons.said(tenant, keys) s ORDER BY s.key, s.weight DESC
$$;

-- The values alone, for hot functions: {"key": value, …}; of two the later stays.
CREATE OR REPLACE FUNCTION commons.all_effective(tenant integer, VARIADIC keys text[])
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(s.key, s.value ORDER BY s.weight) FROM commons.said(tenant, keys) s
$$;
