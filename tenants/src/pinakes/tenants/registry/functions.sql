-- A value that an ancestor has locked wins, the topmost first; else the nearest; else the default.
CREATE OR REPLACE FUNCTION commons.effective(tenant integer, key text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
#variable_conflict use_variable
DECLARE found_value jsonb;
BEGIN
    SELECT s.value INTO found_value
    FROM commons.tenant t
    CROSS JOIN LATERAL unnest(t.path) WITH ORDINALITY AS step(id, depth)
    JOIN commons.setting s ON s.tenant_id = step.id AND s.key = key
    WHERE t.id = tenant
    ORDER BY s.locked DESC, CASE WHEN s.locked THEN step.depth ELSE -step.depth END
    LIMIT 1;
    IF NOT FOUND THEN
        SELECT d.value INTO found_value FROM commons.setting_default d WHERE d.key = key;
    END IF;
    RETURN found_value;
END $$;
