-- Writes an event down in the caller's transaction and tenant, and lines its commitment up for the
-- log: two rows of the tenant's own, no row that others wait for. The same bytes as leaves.py.
-- facts name no reader: whoever may check the branch's events would learn of them.

CREATE OR REPLACE FUNCTION ledger_record(kind text, about uuid, facts jsonb) RETURNS uuid
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    tenant integer := pinakes_tenant();
    moment timestamptz := clock_timestamp();
    event_id uuid := pinakes_id();
    salt bytea := substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
                         1, 16);
    event text;
BEGIN
    SELECT jsonb_build_object(
        'id', event_id, 'kind', kind, 'about', about, 'branch', t.code, 'facts', facts,
        'at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
    INTO event FROM commons.tenant t WHERE t.id = tenant;
    INSERT INTO ledger_event (tenant_id, id, about, event, salt)
    VALUES (tenant, event_id, about, event, salt);
    INSERT INTO ledger_waiting (tenant_id, id, created_at, commitment)
    VALUES (tenant, event_id, moment,
        sha256(convert_to(E'pinakes event 1\n', 'UTF8') || salt || convert_to(event, 'UTF8')));
    RETURN event_id;
END $$;

-- What an event tells of the line in the audit log that says who did it, and when: nothing to
-- whoever has not that line, for its id, which nobody is told, is the salt.
CREATE OR REPLACE FUNCTION audit_digest(line audit) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(E'pinakes audit 1\n' || jsonb_build_array(
        line.id, line.actor, line.role, line.operation, line.subject, line.result, line.request,
        extract(epoch FROM line.created_at))::text, 'UTF8')), 'hex')
$$;
