-- One step of a request, as party.py decided it: written by one call, all or nothing. What a step
-- does to books stands in lending_effect; "changed" (PT409) lets the caller read and decide anew.

-- Which branches of this consortium have an item with this barcode of their own: names, no more.
CREATE OR REPLACE FUNCTION barcode_owners(scanned text) RETURNS SETOF integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT t.id FROM commons.tenant me JOIN commons.tenant t USING (consortium_id)
    WHERE me.id = public.pinakes_tenant() AND t.state IN ('active', 'suspended', 'leaving')
      AND EXISTS (SELECT FROM public.item i WHERE i.tenant_id = t.id AND i.barcode = scanned
                  AND i.guest_of IS NULL AND i.status <> 'withdrawn')
$$;
REVOKE ALL ON FUNCTION barcode_owners FROM PUBLIC;
GRANT EXECUTE ON FUNCTION barcode_owners TO pinakes_app;

-- How long the hold shelf of this branch keeps a book, and when the branch is open.
CREATE OR REPLACE FUNCTION lending_shelf() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('zone', t.zone, 'days', said -> 'hold.shelf_days',
        'weekdays', said ->> 'calendar.closed_weekdays', 'closed', said ->> 'calendar.closed_days')
    FROM commons.tenant t CROSS JOIN commons.all_effective(t.id, 'hold.shelf_days',
        'calendar.closed_weekdays', 'calendar.closed_days') AS said
    WHERE t.id = pinakes_tenant()
$$;

-- A copy of the wanted record, or the wanted item, of a kind that will do ("allowed"), that stands
-- on our shelf for nobody. What is promised and on its way goes first, and one that others wait for
-- as itself last. "way": of a promised one, from which branch it is on its way, and in which parcel.
DROP FUNCTION IF EXISTS lending_free(uuid, uuid, uuid, uuid[]);
CREATE OR REPLACE FUNCTION lending_free(record uuid, wanted uuid, allowed jsonb, request uuid,
                                        taken uuid[])
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', i.id, 'barcode', i.barcode, 'kind', i.kind,
        'status', i.status, 'way', CASE WHEN i.status = 'out' THEN (
            SELECT jsonb_strip_nulls(jsonb_build_object('sent_from', t.from_id,
                                                        'parcel', t.parcel))
            FROM transit t
            WHERE t.tenant_id = i.tenant_id AND t.barcode = i.barcode AND t.leg = 'on'
              AND t.party_id IS NULL AND t.received_at IS NULL AND t.lost_at IS NULL
            ORDER BY t.id DESC LIMIT 1) END)
    FROM item i
    WHERE i.tenant_id = pinakes_tenant() AND i.record_id = record AND i.guest_of IS NULL
      AND (i.status = 'on_shelf' OR i.status = 'out' AND i.request_id = request)
      AND i.kind <> 'reference' AND commons.fits(allowed, i.kind)
      AND (wanted IS NULL OR i.id = wanted) AND i.id <> ALL (taken)
    ORDER BY i.status = 'on_shelf',
             EXISTS (SELECT FROM commons.wanted w WHERE w.item_id = i.id), i.id
    LIMIT 1
$$;

-- A party's row, and what else its next step asks of this branch: "shelf", as above; "lent_until",
-- when our desk has lent the book already and the party is yet to hear of it; "awaited", whether
-- others wait to collect here what our reader has; "copy", when we are asked for one; "barred",
-- whether our reader may borrow nothing at present, while somebody may be asked next.
CREATE OR REPLACE FUNCTION lending_party(p request_party) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(p) || CASE
        WHEN p.role = 'pickup' AND p.state IN ('EXPECTED', 'RECEIVED')
            THEN jsonb_build_object('shelf', lending_shelf())
        WHEN p.role = 'pickup' AND p.state = 'READY'
            THEN jsonb_build_object('lent_until', (
                SELECT extract(epoch FROM l.due_at)::bigint FROM loan l
                WHERE l.tenant_id = p.tenant_id AND l.item_id = p.item_id
                  AND l.returned_at IS NULL))
        WHEN p.role = 'pickup' AND p.state = 'LENT' AND NOT 'here' = ANY (p.flags)
            THEN jsonb_build_object('awaited', EXISTS (
                SELECT FROM commons.wanted w
                WHERE w.edition_id = (p.facts ->> 'edition')::uuid
                  AND w.pickup = p.tenant_id AND w.offered_by IS NULL))
        WHEN p.role = 'supplier' AND p.state IN ('NEW', 'VALIDATED')
            THEN jsonb_build_object('copy', lending_free((p.facts ->> 'record')::uuid,
                (p.facts ->> 'wanted_item')::uuid, p.facts -> 'fits', p.request_id, '{}'))
        WHEN p.role = 'requester' AND p.state IN ('WAITING', 'INVALID_PATRON', 'DUPLICATE',
            'NEEDS_REVIEW', 'SENT', 'SUPPLIER_LOCATED', 'LOCAL_SUPPLY', 'CONDITION_PENDING',
            'RETRY_PENDING', 'WILL_SUPPLY', 'SHIPPED', 'RECEIVED', 'READY_FOR_PICKUP')
            THEN jsonb_build_object('barred', NOT EXISTS (
                SELECT FROM standing s JOIN commons.tenant t ON t.id = s.tenant_id
                WHERE s.tenant_id = p.tenant_id AND s.person_id = (p.facts ->> 'person')::uuid
                  AND s.may_borrow
                  AND coalesce(s.until >= (now() AT TIME ZONE t.zone)::date, true)))
        ELSE '{}' END
