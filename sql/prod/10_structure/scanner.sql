-- fn_governance_scan: compares what is with what was last seen and writes down the
-- difference. Fail-closed: it touches only its own three tables, never event_outbox.
--
-- Included by 10_structure.sql and by clone_revalidation/revalidate.sql, inside
-- their transactions.

CREATE OR REPLACE FUNCTION fn_governance_scan(p_run_label text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $scan$
DECLARE
    this_run  bigint;
BEGIN
    IF coalesce(btrim(p_run_label), '') = '' THEN
        RAISE EXCEPTION 'fn_governance_scan: a run needs a label'
            USING HINT = 'name the occasion: SELECT fn_governance_scan(''nightly'')';
    END IF;

    -- Two scans at once would both open the same finding, under the same number.
    LOCK TABLE governance_scan_run IN SHARE ROW EXCLUSIVE MODE;

    -- A run is worth a row if it finds a difference, or is the first of its label.
    -- Otherwise scanning again writes nothing at all.
    INSERT INTO governance_scan_run (run_no, run_label, opened, changed, resolved)
    SELECT (SELECT coalesce(max(run_no), 0) + 1 FROM governance_scan_run),
           p_run_label,
           count(*) FILTER (WHERE change = 'opened'),
           count(*) FILTER (WHERE change = 'changed'),
           count(*) FILTER (WHERE change = 'resolved')
    FROM v_drift_pending
    HAVING count(*) > 0
        OR NOT EXISTS (SELECT FROM governance_scan_run WHERE run_label = p_run_label)
    RETURNING run_no INTO this_run;

    IF this_run IS NOT NULL THEN
        -- The log first: once the state is written nothing is pending any more.
        INSERT INTO governance_event_log (run_no, event_type, drift_kind, subject_code)
        SELECT this_run, 'governance.drift.' || change, drift_kind, subject_code
        FROM v_drift_pending
        ORDER BY drift_kind, subject_code;

        UPDATE governance_drift_state AS s
        SET status = 'resolved', changed_in_run = this_run
        FROM v_drift_pending AS p
        WHERE p.change = 'resolved' AND s.drift_kind = p.drift_kind AND s.subject_code = p.subject_code;

        INSERT INTO governance_drift_state AS s
               (drift_kind, subject_code, axis_code, severity, detail, opened_in_run, changed_in_run)
        SELECT drift_kind, subject_code, axis_code, severity, detail, this_run, this_run
        FROM v_drift_pending
        WHERE change IN ('opened', 'changed')
        ORDER BY drift_kind, subject_code
        ON CONFLICT (drift_kind, subject_code) DO UPDATE
        SET severity = excluded.severity,
            detail = excluded.detail,
            status = 'open',
            opened_in_run = CASE WHEN s.status = 'resolved' THEN excluded.opened_in_run ELSE s.opened_in_run END,
            changed_in_run = excluded.changed_in_run;
    END IF;

    RETURN (SELECT count(*) FROM v_drift_open);
END
$scan$;
COMMENT ON FUNCTION fn_governance_scan(text) IS 'Writes pending drift to governance_drift_state; returns the number of open findings.';
