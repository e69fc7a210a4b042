-- What everybody may see of one branch's copies: those that readers can hope to borrow,
-- in the order in which they came; of one title, record or copy, where that is asked. No barcode and
-- no guest; what the branch hides has no holding.
DROP FUNCTION IF EXISTS commons.copies_shown;
CREATE FUNCTION commons.copies_shown(branch integer, title uuid, of_record uuid,
                                                one_copy uuid, behind uuid, most integer)
RETURNS TABLE (item uuid, record uuid, call_number text, location text, copy text,
               available boolean, kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT i.id, i.record_id, i.call_number, i.location, i.copy, i.status = 'on_shelf', i.kind
    FROM commons.holding h
    JOIN commons.tenant t ON t.id = h.tenant_id AND t.state = 'active'
    JOIN public.item i ON i.tenant_id = h.tenant_id AND i.record_id = h.record_id
    WHERE h.tenant_id = branch AND (title IS NULL OR h.edition_id = title)
      AND (of_record IS NULL OR h.record_id = of_record)
      AND i.guest_of IS NULL AND i.kind <> 'reference'
      AND i.status IN ('on_shelf', 'lent', 'processing', 'held', 'out')
      AND (one_copy IS NULL OR i.id = one_copy)
      AND (behind IS NULL OR i.id > behind)
    ORDER BY i.id LIMIT most
$$;
REVOKE ALL ON FUNCTION commons.copies_shown FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commons.copies_shown TO pinakes_app;
