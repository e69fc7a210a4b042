-- Who may be asked to supply: the terms of every branch, kept ready so that choosing reads one
-- narrow row of each. Settings and the tree say what they are; triggers bring them up to date.

-- The terms of these branches (of all, when none is named) as they are today.
CREATE OR REPLACE FUNCTION commons.reckon_suppliers(tenants integer[]) RETURNS void
LANGUAGE sql AS $$
    WITH told AS MATERIALIZED (
        SELECT t.*, (now() AT TIME ZONE t.zone)::date AS today, said.terms
        FROM commons.tenant t CROSS JOIN LATERAL commons.all_effective(t.id,
            'supply.pause', 'supply.daily_cap', 'supply.courier_days', 'supply.cost',
            'supply.groups', 'supply.last_resort', 'hold.local_days',
            'hold.new_days', 'calendar.closed_weekdays',
            'calendar.closed_days', 'lending.policy') AS said (terms)
        WHERE tenants IS NULL OR t.id = ANY (tenants)
    ), policies AS (
        INSERT INTO commons.supplier_policy AS p (tenant_id, versions)
        SELECT id, terms ->> 'lending.policy' FROM told
        ON CONFLICT (tenant_id) DO UPDATE SET versions = excluded.versions
        WHERE p.versions <> excluded.versions
    )
    INSERT INTO commons.supplier AS s
        (tenant_id, consortium_id, active, province, city, latitude, longitude, pause_from,
         pause_until, daily_cap, courier_days, cost, groups, mask, last_resort,
         local_days, new_days, opens, reckoned)
    SELECT id, consortium_id, state = 'active', path[2], path[3], latitude, longitude,
           (terms -> 'supply.pause' ->> 'from')::date, (terms -> 'supply.pause' ->> 'until')::date,
           (terms ->> 'supply.daily_cap')::integer, (terms ->> 'supply.courier_days')::integer,
           (terms ->> 'supply.cost')::integer, named.groups, named.mask,
           (terms ->> 'supply.last_resort')::boolean, (terms ->> 'hold.local_days')::integer,
           (terms ->> 'hold.new_days')::integer, opening.opens, today
    FROM told
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(word), '{}') AS groups,
               coalesce(bit_or(1::bigint << (hashtext(word) & 31)), 0) AS mask
        FROM jsonb_array_elements_text(terms -> 'supply.groups') AS word) AS named
    CROSS JOIN LATERAL (
        SELECT min(today + ahead) AS opens FROM generate_series(0, 30) AS ahead
        WHERE NOT terms -> 'calendar.closed_weekdays'
                  @> to_jsonb(extract(isodow FROM today + ahead)::integer)
          AND NOT terms -> 'calendar.closed_days' @> to_jsonb((today + ahead)::text)) AS opening
    ON CONFLICT (tenant_id) DO UPDATE SET
        consortium_id = excluded.consortium_id, active = excluded.active,
        province = excluded.province, city = excluded.city, latitude = excluded.latitude,
        longitude = excluded.longitude, pause_from = excluded.pause_from,
        pause_until = excluded.pause_until, daily_cap = excluded.daily_cap,
        courier_days = excluded.courier_days, cost = excluded.cost, groups = excluded.groups,
        mask = excluded.mask, last_resort = excluded.last_resort,
        local_days = excluded.local_days, new_days = excluded.new_days, opens = excluded.opens,
        reckoned = excluded.reckoned
$$;

CREATE OR REPLACE FUNCTION commons.setting_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE decided commons.setting := coalesce(NEW, OLD);
BEGIN
    IF decided.key ~ '^(supply|calendar)\.'
       OR decided.key IN ('lending.policy', 'hold.local_days', 'hold.new_days') THEN
        PERFORM commons.reckon_suppliers(ARRAY(
            SELECT id FROM commons.tenant WHERE path @> ARRAY[decided.tenant_id]));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER decided AFTER INSERT OR UPDATE OR DELETE ON commons.setting
    FOR EACH ROW EXECUTE FUNCTION commons.setting_decided();

