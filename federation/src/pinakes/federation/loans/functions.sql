-- Counts a reader's loans again; two branches may tell of one reader at once: they take turns.
CREATE OR REPLACE FUNCTION loans_counted(of_person uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(pinakes_tenant(), hashtext(of_person::text));
    RETURN standing_counted(of_person, (
        SELECT count(*)::integer FROM borrowed
        WHERE tenant_id = pinakes_tenant() AND person_id = of_person AND returned_at IS NULL));
END $$;
