-- Whether a reader can hope to borrow it: no guest, nothing to be read on the spot, nothing lost.
CREATE OR REPLACE FUNCTION commons.to_borrow(guest_of integer, kind text, status text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT guest_of IS NULL AND kind <> 'reference'
       AND status IN ('on_shelf', 'lent', 'processing', 'held', 'out')
$$;

-- What everybody may see of one branch's copies of a title, in the order in which they came. No
-- barcode; what the branch hides has no holding.
DROP FUNCTION IF EXISTS commons.copies_shown;
CREATE FUNCTION commons.copies_shown(branch integer, title uuid, behind uuid, most integer)
RETURNS TABLE (item uuid, record uuid, call_number text, location text, copy text,
               available boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT i.id, i.record_id, i.call_number, i.location, i.copy, i.status = 'on_shelf'
    FROM commons.holding h
    JOIN commons.tenant t ON t.id = h.tenant_id AND t.state = 'active'
    JOIN public.item i ON i.tenant_id = h.tenant_id AND i.record_id = h.record_id
    WHERE h.tenant_id = branch AND h.edition_id = title
      AND commons.to_borrow(i.guest_of, i.kind, i.status)
      AND (behind IS NULL OR i.id > behind)
    ORDER BY i.id LIMIT most
$$;
REVOKE ALL ON FUNCTION commons.copies_shown FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.copies_shown TO pinakes_app;

-- The same of one copy, with its kind and the title that it is shown in.
DROP FUNCTION IF EXISTS commons.copy_shown;
CREATE FUNCTION commons.copy_shown(branch integer, of_record uuid, wanted uuid)
RETURNS TABLE (item uuid, record uuid, call_number text, location text, copy text,
               available boolean, kind text, edition uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT i.id, i.record_id, i.call_number, i.location, i.copy, i.status = 'on_shelf',
           i.kind, h.edition_id
    FROM public.item i
    JOIN commons.tenant t ON t.id = i.tenant_id AND t.state = 'active'
    JOIN commons.holding h ON h.tenant_id = i.tenant_id AND h.record_id = i.record_id
    WHERE i.tenant_id = branch AND i.id = wanted AND i.record_id = of_record
      AND commons.to_borrow(i.guest_of, i.kind, i.status)
$$;
REVOKE ALL ON FUNCTION commons.copy_shown FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.copy_shown TO pinakes_app;
