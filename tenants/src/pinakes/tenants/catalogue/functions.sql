-- Whether this branch, which is leaving, has something that nobody has taken out since it began to:
-- nothing changes any more, so what was taken out then is everything.
CREATE OR REPLACE FUNCTION branch_untaken() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (EXISTS (SELECT FROM record) OR EXISTS (SELECT FROM authority)
            OR EXISTS (SELECT FROM quarantine WHERE mended_at IS NULL)
            OR EXISTS (SELECT FROM reader WHERE kind = 'home'))
        AND NOT EXISTS (
            SELECT FROM audit WHERE operation = 'catalogue.taken' AND created_at >= ALL
                (SELECT created_at FROM audit WHERE operation = 'tenants.leave'))
$$;
