-- The budget of a provider: in each scope that limits a request, one of its slots is taken, or none in any of them.
-- A slot is a request that the window allows. It is free again when the window has passed since the provider may have
-- counted its last request at the latest: since the answer came, or, while none has come, since the request's timeout
-- ends. So the limit holds whoever asks, also where a worker died with a request under way. Source: the sliding
-- window log, which unlike a counter a window never lets two budgets meet at its edge.
--
-- p_limits: [{scope, max, per (ms), fixed, shared}], each scope once; without a max it has no budget and can only be
-- paused. In a scope that it shares with other sources, backfill (lane 2) leaves a slot to each of them that is due or
-- running in a more urgent lane; where they want all there are, it gets about one of each window. It takes its slots evenly
-- spread over the window, so that whoever comes after it waits for one slot and not for a window.
--
-- Without a source (p_source_id null) a person asks, outside of any sync.
--
-- Returns the slots taken, or none and when to try again. retry_at of a scope that answered 429 is when its pause
-- ends.
DROP FUNCTION IF EXISTS take_slots;
CREATE FUNCTION take_slots(
  p_source_id bigint, p_token uuid, p_connector text, p_lane int, p_limits jsonb, p_now timestamptz,
  p_timeout interval, p_lease interval
)
RETURNS TABLE (scopes text[], slots int[], retry_at timestamptz, strikes int)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_limit record;
  v_slot int;
  v_cutoff timestamptz;
  v_scopes text[] := '{}';
  v_slots int[] := '{}';
  v_retry_at timestamptz;
  v_paused_until timestamptz;
  v_last_backfill timestamptz;
  v_last_answer timestamptz;
  v_stay_back interval;
  v_free int;
  v_strikes int;
BEGIN
  IF p_source_id IS NOT NULL THEN
    PERFORM hold_lease(p_source_id, p_token, p_now, p_lease);
  END IF;

  SELECT max(p.paused_until), coalesce(max(p.strikes), 0) INTO v_paused_until, v_strikes
  FROM jsonb_array_elements(p_limits) AS l JOIN provider_pause p ON p.scope = l->>'scope';
  IF v_paused_until > p_now THEN
    RETURN QUERY SELECT '{}'::text[], '{}'::int[], v_paused_until, v_strikes;
    RETURN;
  END IF;

  FOR v_limit IN
    SELECT l.scope, l.max, make_interval(secs => l.per / 1000.0) AS per, l.per AS milliseconds, l.fixed, l.shared
    FROM jsonb_to_recordset(p_limits) AS l (scope text, max int, per bigint, fixed boolean, shared boolean)
    WHERE l.max IS NOT NULL
    ORDER BY l.scope
  LOOP
    v_cutoff := CASE WHEN v_limit.fixed
      THEN to_timestamp(floor(extract(epoch FROM p_now) * 1000 / v_limit.milliseconds) * v_limit.milliseconds / 1000)
        - INTERVAL '1 microsecond'
      ELSE p_now - v_limit.per
    END;

    IF p_lane = 2 AND v_limit.shared THEN
      SELECT max(granted_at) FILTER (WHERE lane = 2), max(used_at) FILTER (WHERE lane = 2),
        v_limit.max - count(*) FILTER (WHERE used_at > v_cutoff)
      INTO v_last_backfill, v_last_answer, v_free
      FROM provider_quota WHERE scope = v_limit.scope AND slot <= v_limit.max;
      IF v_last_backfill > p_now - 0.9 * v_limit.per / v_limit.max THEN
        v_retry_at := greatest(v_retry_at, v_last_backfill + 0.9 * v_limit.per / v_limit.max);
        CONTINUE;
      END IF;
      -- A window of one slot has none beside that of backfill: then every other one.
      v_stay_back := greatest(v_limit.per, 2 * v_limit.per / v_limit.max);
      IF v_last_answer > p_now - v_stay_back AND v_free > 0
        AND urgent_sources(p_source_id, p_connector, p_now, v_free) >= v_free THEN
        v_retry_at := greatest(v_retry_at, least(v_last_answer + v_stay_back, p_now + INTERVAL '1 second'));
        CONTINUE;
      END IF;
    END IF;

    SELECT slot INTO v_slot FROM provider_quota
    WHERE scope = v_limit.scope AND slot <= v_limit.max AND used_at <= v_cutoff
    ORDER BY used_at LIMIT 1
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      -- Slots are made when they are first needed: a million connections seldom use up theirs.
      INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
      SELECT v_limit.scope, n, '-infinity', '-infinity', 0 FROM generate_series(1, v_limit.max) AS n
      WHERE NOT EXISTS (SELECT 1 FROM provider_quota WHERE scope = v_limit.scope AND slot = n)
      ORDER BY n LIMIT 1
      ON CONFLICT DO NOTHING
      RETURNING slot INTO v_slot;
    END IF;
    IF v_slot IS NOT NULL THEN
      v_scopes := v_scopes || v_limit.scope;
      v_slots := v_slots || v_slot;
    ELSE
      -- Behind a slot that is being taken or made right now stands its old time, or nothing: then in a moment. One under
      -- way may be answered at any time.
      SELECT greatest(v_retry_at, p_now + INTERVAL '10 milliseconds', CASE
        WHEN count(*) < v_limit.max THEN p_now
        WHEN v_limit.fixed THEN v_cutoff + INTERVAL '1 microsecond' + v_limit.per
        ELSE min(least(used_at, p_now)) + v_limit.per
      END)
      INTO v_retry_at
      FROM provider_quota WHERE scope = v_limit.scope AND slot <= v_limit.max;
    END IF;
  END LOOP;

  IF v_retry_at IS NOT NULL THEN
    -- Clocks outside tell milliseconds: a fraction of one, cut off, would be too early.
    v_retry_at := date_trunc('milliseconds', v_retry_at + INTERVAL '999 microseconds');
    RETURN QUERY SELECT '{}'::text[], '{}'::int[], v_retry_at, v_strikes;
    RETURN;
  END IF;
  UPDATE provider_quota q SET used_at = p_now + p_timeout, granted_at = p_now, lane = p_lane
  FROM unnest(v_scopes, v_slots) AS t (scope, slot)
  WHERE q.scope = t.scope AND q.slot = t.slot;
  RETURN QUERY SELECT v_scopes, v_slots, NULL::timestamptz, v_strikes;
