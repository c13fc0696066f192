-- Changes settings of a policy: p_patch holds the new values, null for one that goes back to its default. False, and
-- nothing changed, where the settings are not what they were when the change was checked (p_seen, by name, without
-- those that have none): they are read and checked again.
--
-- TimescaleDB's own jobs change in the same statement. Its refresh policies do what the worker does, without clearing
-- marks; the months' one spans at least 400 days, since its window must hold two buckets.
CREATE OR REPLACE FUNCTION set_policy(
  p_name text, p_patch jsonb, p_seen jsonb, p_next_run_at timestamptz, p_columnstore_after_days int,
  p_refresh_days int, p_refresh_minutes int
)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE policy IN SHARE ROW EXCLUSIVE MODE;
  IF p_seen <> (SELECT coalesce(jsonb_object_agg(name, settings), '{}') FROM policy WHERE settings <> '{}') THEN
    RETURN false;
  END IF;

  INSERT INTO policy AS p (name, settings, next_run_at)
  VALUES (p_name, jsonb_strip_nulls(p_patch), p_next_run_at)
  ON CONFLICT (name) DO UPDATE
    SET settings = jsonb_strip_nulls(p.settings || p_patch), next_run_at = excluded.next_run_at;

  IF p_columnstore_after_days IS NOT NULL THEN
    CALL remove_columnstore_policy('transaction', if_exists => true);
    CALL add_columnstore_policy('transaction', after => make_interval(days => p_columnstore_after_days));
  END IF;
  IF p_refresh_days IS NOT NULL THEN
    PERFORM remove_continuous_aggregate_policy('daily_flow', if_exists => true);
    PERFORM add_continuous_aggregate_policy(
      'daily_flow',
      start_offset => make_interval(days => p_refresh_days),
      end_offset => INTERVAL '-1 day',
      schedule_interval => make_interval(mins => greatest(p_refresh_minutes, 10))
    );
    PERFORM remove_continuous_aggregate_policy('monthly_flow', if_exists => true);
    PERFORM add_continuous_aggregate_policy(
      'monthly_flow',
      start_offset => make_interval(days => greatest(p_refresh_days, 400)),
      end_offset => INTERVAL '-1 day',
      schedule_interval => make_interval(mins => greatest(p_refresh_minutes, 30))
    );
  END IF;
  RETURN true;
END
$$;
