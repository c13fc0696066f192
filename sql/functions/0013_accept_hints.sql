-- What a provider's notification leads to: each event once, however often it arrives. A hint only makes its source due,
-- or says that its owner has to act; what is new is then read from the provider itself.
--
-- p_hints: [{eventId, connection, kind: sync|reauth|revoked}]. Returns how many events were new, and how many sources
-- they changed.
DROP FUNCTION IF EXISTS accept_hints;
CREATE FUNCTION accept_hints(p_connector text, p_hints jsonb, p_now timestamptz)
RETURNS TABLE (events bigint, sources bigint)
LANGUAGE sql AS $$
  WITH hint AS (
    SELECT DISTINCT ON (h."eventId", h.connection) h."eventId" AS event_id, h.connection, h.kind
    FROM jsonb_to_recordset(p_hints) AS h ("eventId" text, connection text, kind text)
  ), fresh AS (
    INSERT INTO webhook_event (source_type_id, event_id, received_at)
    SELECT DISTINCT p_connector, event_id, p_now FROM hint
    ON CONFLICT DO NOTHING
    RETURNING event_id
  ), wanted AS (
    SELECT h.connection, bool_or(h.kind = 'revoked') AS revoked, bool_or(h.kind = 'reauth') AS reauth
    FROM hint h JOIN fresh f USING (event_id)
    GROUP BY h.connection
  ), changed AS (
    UPDATE user_source s
    SET status = CASE WHEN w.revoked THEN 'revoked' WHEN w.reauth THEN 'reauth' ELSE s.status END,
      status_message = CASE
        WHEN w.revoked THEN 'the provider says that access was revoked'
        WHEN w.reauth THEN 'the provider says that its owner has to sign in again'
        ELSE s.status_message
      END,
      next_sync_at = CASE WHEN s.running_lane < 2 THEN p_now ELSE least(s.next_sync_at, p_now) END,
      lane = 0
    FROM wanted w
    WHERE s.source_type_id = p_connector AND s.external_id = w.connection AND s.status = 'active'
      AND s.next_sync_at IS NOT NULL
    RETURNING s.id
  )
  SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM changed)
$$;