CREATE OR REPLACE FUNCTION commons.branch_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commons.reckon_suppliers(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER placed
    AFTER INSERT OR UPDATE OF path, state, zone, latitude, longitude ON commons.tenant
    FOR EACH ROW EXECUTE FUNCTION commons.branch_placed();

SELECT commons.reckon_suppliers(NULL);

-- Whether a copy of this kind will do for a wish; what its home allows says so, see kinds.py.
CREATE OR REPLACE FUNCTION commons.fits(wish jsonb, kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((wish ->> kind)::boolean, (wish ->> '*')::boolean, true)
$$;

-- How many of the copies on a shelf will do for a wish that not every kind does for.
CREATE OR REPLACE FUNCTION commons.fitting(wish jsonb, kinds jsonb) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(sum(copies::integer), 0)::integer
    FROM jsonb_each_text(kinds) AS on_shelf (kind, copies) WHERE commons.fits(wish, kind)
$$;

-- Whether a branch takes requests on a day: not paused, open again some time, below its cap.
CREATE OR REPLACE FUNCTION commons.may_be_asked(s commons.supplier, today date) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT NOT coalesce(today BETWEEN s.pause_from AND coalesce(s.pause_until, 'infinity'), false)
       AND s.opens IS NOT NULL
       AND coalesce(CASE s.asked_on WHEN today THEN s.asked ELSE 0 END < s.daily_cap, true)
$$;

-- Copies of a title that are on the shelf and yet taken: asked for, or kept for somebody else.
CREATE OR REPLACE FUNCTION commons.promised(wanted uuid, request uuid)
RETURNS TABLE (tenant_id integer, copies bigint) LANGUAGE sql STABLE AS $$
    SELECT tenant_id, count(*) FROM (
        SELECT s.supplier AS tenant_id FROM commons.supply s
        WHERE s.edition_id = wanted AND s.pending AND s.request_id <> request
        UNION ALL
        SELECT w.offered_by FROM commons.wanted w
        WHERE w.edition_id = wanted AND w.offered_by IS NOT NULL AND w.request_id <> request
          AND NOT EXISTS (SELECT FROM commons.supply s
                          WHERE s.request_id = w.request_id AND s.pending)) AS taken
    GROUP BY 1
$$;

-- How many wait for a title before this request does, or would.
CREATE OR REPLACE FUNCTION commons.ahead_of(request uuid, wanted uuid) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM commons.wanted w
    LEFT JOIN commons.wanted me ON me.request_id = request
    WHERE w.edition_id = wanted AND w.request_id <> request AND w.offered_by IS NULL
      AND (w.suspended_until IS NULL OR w.suspended_until <= now())
      AND (me.request_id IS NULL OR (w.rank, w.placed_at, w.request_id)
                                    < (me.rank, me.placed_at, me.request_id))
$$;

-- Three times a branch is asked for one wish, and no more: what it lets lie comes back each time.
CREATE OR REPLACE FUNCTION commons.asked_enough(request uuid, branch integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT count(*) >= 3 FROM commons.supply s
    WHERE s.request_id = request AND s.supplier = branch
$$;

-- Whether anybody who waits, and lets no others go first, would take this item of a branch, which
-- has come back: what the branch refused before it may be asked for again (see waited_for).
DROP FUNCTION IF EXISTS commons.is_wanted;
CREATE FUNCTION commons.is_wanted(of_branch integer, record uuid, item uuid, kind text)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM commons.holding h JOIN commons.wanted w USING (edition_id)
        LEFT JOIN commons.tenant home ON home.id = w.home
        WHERE h.tenant_id = of_branch AND h.record_id = record AND w.offered_by IS NULL
          AND (w.suspended_until IS NULL OR w.suspended_until <= now())
          AND coalesce(w.owner, of_branch) = of_branch
          AND coalesce(w.record_id, record) = record AND coalesce(w.item_id, item) = item
          AND commons.fits(w.fits, kind)
          AND coalesce(w.needed_by >= (now() AT TIME ZONE home.zone)::date, true)
          AND NOT (of_branch = ANY (w.refused) AND commons.asked_enough(w.request_id, of_branch)))
$$;

-- Something came back to a branch: the titles of these records that others wait for, who may
-- be offered by this branch again whatever it refused before, unless it was asked enough.
-- What follows in the transaction need not be on disk when it ends: an offer that a crash takes
-- away is made anew (see chores.py).
CREATE OR REPLACE FUNCTION commons.waited_for(by_branch integer, records uuid[])
RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE edition uuid;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR edition IN
        SELECT DISTINCT h.edition_id FROM commons.holding h
        WHERE h.tenant_id = by_branch AND h.record_id = ANY (records) AND h.lendable > 0
          AND EXISTS (SELECT FROM commons.wanted w
                      WHERE w.edition_id = h.edition_id AND w.offered_by IS NULL)
    LOOP
        UPDATE commons.wanted w SET refused = array_remove(refused, by_branch)
        WHERE edition_id = edition AND by_branch = ANY (refused)
          AND NOT commons.asked_enough(w.request_id, by_branch);
        RETURN NEXT edition;
    END LOOP;
END $$;

-- Those who wait for a title, in turn, and how many copies (of one branch) are free for them;
-- nobody, when none is; nobody for whom no copy on a shelf will do. Whoever looks keeps others
-- from looking until the transaction ends.
DROP FUNCTION IF EXISTS commons.waiting;
CREATE FUNCTION commons.waiting(wanted uuid, at integer)
RETURNS TABLE (free bigint, request uuid, owner integer, record uuid, item uuid, home integer,
               pickup integer, fits jsonb, needed_by date, placed_at float, refused integer[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE copies bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('commons.wanted'), hashtext(wanted::text));
    SELECT sum(greatest(h.copies - coalesce(p.copies, 0), 0))::bigint INTO copies
    FROM (SELECT tenant_id, sum(lendable) AS copies FROM commons.holding
          WHERE edition_id = wanted AND lendable > 0 AND (at IS NULL OR tenant_id = at)
          GROUP BY 1) AS h
    LEFT JOIN commons.promised(wanted, '00000000-0000-0000-0000-000000000000') p
        ON p.tenant_id = h.tenant_id;
    IF copies > 0 THEN
        RETURN QUERY
        SELECT copies, w.request_id, w.owner, w.record_id, w.item_id, w.home, w.pickup, w.fits,
               w.needed_by, extract(epoch FROM w.placed_at)::float, w.refused
        FROM commons.wanted w
        WHERE w.edition_id = wanted AND w.offered_by IS NULL
          AND (w.suspended_until IS NULL OR w.suspended_until <= now())
          AND (w.fits = '{}' OR EXISTS (
              SELECT FROM unnest((
                  SELECT array_agg(DISTINCT k.kind)
                  FROM commons.holding h, jsonb_each(h.kinds) AS k (kind, copies)
                  WHERE h.edition_id = wanted AND h.lendable > 0 AND k.copies <> '0'
                    AND (at IS NULL OR h.tenant_id = at))) AS on_shelf (kind)
              WHERE commons.fits(w.fits, on_shelf.kind)))
        ORDER BY w.rank, w.placed_at, w.request_id
        LIMIT 100;
    END IF;
END $$;

-- Who could supply a title to a reader of *asker* who picks it up at *pickup*: fifty at most,
-- those that may be asked before those that may not, the nearest and idlest first.
-- The first row is the asker's own: its groups and policy, the pickup's place, in "opens" the day
-- it is at the asker's, and in "open" how many wait before this request.
-- *wanted_of*: only what that branch holds, or only that record of it, is looked at.
-- *allowed*: which kinds of copies will do; none: all.
-- Of a title that hundreds hold not every holder is looked at: the own province and groups, then
-- outwards on the map until there are enough.
DROP FUNCTION IF EXISTS commons.shortlist;
CREATE FUNCTION commons.shortlist(request uuid, asker integer, pickup integer, wanted uuid,
                                  refused integer[], wanted_of integer, wanted_record uuid,
                                  allowed jsonb)
RETURNS TABLE (supplier integer, record uuid, available bigint, near integer,
               latitude float, longitude float, open integer, asked integer, daily_cap integer,
               balance integer, courier_days integer, cost integer, opens date, paused boolean,
               last_resort boolean, groups text[], local_days integer, new_days integer,
               fresh integer, policy text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    most CONSTANT integer := 50;
    many CONSTANT integer := 300; -- holders that are all looked at
    in_city integer; in_province integer; north float; east float; narrow float;
    mine commons.supplier; terms text; today date;
    ring integer[]; tenants integer[]; records uuid[]; copies integer[];
BEGIN
    SELECT s.city, s.province, s.latitude, s.longitude, cos(radians(s.latitude))
    INTO in_city, in_province, north, east, narrow
    FROM commons.supplier s WHERE s.tenant_id = pickup;
    SELECT s.* INTO mine FROM commons.supplier s WHERE s.tenant_id = asker;
    SELECT p.versions, (now() AT TIME ZONE t.zone)::date INTO terms, today
    FROM commons.supplier_policy p JOIN commons.tenant t ON t.id = p.tenant_id
    WHERE p.tenant_id = asker;
    supplier := asker; latitude := north; longitude := east; opens := today;
    groups := mine.groups; policy := terms; open := commons.ahead_of(request, wanted);
    RETURN NEXT;
    IF wanted_record IS NOT NULL THEN
        SELECT ARRAY[h.tenant_id], ARRAY[h.record_id], ARRAY[h.lendable]
        INTO tenants, records, copies FROM commons.holding h
        WHERE h.tenant_id = wanted_of AND h.record_id = wanted_record;
    ELSIF wanted_of IS NOT NULL THEN
        SELECT array_agg(h.tenant_id), array_agg(h.record_id), array_agg(h.lendable)
        INTO tenants, records, copies FROM commons.holding h
        WHERE h.edition_id = wanted AND h.tenant_id = wanted_of AND h.lendable > 0;
    ELSE
        SELECT array_agg(h.tenant_id), array_agg(h.record_id), array_agg(h.lendable)
        INTO tenants, records, copies
        FROM (SELECT * FROM commons.holding h WHERE h.edition_id = wanted AND h.lendable > 0
              LIMIT many + 1) AS h;
    END IF;
    IF cardinality(tenants) > many THEN
        IF mine.mask = 0 THEN
            ring := ARRAY(SELECT s.tenant_id FROM commons.supplier s
                          WHERE s.province = in_province AND s.active);
        ELSE
            ring := ARRAY(SELECT s.tenant_id FROM commons.supplier s
                          WHERE s.active AND (s.province = in_province OR s.mask & mine.mask <> 0));
        END IF;
        SELECT array_agg(h.tenant_id), array_agg(h.record_id), array_agg(h.lendable)
        INTO tenants, records, copies
        FROM unnest(ring) AS s (tenant_id)
        JOIN commons.holding h ON h.edition_id = wanted AND h.tenant_id = s.tenant_id
        WHERE h.lendable > 0 AND h.tenant_id <> ALL (refused)
          AND (allowed IS NULL OR commons.fitting(allowed, h.kinds) > 0);
        IF coalesce(cardinality(tenants), 0) < most THEN
            SELECT tenants || array_agg(h.tenant_id), records || array_agg(h.record_id),
                   copies || array_agg(h.lendable)
            INTO tenants, records, copies
            FROM (SELECT h.tenant_id, h.record_id, h.lendable
                  FROM commons.supplier s
                  CROSS JOIN LATERAL (SELECT * FROM commons.holding h -- one by one, in this order
                                      WHERE h.edition_id = wanted AND h.tenant_id = s.tenant_id
                                        AND h.lendable > 0
                                        AND (allowed IS NULL OR commons.fitting(allowed, h.kinds) > 0)
                                      LIMIT 1) AS h
                  WHERE s.active AND s.consortium_id = mine.consortium_id AND NOT s.last_resort
                    AND s.tenant_id <> ALL (ring) AND s.tenant_id <> ALL (refused)
                    AND commons.may_be_asked(s, today)
                  ORDER BY point(s.longitude, s.latitude) <-> point(east, north)
                  LIMIT most) AS h;
        END IF;
    END IF;
    IF allowed IS NOT NULL THEN
        SELECT array_agg(h.tenant_id), array_agg(h.record_id),
               array_agg(commons.fitting(allowed, h.kinds))
        INTO tenants, records, copies
        FROM unnest(tenants, records) AS known (tenant_id, record_id)
        JOIN commons.holding h USING (tenant_id, record_id);
    END IF;
    RETURN QUERY
    SELECT h.tenant_id, h.record_id, h.copies - coalesce(promised.copies, 0) AS available,
           tree.away,
           s.latitude, s.longitude, s.open, CASE s.asked_on WHEN today THEN s.asked ELSE 0 END,
           s.daily_cap, s.balance, s.courier_days, s.cost, s.opens,
           today BETWEEN s.pause_from AND coalesce(s.pause_until, 'infinity'), s.last_resort,
           s.groups, s.local_days, s.new_days,
           CASE WHEN s.new_days > 0
                THEN (SELECT n.copies FROM commons.new_copies n
                      WHERE n.tenant_id = s.tenant_id AND n.record_id = h.record_id) END,
           NULL
    FROM unnest(tenants, records, copies) AS h (tenant_id, record_id, copies)
    JOIN commons.supplier s ON s.tenant_id = h.tenant_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.tenant_id IN (pickup, asker) THEN 0 WHEN s.city = in_city THEN 1
                    WHEN s.province = in_province THEN 2 ELSE 3 END AS away) AS tree
    LEFT JOIN commons.promised(wanted, request) AS promised ON promised.tenant_id = h.tenant_id
    WHERE s.active AND s.consortium_id = mine.consortium_id
    ORDER BY s.tenant_id = ANY (refused) OR s.tenant_id <> asker
                 AND NOT commons.may_be_asked(s, today), s.last_resort,
             CASE WHEN s.mask & mine.mask <> 0 THEN least(tree.away, 2) ELSE tree.away END, s.open,
             (s.latitude - north) ^ 2 + ((s.longitude - east) * narrow) ^ 2
    LIMIT most;
END $$;

-- What a supplier says of a request: asked, set aside (its shelves say so), shipped, ended.
-- Told twice, it counts once.
CREATE OR REPLACE FUNCTION commons.note_supply(of_request uuid, of_attempt integer,
    by_supplier integer, for_home integer, of_edition uuid, step text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE before commons.supply;
BEGIN
    INSERT INTO commons.supply (request_id, attempt, supplier, home, edition_id, pending)
    VALUES (of_request, of_attempt, by_supplier, for_home, of_edition, true)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        UPDATE commons.supplier s
        SET open = open + 1, asked = CASE asked_on WHEN today THEN asked ELSE 0 END + 1,
            asked_on = today
        FROM commons.tenant t, LATERAL (SELECT (now() AT TIME ZONE t.zone)::date AS today) AS day
        WHERE s.tenant_id = by_supplier AND t.id = by_supplier;
    END IF;
    SELECT * INTO before FROM commons.supply
    WHERE request_id = of_request AND attempt = of_attempt FOR UPDATE;
    UPDATE commons.supply
    SET pending = pending AND step = 'asked',
        shipped_at = CASE step WHEN 'shipped' THEN coalesce(shipped_at, now()) ELSE shipped_at END,
        ended_at = CASE step WHEN 'ended' THEN coalesce(ended_at, now()) ELSE ended_at END
    WHERE request_id = of_request AND attempt = of_attempt;
    IF step = 'shipped' AND before.shipped_at IS NULL AND by_supplier <> for_home THEN
        UPDATE commons.supplier
        SET balance = balance + CASE tenant_id WHEN by_supplier THEN 1 ELSE -1 END
        WHERE tenant_id IN (by_supplier, for_home);
    END IF;
    IF step = 'ended' AND before.ended_at IS NULL THEN
        UPDATE commons.supplier SET open = open - 1 WHERE tenant_id = by_supplier;
    END IF;
END $$;

-- The same of many at once. Whose figures may change is locked in one order: no two wait in a ring.
CREATE OR REPLACE FUNCTION commons.note_supplies(by_supplier integer, told jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM commons.supplier s
    WHERE s.tenant_id = by_supplier
       OR s.tenant_id IN (SELECT (one ->> 'home')::integer FROM jsonb_array_elements(told) AS one)
    ORDER BY s.tenant_id FOR NO KEY UPDATE;
    PERFORM commons.note_supply((one ->> 'about')::uuid, (one ->> 'attempt')::integer,
        by_supplier, (one ->> 'home')::integer, (one ->> 'edition')::uuid, one ->> 'step')
    FROM jsonb_array_elements(told) AS one;
END $$;
