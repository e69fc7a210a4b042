-- What a presented number stands for, in this branch's consortium: the only way to other
-- branches' cards. One number a call, no pattern, five rows at most, this branch's own first.
DROP FUNCTION IF EXISTS card_lookup(text);
CREATE FUNCTION card_lookup(presented text)
RETURNS TABLE (issuer_id integer, home_id integer, person_id uuid, state text, reader_kind text,
               may_borrow boolean, blocks jsonb, loans_left integer, until date,
               keep_history boolean, as_of timestamptz, issuer text, home text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.tenant_id, c.home_id, c.person_id, c.state::text, s.reader_kind,
           s.may_borrow AND NOT late.expired AND home.state = 'active',
           s.blocks
               || CASE WHEN late.expired THEN '["expired"]'::jsonb ELSE '[]' END
               || CASE WHEN home.state = 'active' THEN '[]' ELSE '["home_closed"]'::jsonb END,
           s.loans_left, s.until, s.keep_history, s.as_of,
           issuer.code, home.code
    FROM public.card c
    JOIN commons.tenant here ON here.id = public.pinakes_tenant()
    JOIN commons.tenant issuer ON issuer.id = c.tenant_id
    JOIN commons.tenant home ON home.id = c.home_id
    JOIN public.standing s ON s.tenant_id = c.home_id AND s.person_id = c.person_id
    CROSS JOIN LATERAL (
        SELECT coalesce(s.until < (now() AT TIME ZONE home.zone)::date, false) AS expired
    ) AS late
    WHERE c.consortium_id = here.consortium_id AND c.number = presented
    ORDER BY (c.tenant_id = here.id) DESC, c.tenant_id
    LIMIT 5
$$;
REVOKE ALL ON FUNCTION card_lookup(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION card_lookup(text) TO pinakes_app;
