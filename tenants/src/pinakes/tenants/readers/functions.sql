-- By what a branch knows a reader whose card it has not been shown: see alias in rules.py.
CREATE OR REPLACE FUNCTION reader_alias(person uuid, branch integer) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(encode(sha256(uuid_send(person) || int4send(branch)), 'hex'), 32)::uuid
$$;

-- What a presented number stands for, in this branch's consortium: the only way to other
-- branches' cards. One number a call, no pattern, five rows at most; a card of this branch, or of
-- the issuer that is named, is the only one. Thousands may have issued an old barcode: never all
-- of them are read.
DROP FUNCTION IF EXISTS card_lookup(text), card_lookup(text, integer);
CREATE FUNCTION card_lookup(presented text, of_issuer integer DEFAULT NULL)
RETURNS TABLE (issuer_id integer, home_id integer, person_id uuid, state text, reader_kind text,
               may_borrow boolean, blocks jsonb, loans_left integer, until date,
               keep_history boolean, as_of timestamptz, issuer text, home text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    ours integer;
    one integer;
    issuers integer[] := ARRAY[coalesce(of_issuer, public.pinakes_tenant())];
BEGIN
    SELECT t.consortium_id INTO ours FROM commons.tenant t WHERE t.id = public.pinakes_tenant();
    IF of_issuer IS NULL AND NOT EXISTS (
        SELECT FROM public.card c WHERE c.tenant_id = issuers[1] AND c.number = presented)
    THEN
        issuers := ARRAY(SELECT c.tenant_id FROM public.card c
                         WHERE c.consortium_id = ours AND c.number = presented
                         ORDER BY c.tenant_id LIMIT 5);
    END IF;
    FOREACH one IN ARRAY issuers LOOP
        RETURN QUERY
        SELECT c.tenant_id, c.home_id, c.person_id, c.state::text, s.reader_kind,
               s.may_borrow AND NOT late.expired AND home.state = 'active',
               s.blocks
                   || CASE WHEN late.expired THEN '["expired"]'::jsonb ELSE '[]' END
                   || CASE WHEN home.state = 'active' THEN '[]' ELSE '["home_closed"]'::jsonb END,
               s.loans_left, s.until, s.keep_history, s.as_of,
               issuer.code, home.code
        FROM public.card c
        JOIN commons.tenant issuer ON issuer.id = c.tenant_id
        JOIN commons.tenant home ON home.id = c.home_id
        JOIN public.standing s ON s.tenant_id = c.home_id AND s.person_id = c.person_id
        CROSS JOIN LATERAL (
            SELECT coalesce(s.until < (now() AT TIME ZONE home.zone)::date, false) AS expired
        ) AS late
        WHERE c.tenant_id = one AND c.number = presented AND c.consortium_id = ours;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION card_lookup(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION card_lookup(text, integer) TO pinakes_app;

-- Whether any branch of this consortium still has the number as a card of this person.
CREATE OR REPLACE FUNCTION card_carried(printed text, carrier uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.card c JOIN commons.tenant here ON here.id = public.pinakes_tenant()
        WHERE c.consortium_id = here.consortium_id AND c.number = printed
          AND c.person_id = carrier AND c.state <> 'replaced')
$$;
REVOKE ALL ON FUNCTION card_carried(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION card_carried(text, uuid) TO pinakes_app;

-- An import that does not end well is never taken up again: names and PINs that it has not got to
-- go with it, in whatever way it ended.
CREATE OR REPLACE FUNCTION reader_lines_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reader_line SET cells = NULL
    WHERE tenant_id = NEW.tenant_id AND job_id = NEW.id AND cells IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER reader_lines_over AFTER UPDATE OF state ON job FOR EACH ROW
    WHEN (NEW.kind = 'readers.import' AND NEW.state IN ('failed', 'cancelled'))
    EXECUTE FUNCTION reader_lines_over();

-- What a reader of ours holds over the whole federation, where lending branches read it.
CREATE OR REPLACE FUNCTION standing_counted(of_person uuid, held integer) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE standing SET open_loans = held, as_of = now(), loans_left = greatest(0,
        (commons.all_effective(tenant_id, 'loan.limit') ->> 'loan.limit')::integer - held)
    WHERE tenant_id = pinakes_tenant() AND person_id = of_person;
    RETURN FOUND;
END $$;
