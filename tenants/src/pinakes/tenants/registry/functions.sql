-- A value that an ancestor has locked wins, the topmost first; else the nearest; else the default.
-- Several keys in one look: {"key": value, …}.
CREATE OR REPLACE FUNCTION commons.all_effective(tenant integer, VARIADIC keys text[])
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(winner.key, winner.value) FROM (
        SELECT DISTINCT ON (said.key) said.key, said.value FROM (
            SELECT s.key, s.value, s.locked, step.depth
            FROM commons.tenant t
            CROSS JOIN LATERAL unnest(t.path) WITH ORDINALITY AS step(id, depth)
            JOIN commons.setting s ON s.tenant_id = step.id AND s.key = ANY (keys)
            WHERE t.id = tenant
            UNION ALL
            SELECT d.key, d.value, false, 0 FROM commons.setting_default d WHERE d.key = ANY (keys)
        ) AS said
        ORDER BY said.key, said.locked DESC,
                 CASE WHEN said.locked THEN said.depth ELSE -said.depth END
    ) AS winner
$$;

CREATE OR REPLACE FUNCTION commons.effective(tenant integer, key text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT commons.all_effective(tenant, key) -> key
$$;