$$;

-- What an act looks at beside its party: a recall at the branch's rule and calendar, a description
-- at the title that is meant, a settlement at what else this branch is in the same attempt, and
-- where another branch may be asked next, at who was asked before.
CREATE OR REPLACE FUNCTION lending_around(p request_party, act text, meant uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE act
        WHEN 'recall' THEN jsonb_build_object('shelf', lending_shelf(), 'rule',
            commons.all_effective(p.tenant_id, 'hold.recall') -> 'hold.recall')
        WHEN 'describe' THEN jsonb_build_object('title', (
            SELECT h.title_fields ->> 'title' FROM commons.holding h
            JOIN commons.edition e ON e.id = h.edition_id
            JOIN commons.tenant here USING (consortium_id)
            WHERE h.edition_id = meant AND here.id = p.tenant_id
            ORDER BY h.available DESC LIMIT 1), 'kinds', (
            SELECT coalesce(jsonb_agg(DISTINCT kind), '[]')
            FROM commons.holding h, jsonb_object_keys(h.kinds) AS kind
            WHERE h.edition_id = meant))
        WHEN 'settle' THEN jsonb_build_object('beside', (
            SELECT jsonb_agg(lending_party(o) ORDER BY o.id) FROM request_party o
            WHERE o.tenant_id = p.tenant_id AND o.request_id = p.request_id
              AND o.attempt = p.attempt AND o.role <> p.role))
        ELSE '{}' END
    || CASE WHEN p.role = 'requester' THEN jsonb_build_object('asked', (
            SELECT coalesce(jsonb_agg(o.supplier_id), '[]') FROM request_party o
            WHERE o.tenant_id = p.tenant_id AND o.request_id = p.request_id
              AND o.role = 'requester' AND o.attempt <= p.attempt AND o.supplier_id IS NOT NULL
              AND (o.facts ? 'wanted_owner') = (p.facts ? 'wanted_owner')))
        ELSE '{}' END
$$;

-- Whether the book of a party that is to be put back still stands on the hold shelf: not since it
-- was lent or pulled, nor once a hand has said otherwise. What is missing may well stand there.
CREATE OR REPLACE FUNCTION lending_to_put_back(p request_party) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT p.over AND p.flags @> ARRAY['to_put_back'] AND EXISTS (
        SELECT FROM item i
        WHERE i.tenant_id = p.tenant_id AND i.barcode = p.facts ->> 'barcode'
          AND i.guest_of IS NULL AND i.status IN ('on_shelf', 'held', 'missing')
          AND NOT EXISTS (SELECT FROM request_party o
                          WHERE o.tenant_id = i.tenant_id AND o.request_id = i.request_id
                            AND o.role = 'supplier' AND o.item_id = i.id
                            AND o.flags @> ARRAY['pulled'])
          AND NOT EXISTS (SELECT FROM loan l WHERE l.tenant_id = i.tenant_id AND l.item_id = i.id
                          AND l.lent_at > to_timestamp((p.facts ->> 'since')::bigint)))
$$;

-- A book has left its place on the hold shelf for another request: nobody has to put it back.
CREATE OR REPLACE FUNCTION lending_moved_on(told text) RETURNS void LANGUAGE sql AS $$
    UPDATE request_party SET flags = array_remove(flags, 'to_put_back')
    WHERE tenant_id = pinakes_tenant() AND over AND flags @> ARRAY['to_put_back']
      AND facts ->> 'barcode' = told
$$;

-- Tells our own listeners that what stands on the shelves for a record is different now.
CREATE OR REPLACE FUNCTION lending_shelves(record uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (id, about, kind, body)
    SELECT pinakes_id(), record, 'ItemsChanged',
           jsonb_build_object('about', record, 'records', jsonb_build_array(record))
    WHERE record IS NOT NULL
$$;

-- Where the item of a party stands from now on; not when others have it by now.
CREATE OR REPLACE FUNCTION lending_put(p request_party, place text, kept boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE record uuid;
BEGIN
    UPDATE item i SET status = place, version = i.version + 1,
        request_id = CASE WHEN kept THEN p.request_id END, held_for = NULL,
        back_by = CASE WHEN kept OR i.guest_of IS NOT NULL THEN i.back_by END
    WHERE i.tenant_id = pinakes_tenant() AND i.id = p.item_id
      AND (i.request_id = p.request_id OR i.request_id IS NULL AND i.status <> 'lent')
    RETURNING CASE WHEN i.guest_of IS NULL THEN i.record_id END INTO record;
    PERFORM lending_shelves(record);
END $$;

-- From where the book sets out for its reader: its owner, or the branch where it was given back.
CREATE OR REPLACE FUNCTION lending_sender(p request_party) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT t.id FROM commons.tenant t
                     WHERE t.id = (p.facts ->> 'sent_from')::bigint), p.supplier_id)
$$;

CREATE OR REPLACE FUNCTION lending_ship(p request_party, way text, here integer, there integer,
                                        moment timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO transit AS t (id, party_id, leg, from_id, to_id, barcode, title, parcel, shipped_at)
    VALUES (pinakes_id(), p.id, way, here, there, coalesce(p.facts ->> 'barcode', ''),
            coalesce(p.facts ->> 'title', ''),
            p.facts ->> CASE way WHEN 'home' THEN 'parcel_home' ELSE 'parcel' END, moment)
    ON CONFLICT (tenant_id, party_id, leg) WHERE received_at IS NULL AND lost_at IS NULL DO NOTHING
$$;

CREATE OR REPLACE FUNCTION lending_arrive(p request_party, moment timestamptz, lost boolean)
RETURNS void LANGUAGE sql AS $$
    UPDATE transit SET received_at = CASE WHEN lost THEN NULL ELSE moment END,
                       lost_at = CASE WHEN lost THEN moment END
    WHERE tenant_id = pinakes_tenant() AND party_id = p.id
      AND received_at IS NULL AND (lost_at IS NULL OR NOT lost)
$$;

-- The pickup branch's guest item, on a record that no catalogue shows; it lies about no more.
CREATE OR REPLACE FUNCTION lending_guest(p request_party, place text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    code text := (SELECT t.code FROM commons.tenant t WHERE t.id = p.supplier_id);
    told text := coalesce(p.facts ->> 'barcode', p.request_id::text);
    name text := coalesce(p.facts ->> 'title', '');
    found uuid;
BEGIN
    IF EXISTS (SELECT FROM item i WHERE i.tenant_id = pinakes_tenant() AND i.barcode = told
               AND i.guest_of IS DISTINCT FROM p.supplier_id) THEN
        told := code || '/' || told; -- another book here bears this barcode
    END IF;
    SELECT i.id INTO found FROM item i
    WHERE i.tenant_id = pinakes_tenant() AND i.barcode = told AND i.guest_of = p.supplier_id;
    IF found IS NULL THEN
        found := pinakes_id();
        INSERT INTO record (id, key, control_number, agency, digest, dialect, encoding, state, raw,
                            title_fields, sort_key, isbn13, suppressed)
        VALUES (found, 'guest:' || found, '', code, '', 'guest', 'utf-8', 'live', '',
                jsonb_build_object('title', name), '', '', true);
        INSERT INTO item (id, record_id, barcode, kind, status, call_number, guest_of, version)
        VALUES (found, found, told, 'book', place, '', p.supplier_id, 1);
    END IF;
    UPDATE record SET title_fields = jsonb_build_object('title', name)
    WHERE tenant_id = pinakes_tenant() AND id = found;
    UPDATE arrival SET state = 'settled', parcel = NULL
    WHERE tenant_id = pinakes_tenant() AND barcode = p.facts ->> 'barcode'
      AND owner_id = p.supplier_id AND state = 'known';
    UPDATE item i SET status = place, request_id = p.request_id, held_for = NULL,
        kind = coalesce(p.facts ->> 'item_kind', i.kind), version = i.version + 1,
        back_by = to_timestamp((p.facts ->> 'due')::bigint)
    WHERE i.tenant_id = pinakes_tenant() AND i.id = found;
    UPDATE request_party r SET item_id = found, facts = facts || jsonb_build_object('here', told)
    WHERE r.tenant_id = pinakes_tenant() AND r.id = p.id;
END $$;

-- The loan at the pickup branch: longer, shorter, or over; the reader's home hears of it.
CREATE OR REPLACE FUNCTION lending_loan(p request_party, verb text, moment timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE l loan;
BEGIN
    UPDATE item i SET back_by = to_timestamp((p.facts ->> 'due')::bigint)
    WHERE i.tenant_id = pinakes_tenant() AND i.request_id = p.request_id AND verb <> 'close';
    UPDATE loan x SET
        returned_at = CASE WHEN verb = 'close' THEN greatest(moment, x.lent_at) END,
        outcome = CASE WHEN verb = 'close' AND p.state = 'LOST' THEN 'lost' END,
        renewals = x.renewals + CASE WHEN verb = 'prolong' THEN 1 ELSE 0 END,
        due_at = CASE verb WHEN 'prolong' THEN to_timestamp((p.facts ->> 'due')::bigint)
                           WHEN 'recall' THEN least(x.due_at,
                                                    to_timestamp((p.facts ->> 'due')::bigint))
                           ELSE x.due_at END
    WHERE x.tenant_id = pinakes_tenant() AND x.item_id = p.item_id AND x.returned_at IS NULL
    RETURNING x.* INTO l;
    IF l.id IS NULL THEN RETURN; END IF;
    INSERT INTO outbox (id, receiver, about, kind, body)
    VALUES (pinakes_id(), l.home_id, l.person_id,
        CASE verb WHEN 'close' THEN 'LoanClosed' ELSE 'LoanRenewed' END,
        jsonb_build_object('about', l.person_id, 'loan', l.id) || CASE verb
            WHEN 'close' THEN jsonb_build_object('returned_at', l.returned_at,
                                                 'outcome', l.outcome)
            ELSE jsonb_build_object('due_at', l.due_at, 'renewals', l.renewals) END);
END $$;

-- Tells those who found it on its way that it has arrived: they need send it nowhere.
CREATE OR REPLACE FUNCTION lending_found(p request_party, moment timestamptz) RETURNS void
LANGUAGE sql AS $$
    WITH ways AS (
        UPDATE transit SET received_at = moment, lost_at = NULL
        WHERE tenant_id = pinakes_tenant() AND barcode = p.facts ->> 'barcode'
          AND party_id IS NULL AND leg IN ('home', 'on') AND received_at IS NULL
        RETURNING id, from_id)
    INSERT INTO outbox (id, receiver, about, kind, body)
    SELECT pinakes_id(), way.from_id, way.id, 'ItemArrived',
           jsonb_build_object('about', way.id, 'barcode', p.facts ->> 'barcode')
    FROM ways AS way
$$;

CREATE OR REPLACE FUNCTION lending_effect(p request_party, effect text, moment timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE seen timestamptz := coalesce(to_timestamp((p.facts ->> 'seen_at')::bigint), moment);
        record uuid;
BEGIN
    CASE effect
    WHEN 'reserve' THEN
        UPDATE item i SET status = 'held', request_id = p.request_id, version = i.version + 1
        WHERE i.tenant_id = pinakes_tenant() AND i.id = p.item_id AND i.status = 'on_shelf'
        RETURNING i.record_id INTO record;
        IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
        PERFORM lending_shelves(record);
    WHEN 'release' THEN PERFORM lending_put(p, 'on_shelf', false);
    WHEN 'miss' THEN PERFORM lending_put(p, 'missing', false);
    WHEN 'send_out' THEN
        PERFORM lending_put(p, 'out', true);
        PERFORM lending_ship(p, 'out', lending_sender(p), p.pickup_id, moment);
        PERFORM lending_moved_on(p.facts ->> 'barcode');
    WHEN 'put_back' THEN
        UPDATE item i SET status = 'on_shelf', version = i.version + 1
        WHERE i.tenant_id = pinakes_tenant() AND i.barcode = p.facts ->> 'barcode'
          AND i.guest_of IS NULL AND i.status = 'missing'
        RETURNING i.record_id INTO record;
        PERFORM lending_shelves(record);
    WHEN 'arrived' THEN
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_found(p, moment);
    WHEN 'expect_home' THEN
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_put(p, 'out', true);
        PERFORM lending_ship(p, 'home', coalesce((p.facts ->> 'seen_by')::integer, p.pickup_id),
                             p.supplier_id, moment);
    WHEN 'let_pass' THEN -- found elsewhere, from where it goes on without coming home
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_put(p, 'out', false);
    WHEN 'shelve', 'damage' THEN
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_put(p, CASE effect WHEN 'shelve' THEN 'on_shelf' ELSE 'damaged' END, false);
        PERFORM lending_found(p, moment);
    WHEN 'write_off' THEN
        PERFORM lending_arrive(p, moment, true);
        PERFORM lending_put(p, 'lost', false);
        UPDATE transit SET lost_at = moment -- the way by which it left its finder for the reader
        WHERE tenant_id = pinakes_tenant() AND barcode = p.facts ->> 'barcode' AND leg = 'on'
          AND party_id IS NULL AND received_at IS NULL AND lost_at IS NULL;
    WHEN 'expect_parcel' THEN
        PERFORM lending_ship(p, 'out', lending_sender(p), p.pickup_id, moment);
    WHEN 'take_in' THEN
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_guest(p, 'processing');
    WHEN 'take_in_damaged' THEN
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_guest(p, 'damaged');
    WHEN 'parcel_lost' THEN PERFORM lending_arrive(p, moment, true);
    WHEN 'keep' THEN
        UPDATE item i SET status = 'held', held_for = coalesce(p.facts ->> 'alias', p.facts ->> 'person')::uuid,
            back_by = to_timestamp((p.facts ->> 'due')::bigint), version = i.version + 1
        WHERE i.tenant_id = pinakes_tenant() AND i.request_id = p.request_id;
        UPDATE request_party r SET item_id = i.id,
            facts = r.facts || jsonb_build_object('here', i.barcode)
        FROM item i WHERE i.tenant_id = pinakes_tenant() AND i.request_id = p.request_id
          AND r.tenant_id = pinakes_tenant() AND r.id = p.id;
        PERFORM lending_moved_on(p.facts ->> 'barcode') WHERE p.flags @> ARRAY['here'];
    WHEN 'unkeep' THEN
        UPDATE item i SET held_for = NULL, version = i.version + 1
        WHERE i.tenant_id = pinakes_tenant() AND i.request_id = p.request_id;
    WHEN 'send_on' THEN
        PERFORM lending_put(p, 'withdrawn', false);
        PERFORM lending_ship(p, 'home', p.pickup_id, p.supplier_id, moment);
    WHEN 'let_go' THEN
        PERFORM lending_arrive(p, moment, false);
        PERFORM lending_put(p, 'withdrawn', false)
        WHERE EXISTS (SELECT FROM item i WHERE i.tenant_id = pinakes_tenant()
                      AND i.id = p.item_id AND i.guest_of IS NOT NULL);
    WHEN 'parcel_home' THEN PERFORM lending_arrive(p, moment, false);
    WHEN 'prolong' THEN PERFORM lending_loan(p, 'prolong', moment);
    WHEN 'recall' THEN PERFORM lending_loan(p, 'recall', moment);
    WHEN 'close_loan' THEN
        PERFORM lending_loan(p, 'close', seen);
        PERFORM lending_put(p, CASE p.state WHEN 'LOST' THEN 'lost' ELSE 'withdrawn' END, false)
        WHERE EXISTS (SELECT FROM item i WHERE i.tenant_id = pinakes_tenant()
                      AND i.id = p.item_id AND i.guest_of IS NOT NULL);
    ELSE NULL; -- notes and notices move no book
    END CASE;
END $$;

-- What befalls a book that is on no request. "left": it is another branch's, and a reader gave it
-- back here; what was known of it before is settled. Else it is ours and back; it had gone astray
-- if there is an "item", whose "version" it had; whoever had found it hears that it has arrived.
CREATE OR REPLACE FUNCTION lending_book(one jsonb, work jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    left_here arrival := jsonb_populate_record(NULL::arrival, one -> 'left');
    told text := one ->> 'barcode';
    record uuid;
BEGIN
    INSERT INTO audit (id, actor, role, operation, subject, result, request)
    SELECT (one ->> 'audit')::uuid, work ->> 'actor', work ->> 'role', one ->> 'operation',
           one ->> 'subject', one ->> 'result', work ->> 'request'
    WHERE one ->> 'operation' IS NOT NULL;
    IF left_here.id IS NOT NULL THEN
        UPDATE arrival a SET state = 'settled', parcel = NULL
        WHERE a.tenant_id = pinakes_tenant() AND a.barcode = told AND a.state <> 'asked'
          AND (a.owner_id = left_here.owner_id OR a.owner_id IS NULL);
        INSERT INTO arrival (id, barcode, owner_id, state, rule, parcel)
        VALUES (left_here.id, told, left_here.owner_id, left_here.state, left_here.rule,
                left_here.parcel);
        RETURN;
    END IF;
    IF one ->> 'item' IS NOT NULL THEN
        UPDATE item i SET status = one ->> 'status', request_id = NULL, version = i.version + 1
        WHERE i.tenant_id = pinakes_tenant() AND i.id = (one ->> 'item')::uuid
          AND i.version = (one ->> 'version')::integer
        RETURNING i.record_id INTO record;
        IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
        PERFORM lending_shelves(record);
    END IF;
    WITH ways AS ( -- others may have a book of the same number
        UPDATE transit t SET received_at = now(), lost_at = NULL
        WHERE t.tenant_id = pinakes_tenant() AND t.barcode = told AND t.received_at IS NULL
          AND (t.leg = 'home' AND t.to_id = pinakes_tenant()
               OR t.leg = 'out' AND t.to_id <> pinakes_tenant() OR t.leg = 'on')
        RETURNING t.id, t.from_id, t.leg)
    INSERT INTO outbox (id, receiver, about, kind, body, actor, role)
    SELECT pinakes_id(), way.from_id, way.id, 'ItemArrived',
           jsonb_build_object('about', way.id, 'barcode', told), work ->> 'actor', work ->> 'role'
    FROM ways AS way WHERE way.from_id <> pinakes_tenant() AND way.leg <> 'out';
    UPDATE arrival a SET state = 'settled', parcel = NULL
    WHERE a.tenant_id = pinakes_tenant() AND a.barcode = told AND a.state <> 'asked'
      AND a.send_to = pinakes_tenant();
END $$;

-- work: now, actor, role, request; parties in the order of their steps, each with its version,
-- what happened, and its effects; "was": the version that it had before (none: 0); "passing": a
-- later step of the same party says how it stands. books: those on no request. told: messages.
CREATE OR REPLACE FUNCTION lending_write(work jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one jsonb; p request_party; noted audit; effect text;
    moment timestamptz := to_timestamp((work ->> 'now')::float);
BEGIN
    FOR one IN SELECT * FROM jsonb_array_elements(work -> 'parties') LOOP
        p := jsonb_populate_record(NULL::request_party, one || jsonb_build_object(
            'tenant_id', pinakes_tenant(), 'created_at', moment, 'changed_at', moment));
        INSERT INTO audit (id, actor, role, operation, subject, result, request)
        VALUES ((one ->> 'audit')::uuid, work ->> 'actor', work ->> 'role',
                'request.' || (one ->> 'on'), p.request_id, 'done', work ->> 'request')
        RETURNING * INTO noted;
        PERFORM ledger_record('lending.' || p.state, p.request_id, jsonb_build_object(
            'role', p.role, 'attempt', p.attempt, 'on', one -> 'on', 'model', p.model,
            'by', work -> 'role', 'audit', audit_digest(noted)));
        IF one ->> 'on' = 'describe' THEN -- it bears the name of the title from now on
            UPDATE request r SET title = p.facts ->> 'title',
                                 edition_id = (p.facts ->> 'edition')::uuid,
                                 kind = coalesce(p.facts ->> 'kind', r.kind)
            WHERE r.tenant_id = pinakes_tenant() AND r.id = p.request_id;
        END IF;
        CONTINUE WHEN (one -> 'passing')::boolean;
        IF (one ->> 'was')::integer = 0 THEN
            INSERT INTO request_party SELECT p.*;
        ELSE
            UPDATE request_party r SET version = p.version, supplier_id = p.supplier_id,
                state = p.state, flags = p.flags, facts = p.facts, alarm = p.alarm,
                alarm_at = p.alarm_at, over = p.over, item_id = p.item_id, trouble = p.trouble,
                reasons = coalesce(p.reasons, r.reasons), changed_at = moment,
                said = coalesce(nullif(p.said, '[]'), r.said)
            WHERE r.tenant_id = pinakes_tenant() AND r.id = p.id
              AND r.version = (one ->> 'was')::integer;
            IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
        END IF;
        IF p.alarm_at IS NOT NULL THEN
            INSERT INTO alarm (id, due_at) VALUES (p.id, to_timestamp(p.alarm_at))
            ON CONFLICT (tenant_id, id) DO UPDATE SET due_at = excluded.due_at, tries = 0;
        ELSE
            DELETE FROM alarm WHERE tenant_id = pinakes_tenant() AND id = p.id;
        END IF;
        FOR effect IN SELECT * FROM jsonb_array_elements_text(one -> 'effects') LOOP
            PERFORM lending_effect(p, effect, moment);
        END LOOP;
        IF p.role = 'requester' THEN
            INSERT INTO alarm (id, due_at) -- the branch's own: to compare the parties' views
            SELECT '00000000-0000-0000-0000-000000000000', now() + interval '4 minutes'
            WHERE NOT p.over ON CONFLICT DO NOTHING;
            UPDATE alarm a SET due_at = now() + interval '4 minutes' -- a clock was wrong
            WHERE a.tenant_id = pinakes_tenant() AND a.id = '00000000-0000-0000-0000-000000000000'
              AND a.due_at > now() + interval '5 minutes'; -- only then: else steps queue for it
            UPDATE request r SET attempt = p.attempt, state = p.state, over = p.over,
                                 changed_at = moment
            WHERE r.tenant_id = pinakes_tenant() AND r.id = p.request_id
              AND r.attempt <= p.attempt
              AND (r.attempt, r.state, r.over) IS DISTINCT FROM (p.attempt, p.state, p.over);
        END IF;
    END LOOP;
    PERFORM lending_book(book, work) FROM jsonb_array_elements(work -> 'books') AS book;
    INSERT INTO outbox (id, receiver, about, kind, body, actor, role)
    SELECT (t ->> 'id')::uuid, (t ->> 'receiver')::integer, (t ->> 'about')::uuid, t ->> 'kind',
           t -> 'body', work ->> 'actor', work ->> 'role'
    FROM jsonb_array_elements(work -> 'told') AS t;
END $$;

-- A new request, on its reader's list.
CREATE OR REPLACE FUNCTION lending_place(wish jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO request SELECT * FROM jsonb_populate_record(NULL::request,
        wish || jsonb_build_object('tenant_id', pinakes_tenant(), 'created_at', now(),
                                   'changed_at', now()))
$$;

-- Every party that a book with this barcode has at this branch, the newest first.
CREATE OR REPLACE FUNCTION lending_parties(scanned text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(lending_party(p) ORDER BY p.id DESC) FROM request_party p
    WHERE p.tenant_id = pinakes_tenant() AND p.role IN ('supplier', 'pickup') AND (
        p.id IN (SELECT t.party_id FROM transit t
                 WHERE t.tenant_id = pinakes_tenant() AND t.barcode = scanned
                 UNION ALL
                 SELECT o.id FROM request_party o
                 WHERE o.tenant_id = pinakes_tenant() AND o.over
                   AND o.flags @> ARRAY['to_put_back'] AND o.facts ->> 'barcode' = scanned
                   AND lending_to_put_back(o))
        OR p.request_id = (SELECT i.request_id FROM item i
                           WHERE i.tenant_id = pinakes_tenant() AND i.barcode = scanned))
$$;

-- Of each barcode its parties, what bears it here, and where somebody has to say whose it is, the
-- "owners": all branches that have such a book. named: the branch that the scan names as its owner.
CREATE OR REPLACE FUNCTION lending_books(scanned text[], named integer) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_build_object(
        'barcode', told.barcode, 'parties', lending_parties(told.barcode),
        'item', i.id, 'version', i.version, 'status', i.status, 'request', i.request_id,
        'owners', CASE WHEN i.id IS NULL OR i.status = 'withdrawn' OR named <> i.tenant_id
                       OR named IS NULL AND i.request_id IS NULL
                           AND i.status NOT IN ('out', 'missing', 'lost')
                  THEN (SELECT coalesce(jsonb_agg(owner), '[]')
                        FROM barcode_owners(told.barcode) AS owner) END) ORDER BY told.place)
    FROM unnest(scanned) WITH ORDINALITY AS told (barcode, place)
    LEFT JOIN item i ON i.tenant_id = pinakes_tenant() AND i.barcode = told.barcode
$$;

-- The lean road: each is one call in autocommit that enters the tenant by itself.
DROP FUNCTION IF EXISTS read_request, read_scan, read_books, read_place, write_place, write_request;

-- The first answer to this key, or the party as lending_read tells it, and what its act looks at.
CREATE FUNCTION read_request(this_tenant integer, given_key bytea, request uuid, as_role text,
    nth integer, act text, meant uuid, OUT status integer, OUT body bytea, OUT fingerprint bytea,
    OUT party jsonb, OUT around jsonb)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pinakes_enter(this_tenant);
    SELECT e.* INTO status, body, fingerprint FROM earlier_answer(this_tenant, given_key) e;
    IF FOUND THEN RETURN; END IF;
    SELECT lending_party(p), lending_around(p, act, meant) INTO party, around
    FROM request_party p
    WHERE p.tenant_id = this_tenant AND p.request_id = read_request.request
      AND p.role = as_role AND (nth IS NULL OR p.attempt = nth)
    ORDER BY p.attempt DESC LIMIT 1;
END $$;

-- The same for a scan: every party that the book has at this branch; or those of the open parcels
-- of this number, each with the branch that sent it. "loose": what else is in these parcels, our
-- books on no request, by barcode. Who packs a parcel numbers it: a book that stands in our list is
-- never taken for one.
-- What was lost comes late only while its sender's number means that parcel: not while a way is
-- open under it, nor once it was given to a later one.
CREATE FUNCTION read_scan(this_tenant integer, given_key bytea, scanned text,
    OUT status integer, OUT body bytea, OUT fingerprint bytea, OUT parties jsonb,
    OUT is_parcel boolean, OUT loose jsonb)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pinakes_enter(this_tenant);
    SELECT e.* INTO status, body, fingerprint FROM earlier_answer(this_tenant, given_key) e;
    IF FOUND THEN RETURN; END IF;
    IF NOT EXISTS (SELECT FROM item i WHERE i.tenant_id = this_tenant AND i.barcode = scanned) THEN
        SELECT jsonb_agg(lending_party(p) || jsonb_build_object('sender', t.from_id) ORDER BY p.id)
        INTO parties FROM transit t
        JOIN request_party p ON p.tenant_id = t.tenant_id AND p.id = t.party_id
        WHERE t.tenant_id = this_tenant AND t.parcel = scanned AND t.to_id = this_tenant
          AND t.received_at IS NULL AND (t.lost_at IS NULL OR NOT EXISTS (
              SELECT FROM transit o WHERE o.tenant_id = this_tenant AND o.parcel = scanned
              AND o.to_id = this_tenant AND o.from_id = t.from_id
              AND (o.shipped_at > t.lost_at OR o.received_at IS NULL AND o.lost_at IS NULL)));
        SELECT jsonb_agg(DISTINCT jsonb_build_object('barcode', t.barcode, 'sender', t.from_id))
        INTO loose FROM transit t
        WHERE t.tenant_id = this_tenant AND t.parcel = scanned AND t.to_id = this_tenant
          AND t.party_id IS NULL AND t.received_at IS NULL AND t.lost_at IS NULL;
    END IF;
    is_parcel := parties IS NOT NULL OR loose IS NOT NULL;
    IF NOT is_parcel THEN parties := lending_parties(scanned); END IF;
END $$;

-- What read_scan does not tell of books that no step waits for.
CREATE FUNCTION read_books(this_tenant integer, scanned text[], named integer) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM pinakes_enter(this_tenant);
    RETURN lending_books(scanned, named);
END $$;

-- The same for a new request: the title, the reader's standing and requests, and the rules.
-- "cards": whose the presented card may be; of this branch's readers the first is meant. "kinds": of
-- the copies that may be lent, the most held first; of the one copy its own.
-- "copy": whether the owner shows the one copy as one of this title's; in another cell it will say.
CREATE FUNCTION read_place(this_tenant integer, given_key bytea, asker uuid, wanted uuid,
    owner integer, record uuid, one_copy uuid, called text, presented text,
    OUT status integer, OUT body bytea, OUT fingerprint bytea, OUT cards jsonb, OUT facts jsonb)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found uuid; name text; one_kind text; person uuid := asker;
BEGIN
    PERFORM pinakes_enter(this_tenant);
    SELECT e.* INTO status, body, fingerprint FROM earlier_answer(this_tenant, given_key) e;
    IF FOUND THEN RETURN; END IF;
    IF presented IS NOT NULL THEN
        SELECT jsonb_agg(c), (array_agg(c.person_id) FILTER (WHERE c.home_id = this_tenant))[1]
        INTO cards, person FROM card_lookup(presented) c;
    END IF;
    IF wanted IS NOT NULL THEN
        SELECT h.edition_id, h.title_fields ->> 'title' INTO found, name FROM commons.holding h
        WHERE h.edition_id = wanted ORDER BY h.available DESC LIMIT 1;
    ELSIF record IS NOT NULL THEN
        SELECT h.edition_id, h.title_fields ->> 'title' INTO found, name FROM commons.holding h
        WHERE h.tenant_id = owner AND h.record_id = record;
    END IF;
    IF NOT EXISTS (SELECT FROM commons.edition e JOIN commons.tenant here USING (consortium_id)
                   WHERE e.id = found AND here.id = this_tenant) THEN
        found := NULL; name := NULL; -- what another consortium has is no title here
    END IF;
    IF one_copy IS NOT NULL THEN
        SELECT c.kind INTO one_kind FROM commons.copy_shown(owner, record, one_copy) c
        WHERE c.edition = found;
    END IF;
    SELECT jsonb_build_object(
        'edition', found, 'title', name, 'copy', one_copy IS NULL OR one_kind IS NOT NULL
            OR EXISTS (SELECT FROM commons.tenant t WHERE t.id = owner AND t.cell IS NOT NULL),
        'kinds', CASE WHEN one_kind IS NOT NULL THEN jsonb_build_array(one_kind) ELSE (
            SELECT coalesce(jsonb_agg(kind ORDER BY holders DESC, kind), '[]') FROM (
                SELECT kind, sum(alike.holders) AS holders FROM (
                    SELECT h.kinds, count(*) AS holders FROM commons.holding h
                    WHERE h.edition_id = found AND h.tenant_id = coalesce(owner, h.tenant_id)
                      AND h.record_id = coalesce(record, h.record_id)
                    GROUP BY h.kinds) AS alike, jsonb_object_keys(alike.kinds) AS kind
                GROUP BY kind) AS held) END,
        'reader_kind', r.reader_kind, 'born', r.born,
        'at_home', r.home_id = this_tenant,
        'may_borrow', s.may_borrow AND NOT late.expired,
        'blocks', s.blocks || CASE WHEN late.expired THEN '["expired"]'::jsonb ELSE '[]' END,
        'holds', mine.holds, 'of_kinds', (
            SELECT coalesce(jsonb_object_agg(kind, holds), '{}') FROM (
                SELECT q.kind, count(*) AS holds FROM request q
                WHERE q.tenant_id = this_tenant AND q.person_id = person AND NOT q.over
                GROUP BY q.kind) AS waiting),
        'same', mine.same,
        'rules', said -> 'hold.rules', 'most', said -> 'hold.limit',
        'pickups', said -> 'hold.pickup',
        'label', (SELECT '…' || right(c.number, 4) FROM card c -- of the number in use, no old one
                  WHERE c.home_id = this_tenant AND c.person_id = person AND c.state = 'active'
                  ORDER BY c.old, c.id DESC LIMIT 1))
    INTO facts
    FROM reader r JOIN standing s ON s.tenant_id = r.tenant_id AND s.person_id = r.person_id
    JOIN commons.tenant here ON here.id = this_tenant
    CROSS JOIN LATERAL (
        SELECT coalesce(s.until < (now() AT TIME ZONE here.zone)::date, false) AS expired) AS late
    CROSS JOIN LATERAL (
        SELECT count(*) AS holds, count(*) FILTER (WHERE q.edition_id = found
                   OR (q.edition_id IS NULL OR found IS NULL)
                      AND lower(q.title) = lower(coalesce(name, called)))
               + (SELECT count(*) FROM borrowed b
                  WHERE b.tenant_id = this_tenant AND b.person_id = person
                    AND b.returned_at IS NULL AND lower(b.title) = lower(coalesce(name, called)))
               AS same
        FROM request q WHERE q.tenant_id = this_tenant AND q.person_id = person AND NOT q.over
    ) AS mine
    CROSS JOIN commons.all_effective(this_tenant, 'hold.rules', 'hold.limit', 'hold.pickup') AS said
    WHERE r.tenant_id = this_tenant AND r.person_id = person;
    facts := coalesce(facts, '{}');
END $$;

-- One reader's requests are counted again under a lock of their own: of several placed at once
-- each is judged by those before it. "holds": how many there were when it was.
CREATE FUNCTION write_place(this_tenant integer, given_key bytea, fingerprint bytea,
    status integer, answer bytea, wish jsonb, work jsonb, holds integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pinakes_enter(this_tenant);
    PERFORM pg_advisory_xact_lock(this_tenant, hashtext(wish ->> 'person_id'));
    IF holds <> (SELECT count(*) FROM request q WHERE q.tenant_id = this_tenant
                 AND q.person_id = (wish ->> 'person_id')::uuid AND NOT q.over)
    THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
    PERFORM lending_place(wish);
    PERFORM write_request(this_tenant, given_key, fingerprint, status, answer, work);
END $$;

CREATE FUNCTION write_request(this_tenant integer, given_key bytea, fingerprint bytea,
    status integer, answer bytea, work jsonb) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    PERFORM pinakes_enter(this_tenant);
    IF given_key IS NOT NULL THEN
        INSERT INTO reply (id, key, fingerprint, status, body)
        VALUES (pinakes_id(), given_key, fingerprint, status, answer) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN RAISE 'changed' USING ERRCODE = 'PT409'; END IF;
    END IF;
    PERFORM lending_write(work);
END $$;

-- Many parties at once, in the order asked for: each in this attempt, with this item, or the last.
CREATE OR REPLACE FUNCTION lending_look(asked jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg((
        SELECT lending_party(p) FROM request_party p
        WHERE p.tenant_id = pinakes_tenant() AND p.request_id = (one ->> 'request')::uuid
          AND p.role = one ->> 'role'
          AND p.attempt = coalesce((one ->> 'attempt')::integer, p.attempt)
          AND (one ->> 'item' IS NULL OR p.item_id = (one ->> 'item')::uuid)
        ORDER BY p.attempt DESC LIMIT 1) ORDER BY place)
    FROM jsonb_array_elements(asked) WITH ORDINALITY AS a (one, place)
$$;

-- The same for messages, in a transaction of its own: our parties that hear them, and for each
-- wish of another branch a free copy. memo: what is asked once a turn, as far as it will be.
CREATE OR REPLACE FUNCTION read_heard(this_tenant integer, asked jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE one jsonb; copy jsonb; copies jsonb := '[]'; taken uuid[] := '{}';
BEGIN
    PERFORM pinakes_enter(this_tenant, true);
    FOR one IN SELECT * FROM jsonb_array_elements(asked -> 'wishes') LOOP
        copy := lending_free((one ->> 'record')::uuid, (one ->> 'item')::uuid, one -> 'fits',
                             (one ->> 'request')::uuid, taken);
        copies := copies || jsonb_build_array(copy);
        IF copy IS NOT NULL THEN taken := taken || (copy ->> 'id')::uuid; END IF;
    END LOOP;
    RETURN jsonb_build_object('parties', lending_look(asked -> 'parties'), 'copies', copies, 'memo',
        CASE WHEN copies = '[]' THEN '{}' ELSE jsonb_build_object('answers',
            commons.all_effective(this_tenant, 'supply.answers') -> 'supply.answers') END
        || CASE WHEN (asked -> 'shelving')::boolean
                THEN jsonb_build_object('shelf', lending_shelf()) ELSE '{}' END);
END $$;

-- The watermark and the effect of messages, at once.
CREATE OR REPLACE FUNCTION write_heard(this_tenant integer, senders integer[], numbers text[],
    work jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inbox_heard(this_tenant, senders, numbers);
    PERFORM lending_write(work);
END $$;
