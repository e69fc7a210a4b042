-- Hot commands: each is one call that reads and one that writes, in autocommit; every function
-- enters the tenant by itself, and row-level security holds inside it. The rules are in rules.py.
-- A reading function is STABLE, so that all its facts are of one moment.
-- "Changed" (PT409) rolls the whole call back: the caller reads again and decides anew.

DROP FUNCTION IF EXISTS borrower_standing, loan_settings, read_checkout, read_return, read_renewal,
    write_checkout, write_return, write_renewal, write_news, write_kept;

-- The standing of a person to whom the asking branch lends at this moment.
CREATE FUNCTION borrower_standing(person uuid, home integer,
    OUT reader_kind text, OUT may_borrow boolean, OUT blocks jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT s.reader_kind, s.may_borrow AND NOT late.expired,
           s.blocks || CASE WHEN late.expired THEN '["expired"]'::jsonb ELSE '[]' END
    FROM public.standing s
    JOIN commons.tenant h ON h.id = s.tenant_id
    CROSS JOIN LATERAL (
        SELECT coalesce(s.until < (now() AT TIME ZONE h.zone)::date, false) AS expired
    ) AS late
    WHERE s.tenant_id = home AND s.person_id = person AND EXISTS (
        SELECT FROM public.loan l WHERE l.tenant_id = public.pinakes_tenant()
        AND l.person_id = person AND l.home_id = home AND l.returned_at IS NULL)
$$;
REVOKE ALL ON FUNCTION borrower_standing FROM PUBLIC;
GRANT EXECUTE ON FUNCTION borrower_standing TO pinakes_app;

-- What the branch's rules and calendar say at this moment.
CREATE FUNCTION loan_settings(tenant integer)
RETURNS TABLE (rules text, most integer, closed_weekdays text, closed_days text)
LANGUAGE sql STABLE AS $$
    SELECT found ->> 'loan.rules', (found ->> 'loan.limit')::integer,
           found ->> 'calendar.closed_weekdays', found ->> 'calendar.closed_days'
    FROM commons.all_effective(tenant, 'loan.rules', 'loan.limit', 'calendar.closed_weekdays',
                               'calendar.closed_days') AS found
$$;

CREATE FUNCTION read_checkout(this_tenant integer, presented text, of_issuer integer,
    scanned text, given_key bytea,
    OUT status integer, OUT body bytea, OUT fingerprint bytea,
    OUT issuers text[], OUT people uuid[], OUT person uuid, OUT home integer, OUT home_code text,
    OUT card_state text, OUT reader_kind text, OUT may_borrow boolean, OUT blocks text,
    OUT loans_left integer, OUT membership text,
    OUT item uuid, OUT item_version integer, OUT kind text, OUT item_status text,
    OUT back_by timestamptz, OUT record uuid, OUT title text,
    OUT open_here integer, OUT open_of_kind integer, OUT unsaid integer,
    OUT rules text, OUT most integer, OUT closed_weekdays text, OUT closed_days text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pinakes_enter(this_tenant);
    SELECT e.* INTO status, body, fingerprint FROM earlier_answer(this_tenant, given_key) e;
    IF FOUND THEN RETURN; END IF;
    SELECT array_agg(c.issuer) OVER (), array_agg(c.person_id) OVER (), c.person_id, c.home_id,
           c.home, c.state, c.reader_kind, c.may_borrow, c.blocks, c.loans_left
    INTO issuers, people, person, home, home_code, card_state, reader_kind, may_borrow, blocks,
         loans_left
    FROM card_lookup(presented, of_issuer) c
    LIMIT 1;
    SELECT i.id, i.version, i.kind,
           CASE WHEN i.status = 'held' AND i.held_for IN (
                    read_checkout.person, reader_alias(read_checkout.person, this_tenant))
                THEN 'on_shelf' ELSE i.status END, -- whom it is kept for may take it
           i.back_by, r.id, r.title_fields ->> 'title'
    INTO item, item_version, kind, item_status, back_by, record, title
    FROM item i JOIN record r ON r.tenant_id = i.tenant_id AND r.id = i.record_id
    WHERE i.tenant_id = this_tenant AND i.barcode = scanned;
    SELECT count(*), count(*) FILTER (WHERE l.item_kind = read_checkout.kind),
           (SELECT m.state FROM reader m
            WHERE m.tenant_id = this_tenant AND m.person_id = read_checkout.person),
           (SELECT count(*) FILTER (WHERE o.kind = 'LoanOpened')
                   - count(*) FILTER (WHERE o.kind = 'LoanClosed')
            FROM outbox o WHERE o.tenant_id = this_tenant AND o.receiver = read_checkout.home
                AND o.about = read_checkout.person AND o.state <> 'sent')
    INTO open_here, open_of_kind, membership, unsaid
    FROM loan l
    WHERE l.tenant_id = this_tenant AND l.person_id = person AND l.returned_at IS NULL;
    SELECT s.rules, s.most, s.closed_weekdays, s.closed_days
    INTO rules, most, closed_weekdays, closed_days FROM loan_settings(this_tenant) s;
END $$;

CREATE FUNCTION read_return(this_tenant integer, scanned text, given_key bytea,
    OUT status integer, OUT body bytea, OUT fingerprint bytea,
    OUT item uuid, OUT item_version integer, OUT item_status text, OUT record uuid,
    OUT is_guest boolean, OUT others_wait boolean,
    OUT id uuid, OUT barcode text, OUT item_kind text, OUT title text, OUT person_id uuid,
    OUT home_id integer, OUT reader_kind text, OUT lent_at timestamptz, OUT due_at timestamptz,
    OUT renewals integer, OUT returned_at timestamptz, OUT outcome text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pinakes_enter(this_tenant);
    SELECT e.* INTO status, body, fingerprint FROM earlier_answer(this_tenant, given_key) e;
    IF FOUND THEN RETURN; END IF;
    SELECT i.id, i.version, i.status, i.record_id,
           i.guest_of IS NOT NULL AND i.request_id IS NOT NULL,
           i.guest_of IS NULL AND i.kind <> 'reference'
               AND commons.is_wanted(this_tenant, i.record_id, i.id, i.kind)
    INTO item, item_version, item_status, record, is_guest, others_wait
    FROM item i WHERE i.tenant_id = this_tenant AND i.barcode = scanned;
    SELECT l.id, l.barcode, l.item_kind, l.title, l.person_id, l.home_id, l.reader_kind,
           l.lent_at, l.due_at, l.renewals, l.returned_at, l.outcome
    INTO id, barcode, item_kind, title, person_id, home_id, reader_kind,
         lent_at, due_at, renewals, returned_at, outcome
    FROM loan l WHERE l.tenant_id = this_tenant AND l.item_id = item
    ORDER BY l.returned_at DESC LIMIT 1; -- the open one, else the last; nulls come first
END $$;

CREATE FUNCTION read_renewal(this_tenant integer, wanted uuid, given_key bytea,
    OUT status integer, OUT body bytea, OUT fingerprint bytea,
    OUT id uuid, OUT barcode text, OUT item_kind text, OUT title text, OUT person_id uuid,
    OUT home_id integer, OUT reader_kind text, OUT lent_at timestamptz, OUT due_at timestamptz,
    OUT renewals integer, OUT returned_at timestamptz,
    OUT kind_now text, OUT may_borrow boolean, OUT blocks text, OUT membership text,
    OUT back_by timestamptz, OUT rules text, OUT closed_weekdays text, OUT closed_days text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pinakes_enter(this_tenant);
    SELECT e.* INTO status, body, fingerprint FROM earlier_answer(this_tenant, given_key) e;
    IF FOUND THEN RETURN; END IF;
    SELECT l.id, l.barcode, l.item_kind, l.title, l.person_id, l.home_id, l.reader_kind,
           l.lent_at, l.due_at, l.renewals, l.returned_at
    INTO id, barcode, item_kind, title, person_id, home_id, reader_kind,
         lent_at, due_at, renewals, returned_at
    FROM loan l WHERE l.tenant_id = this_tenant AND l.id = wanted;
    IF returned_at IS NOT NULL THEN RETURN; END IF;
    SELECT i.back_by INTO back_by
    FROM loan l JOIN item i ON i.tenant_id = l.tenant_id AND i.id = l.item_id
    WHERE l.tenant_id = this_tenant AND l.id = wanted;
    SELECT s.reader_kind, s.may_borrow, s.blocks INTO kind_now, may_borrow, blocks
    FROM borrower_standing(read_renewal.person_id, read_renewal.home_id) s;
    SELECT m.state INTO membership
    FROM reader m WHERE m.tenant_id = this_tenant AND m.person_id = read_renewal.person_id;
    SELECT s.rules, s.closed_weekdays, s.closed_days
    INTO rules, closed_weekdays, closed_days FROM loan_settings(this_tenant) s;
END $$;

-- What every write leaves behind: the answer under its key, the messages, the audit.
-- ids: of the reply, the audit entry, the message to the reader's home, the message to ourselves.
CREATE FUNCTION write_news(this_tenant integer, ids uuid[],
    given_key bytea, fingerprint bytea, status integer, answer bytea,
    operation text, loan uuid, person uuid, home integer, event text, told text, record uuid,
    actor text, role text, request text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF given_key IS NOT NULL THEN
        INSERT INTO reply (tenant_id, id, key, fingerprint, status, body)
        VALUES (this_tenant, ids[1], given_key, fingerprint, status, answer)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
    END IF;
    INSERT INTO audit (tenant_id, id, actor, role, operation, subject, result, request)
    VALUES (this_tenant, ids[2], actor, role, operation, loan, 'done', request);
    INSERT INTO outbox (tenant_id, id, receiver, about, kind, body, actor, role)
    SELECT this_tenant, news.*, actor, role
    FROM (VALUES (ids[3], home, person, event, told::jsonb),
                 (ids[4], this_tenant, record, 'ItemsChanged', jsonb_build_object(
                    'about', record, 'records', jsonb_build_array(record)))
    ) AS news (id, receiver, about, kind, body)
    WHERE news.kind IS NOT NULL AND news.about IS NOT NULL;
END $$;

-- Tells our own listeners what became of an item that is here for a request.
CREATE FUNCTION write_kept(this_tenant integer, kept uuid, event text, told jsonb,
                           actor text, role text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF kept IS NOT NULL THEN
        INSERT INTO outbox (tenant_id, id, receiver, about, kind, body, actor, role)
        VALUES (this_tenant, pinakes_id(), this_tenant, kept, event,
                told || jsonb_build_object('about', kept), actor, role);
    END IF;
END $$;

-- One reader's loans are counted again under a lock of their own: two desks cannot both
-- lend the last one that the limit allows.
CREATE FUNCTION write_checkout(this_tenant integer, ids uuid[],
    given_key bytea, fingerprint bytea, answer bytea,
    loan uuid, item uuid, item_version integer, person uuid, home integer, reader_kind text,
    barcode text, item_kind text, title text, open_here integer, lent_at timestamptz,
    due_at timestamptz, is_new boolean, told text, record uuid, actor text, role text, request text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE kept uuid;
BEGIN
    PERFORM pinakes_enter(this_tenant);
    PERFORM pg_advisory_xact_lock(this_tenant, hashtext(person::text));
    UPDATE item AS i SET status = 'lent', version = i.version + 1
    WHERE i.tenant_id = this_tenant AND i.id = item AND i.version = item_version
    RETURNING i.request_id INTO kept;
    IF NOT FOUND OR open_here <> (
        SELECT count(*) FROM loan l WHERE l.tenant_id = this_tenant AND l.person_id = person
        AND l.returned_at IS NULL)
    THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
    INSERT INTO loan (tenant_id, id, item_id, barcode, item_kind, title, person_id, home_id,
                      reader_kind, lent_at, due_at)
    VALUES (this_tenant, loan, item, barcode, item_kind, title, person, home,
            reader_kind, lent_at, due_at);
    PERFORM write_kept(this_tenant, kept, 'KeptLent',
                       jsonb_build_object('item', item, 'due_at', due_at), actor, role);
    IF is_new THEN
        INSERT INTO reader (tenant_id, id, person_id, kind, home_id, reader_kind, state, blocks,
                            keep_history, visits)
        VALUES (this_tenant, ids[5], person, 'visiting', home, reader_kind, 'active', '[]',
                false, '[]')
        ON CONFLICT (tenant_id, person_id) DO UPDATE SET state = 'active'
        WHERE reader.state = 'left' AND reader.kind = 'visiting';
        IF FOUND THEN
            INSERT INTO outbox (tenant_id, id, receiver, about, kind, body, actor, role)
            VALUES (this_tenant, ids[6], home, person, 'VisitBegan',
                    jsonb_build_object('about', person), actor, role);
        END IF;
    END IF;
    PERFORM write_news(this_tenant, ids, given_key, fingerprint, 201, answer, 'loan.open', loan,
                       person, home, 'LoanOpened', told, record, actor, role, request);
END $$;

-- With no event the item was back already: only the answer and the audit are kept.
CREATE FUNCTION write_return(this_tenant integer, ids uuid[],
    given_key bytea, fingerprint bytea, answer bytea,
    loan uuid, item uuid, item_version integer, item_status text, person uuid, home integer,
    returned_at timestamptz, event text, told text, record uuid,
    actor text, role text, request text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE kept uuid;
BEGIN
    PERFORM pinakes_enter(this_tenant);
    IF event IS NOT NULL THEN
        UPDATE item AS i SET version = i.version + 1, held_for = NULL,
            back_by = CASE WHEN i.guest_of IS NOT NULL THEN i.back_by END,
            status = CASE WHEN i.request_id IS NULL THEN item_status ELSE 'held' END
        WHERE i.tenant_id = this_tenant AND i.id = item AND i.version = item_version
        RETURNING i.request_id INTO kept;
        IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
        UPDATE loan AS l SET returned_at = write_return.returned_at
        WHERE l.tenant_id = this_tenant AND l.id = loan AND l.returned_at IS NULL;
        IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
        PERFORM write_kept(this_tenant, kept, 'KeptReturned', jsonb_build_object(
            'item', item, 'returned_at', returned_at), actor, role);
    END IF;
    PERFORM write_news(this_tenant, ids, given_key, fingerprint, 200, answer, 'loan.close', loan,
                       person, home, event, told, record, actor, role, request);
END $$;

CREATE FUNCTION write_renewal(this_tenant integer, ids uuid[],
    given_key bytea, fingerprint bytea, answer bytea,
    loan uuid, renewals integer, due_at timestamptz, person uuid, home integer,
    told text, actor text, role text, request text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    PERFORM pinakes_enter(this_tenant);
    UPDATE loan AS l SET due_at = due_at, renewals = l.renewals + 1
    WHERE l.tenant_id = this_tenant AND l.id = loan AND l.renewals = renewals
      AND l.returned_at IS NULL;
    IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
    PERFORM write_news(this_tenant, ids, given_key, fingerprint, 200, answer, 'loan.renew', loan,
                       person, home, 'LoanRenewed', told, NULL, actor, role, request);
END $$;