END
$$;

-- How many other sources of the connector are in a lane before backfill, due or with a worker; counted up to p_most.
DROP FUNCTION IF EXISTS has_urgent_source;
CREATE OR REPLACE FUNCTION urgent_sources(p_source_id bigint, p_connector text, p_now timestamptz, p_most int)
RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT count(*) FROM (
    (SELECT 1 FROM user_source
      WHERE source_type_id = p_connector AND running_lane < 2 AND lease_until > p_now AND id <> p_source_id
      LIMIT p_most)
    UNION ALL
    (SELECT 1 FROM user_source
      WHERE source_type_id = p_connector AND status = 'active' AND lane = 0 AND next_sync_at <= p_now
        AND (lease_until IS NULL OR lease_until <= p_now) AND id <> p_source_id
      LIMIT p_most)
    UNION ALL
    (SELECT 1 FROM user_source
      WHERE source_type_id = p_connector AND status = 'active' AND lane = 1 AND next_sync_at <= p_now
        AND (lease_until IS NULL OR lease_until <= p_now) AND id <> p_source_id
      LIMIT p_most)
  ) AS urgent
$$;

-- The request of these slots was answered at p_now. Where the provider said 429, p_pause_scope is paused until
-- p_paused_until. Slots that were taken again since (a worker that was stopped for long) are left alone. So are those of a
-- clock that was set back since the grant: when the provider counted the request, nobody can tell, and the request's timeout
-- is what is known.
DROP FUNCTION IF EXISTS settle_slots;
CREATE FUNCTION settle_slots(
  p_scopes text[], p_slots int[], p_granted_at timestamptz, p_now timestamptz, p_pause_scope text,
  p_paused_until timestamptz
)
RETURNS void
LANGUAGE sql AS $$
  UPDATE provider_quota q SET used_at = p_now
  FROM unnest(p_scopes, p_slots) AS t (scope, slot)
  WHERE q.scope = t.scope AND q.slot = t.slot AND q.granted_at = p_granted_at AND q.used_at >= p_now
    AND p_now >= p_granted_at;

  INSERT INTO provider_pause AS p (scope, paused_until, strikes)
  SELECT p_pause_scope, p_paused_until, 1 WHERE p_pause_scope IS NOT NULL
  ON CONFLICT (scope) DO UPDATE
    SET paused_until = greatest(p.paused_until, excluded.paused_until),
      -- Requests that were under way together are refused together: once.
      strikes = p.strikes + (p.paused_until <= p_granted_at)::int;

  -- An answer that is none of refusal ends the row of strikes.
  DELETE FROM provider_pause
  WHERE p_pause_scope IS NULL AND scope = ANY (p_scopes) AND paused_until <= p_granted_at;
$$;

-- Of each connector: how many requests its client budget allows now (null where it has none), and when the next one
-- will be. p_limits: [{connector, scope, max, per, fixed}], the limits of scope client; connectors without one, with
-- max null.
DROP FUNCTION IF EXISTS free_slots;
CREATE FUNCTION free_slots(p_limits jsonb, p_now timestamptz)
RETURNS TABLE (connector text, free int, free_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT l.connector,
    min(CASE WHEN p.paused_until > p_now THEN 0 WHEN l.max IS NULL THEN NULL ELSE s.free + l.max - s.known END)::int,
    max(greatest(p.paused_until, CASE WHEN s.free + l.max - s.known > 0 THEN NULL ELSE s.free_at END))
  FROM jsonb_to_recordset(p_limits) AS l (connector text, scope text, max int, per bigint, fixed boolean)
  LEFT JOIN provider_pause p ON p.scope = l.scope
  CROSS JOIN LATERAL (
    SELECT count(q.slot) AS known, count(*) FILTER (WHERE q.used_at <= c.cutoff) AS free,
      CASE WHEN l.fixed THEN c.cutoff + make_interval(secs => l.per / 1000.0)
        ELSE min(least(q.used_at, p_now)) + make_interval(secs => l.per / 1000.0) END AS free_at
    FROM (
      SELECT CASE WHEN l.fixed
        THEN to_timestamp(floor(extract(epoch FROM p_now) * 1000 / l.per) * l.per / 1000) - INTERVAL '1 microsecond'
        ELSE p_now - make_interval(secs => l.per / 1000.0)
      END AS cutoff
    ) AS c
    LEFT JOIN provider_quota q ON q.scope = l.scope AND q.slot <= l.max
    GROUP BY c.cutoff
  ) AS s
  GROUP BY l.connector
$$;
