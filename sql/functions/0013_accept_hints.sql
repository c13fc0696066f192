-- What a provider's notification leads to: each event once, however often it arrives. A hint only makes its source due,
-- or says that its owner has to act; what is new is then read from the provider itself.
--
-- sync: due at once, as planned syncs are: a burst of notifications does not wait ahead of a person's refresh.
-- reauth, revoked: its owner has to act. repaired: its owner did, here or elsewhere, and the source goes on at once.
-- warning: a message to its owner alone; syncs go on as planned.
--
-- p_hints: [{eventId, connection, kind, message}]. Returns how many events were new, and how many sources they changed.
-- Of several kinds for one connection the gravest sets its state.
DROP FUNCTION IF EXISTS accept_hints;
CREATE FUNCTION accept_hints(p_connector text, p_hints jsonb, p_now timestamptz)
RETURNS TABLE (events bigint, sources bigint)
LANGUAGE sql AS $$
  WITH hint AS (
    SELECT DISTINCT ON (h."eventId", h.connection) h."eventId" AS event_id, h.connection, h.kind, h.message
    FROM jsonb_to_recordset(p_hints) AS h ("eventId" text, connection text, kind text, message text)
  ), fresh AS (
    INSERT INTO webhook_event (source_type_id, event_id, received_at)
    SELECT DISTINCT p_connector, event_id, p_now FROM hint
    ON CONFLICT DO NOTHING
    RETURNING event_id
  ), wanted AS (
    SELECT DISTINCT ON (h.connection) h.connection, h.kind, h.message,
      bool_or(h.kind IN ('sync', 'repaired')) OVER (PARTITION BY h.connection) AS due
    FROM hint h JOIN fresh f USING (event_id)
    ORDER BY h.connection, array_position(ARRAY['revoked', 'reauth', 'repaired', 'warning', 'sync'], h.kind)
  ), changed AS (
    UPDATE user_source s
    SET status = CASE WHEN w.kind IN ('revoked', 'reauth') THEN w.kind WHEN w.kind = 'repaired' THEN 'active'
        ELSE s.status END,
      status_message = CASE w.kind
        WHEN 'revoked' THEN coalesce(w.message, 'the provider says that access was revoked')
        WHEN 'reauth' THEN coalesce(w.message, 'the provider says that its owner has to sign in again')
        WHEN 'warning' THEN coalesce(w.message, 'the provider says that its owner has to sign in again soon')
        WHEN 'repaired' THEN NULL
        ELSE s.status_message
      END,
      next_sync_at = CASE
        WHEN NOT w.due THEN s.next_sync_at
        WHEN s.running_lane < 2 OR s.status = 'reauth' THEN p_now
        ELSE least(s.next_sync_at, p_now)
      END,
      -- A sync that runs may have met the login as it was.
      lease_token = CASE WHEN w.kind = 'repaired' THEN NULL ELSE s.lease_token END,
      lease_until = CASE WHEN w.kind = 'repaired' THEN NULL ELSE s.lease_until END,
      running_lane = CASE WHEN w.kind = 'repaired' THEN NULL ELSE s.running_lane END,
      lane = CASE WHEN w.due THEN least(s.lane, 1) ELSE s.lane END,
      -- What failed did so for want of the login.
      attempts = CASE s.status WHEN 'reauth' THEN 0 ELSE s.attempts END,
      backfill_attempts = CASE s.status WHEN 'reauth' THEN 0 ELSE s.backfill_attempts END,
      backfill_at = CASE
        WHEN s.status = 'reauth' AND (
          s.backfill_from IS NOT NULL
          OR EXISTS (SELECT 1 FROM dead_letter d WHERE d.source_id = s.id AND d.status = 'queued')
        ) THEN p_now
        ELSE s.backfill_at
      END
    FROM wanted w
    WHERE s.source_type_id = p_connector AND s.external_id = w.connection
      AND (s.status = 'active' AND s.next_sync_at IS NOT NULL OR s.status = 'reauth' AND w.kind = 'repaired')
    RETURNING s.id
  )
  SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM changed)
$$;
