-- Hands due sources to a worker: at most p_limits of each connector for the head and p_backfill_limits for backfill,
-- p_caps of both, and p_total in all. The connectors take turns; of one, what somebody waits for comes first, then what is due the longest.
-- A claim is a lease: until it ends or is given back, nobody else gets the source, and only who shows its token may
-- write for it (hold_lease). A source whose worker died is due again when its lease ends. Any number of workers claim
-- at once: a row that another one takes in this moment is passed over.
DROP FUNCTION IF EXISTS claim_sources;
CREATE FUNCTION claim_sources(
  p_connectors text[], p_limits int[], p_backfill_limits int[], p_caps int[], p_total int, p_now timestamptz, p_lease interval
)
RETURNS TABLE (
  id bigint,
  connector text,
  user_id bigint,
  lane smallint,
  lease_token uuid,
  due_at timestamptz
)
LANGUAGE sql AS $$
  WITH head AS (
    SELECT w.connector, w.most, s.*
    FROM unnest(p_connectors, p_limits) AS w (connector, most)
    CROSS JOIN (VALUES (0::smallint), (1::smallint)) AS v (wanted_lane)
    CROSS JOIN LATERAL (
      SELECT u.id, u.lane, u.next_sync_at AS due_at FROM user_source u
      WHERE u.source_type_id = w.connector AND u.status = 'active' AND u.lane = v.wanted_lane
        AND u.next_sync_at <= p_now AND (u.lease_until IS NULL OR u.lease_until <= p_now)
      ORDER BY u.next_sync_at LIMIT 6 * w.most
    ) AS s
  ), backfill AS (
    SELECT w.connector, w.most, s.*
    FROM unnest(p_connectors, p_backfill_limits) AS w (connector, most)
    CROSS JOIN LATERAL (
      SELECT u.id, 2::smallint AS lane, u.backfill_at AS due_at FROM user_source u
      WHERE u.source_type_id = w.connector AND u.status = 'active' AND u.backfill_at <= p_now
        AND (u.next_sync_at IS NULL OR u.next_sync_at > p_now)
        AND (u.lease_until IS NULL OR u.lease_until <= p_now)
      ORDER BY u.backfill_at LIMIT 6 * w.most
    ) AS s
  ), candidate AS (
    SELECT a.*, row_number() OVER (PARTITION BY a.connector, a.lane = 2 ORDER BY a.lane, a.due_at) AS rank
    FROM (SELECT * FROM head UNION ALL SELECT * FROM backfill) AS a
  ), locked AS MATERIALIZED (
    -- Twice as many as may be taken, of six times as many: others claim in this moment, too, and may have the first
    -- ones. Each by its key, one after the other: a plan that joins would read the table.
    SELECT u.id, c.connector, c.most, c.lane, c.due_at
    FROM (SELECT * FROM candidate ORDER BY rank, lane, due_at LIMIT 6 * p_total) AS c
    CROSS JOIN LATERAL (
      SELECT s.id FROM user_source s
      WHERE s.id = c.id AND s.status = 'active' AND (s.lease_until IS NULL OR s.lease_until <= p_now)
        AND CASE c.lane WHEN 2 THEN s.backfill_at ELSE s.next_sync_at END <= p_now
      FOR UPDATE SKIP LOCKED
    ) AS u
    LIMIT 2 * p_total
  ), ranked AS (
    SELECT l.*, row_number() OVER (PARTITION BY l.connector, l.lane = 2 ORDER BY l.lane, l.due_at) AS rank
    FROM locked l
  ), picked AS (
    SELECT r.id, r.lane, r.due_at
    FROM (
      SELECT k.*, row_number() OVER (PARTITION BY k.connector ORDER BY k.rank, k.lane, k.due_at) AS place
      FROM ranked k WHERE k.rank <= k.most
    ) AS r
    JOIN unnest(p_connectors, p_caps) AS w (connector, cap) ON w.connector = r.connector
    WHERE r.place <= w.cap
    ORDER BY r.rank, r.lane, r.due_at LIMIT p_total
  )
  UPDATE user_source u
  SET lease_token = gen_random_uuid(), lease_until = p_now + p_lease, running_lane = p.lane
  FROM picked p
  WHERE u.id = ANY (ARRAY(SELECT k.id FROM picked k)) AND u.id = p.id
  RETURNING u.id, u.source_type_id, u.user_id, p.lane, u.lease_token, p.due_at
$$;

-- Raises where the lease was lost, and renews it otherwise. Every write of a sync begins here: the row stays locked to
-- the end of the statement, so that the lease cannot pass to another worker in the middle of it.
CREATE OR REPLACE FUNCTION hold_lease(p_source_id bigint, p_token uuid, p_now timestamptz, p_lease interval)
RETURNS user_source
LANGUAGE plpgsql AS $$
DECLARE
  v_source user_source;
BEGIN
  UPDATE user_source SET lease_until = p_now + p_lease
  WHERE id = p_source_id AND lease_token = p_token AND lease_until > p_now
  RETURNING * INTO v_source;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease of source % has ended: another worker may have it', p_source_id
      USING ERRCODE = 'TM002';
  END IF;
  RETURN v_source;
END
$$;
