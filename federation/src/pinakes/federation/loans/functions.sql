DROP FUNCTION IF EXISTS loans_told, loans_heard;

-- What lending branches tell of our readers' loans, in the order told: nobody but its lender has
-- news of a loan. Then counts the readers' loans again; two branches may tell of one reader at
-- once: they take turns, all in the same order. Whether all of them are readers of ours.
CREATE FUNCTION loans_told(told jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    one record;
    people CONSTANT uuid[] := ARRAY(
        SELECT DISTINCT (m ->> 'about')::uuid FROM jsonb_array_elements(told) AS m
        WHERE m ->> 'kind' IN ('LoanOpened', 'LoanClosed'));
BEGIN
    FOR one IN SELECT * FROM jsonb_to_recordset(told) AS m (kind text, about uuid, loan uuid,
        lender integer, barcode text, title text, lent_at timestamptz, due_at timestamptz,
        renewals integer, returned_at timestamptz, outcome text, as_of timestamptz)
    LOOP
        IF one.kind = 'LoanOpened' THEN
            INSERT INTO borrowed (id, lender_id, person_id, barcode, title, lent_at, due_at,
                                  renewals, as_of)
            VALUES (one.loan, one.lender, one.about, one.barcode, one.title, one.lent_at,
                    one.due_at, 0, one.as_of)
            ON CONFLICT DO NOTHING;
        ELSE
            UPDATE borrowed SET
                due_at = coalesce(one.due_at, due_at),
                renewals = coalesce(one.renewals, renewals),
                returned_at = coalesce(one.returned_at, returned_at),
                outcome = CASE one.kind WHEN 'LoanClosed' THEN one.outcome ELSE outcome END,
                as_of = one.as_of
            WHERE tenant_id = pinakes_tenant() AND id = one.loan AND lender_id = one.lender;
        END IF;
    END LOOP;
    PERFORM pg_advisory_xact_lock(pinakes_tenant(), turn) FROM (
        SELECT hashtext(p::text) AS turn FROM unnest(people) AS p ORDER BY 1) AS turns;
    RETURN coalesce(bool_and(standing_counted(p, (
        SELECT count(*)::integer FROM borrowed b
        WHERE b.tenant_id = pinakes_tenant() AND b.person_id = p AND b.returned_at IS NULL))), true)
    FROM unnest(people) AS p;
END $$;

-- The watermark and the effect of messages, at once; "changed" (PT409) also when they are about
-- somebody unknown, so that the ordinary road takes them apart.
CREATE FUNCTION loans_heard(this_tenant integer, senders integer[], numbers text[], told jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_heard(this_tenant, senders, numbers);
    IF NOT loans_told(told) THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
END $$;
