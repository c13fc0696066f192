-- Clears marks of rollup_dirty that a refresh has covered: those of transactions that had ended at p_horizon, and whose
-- first day is p_from or later. Before it clears a user's mark it compares, from the mark's day on, the days with the
-- rows and the months with the days: what an aggregate does not hold stays marked, so that it is read from the rows,
-- whatever a refresh left out. That costs about what one read of each of these users costs until then.
--
-- At most p_most users behind p_after, in the order of their ids. Returns the last of them, how many marks went, and
-- how many stay because an aggregate differs, and in which months; nothing where there are no such marks.
--
-- A write that commits meanwhile carries a newer transaction id: its user is passed over by the comparison or by the
-- DELETE, whichever sees it first.
DROP FUNCTION IF EXISTS clear_rollup_marks;
CREATE FUNCTION clear_rollup_marks(p_horizon xid8, p_from date, p_after bigint, p_most int)
RETURNS TABLE (last_user bigint, cleared bigint, stale_users int, stale_months date[])
LANGUAGE plpgsql
-- The users and the first day are constants of the plan, which opens their chunks and batches only.
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
  v_users bigint[];
  v_from date;
  v_stale bigint[];
  v_months date[];
  v_cleared bigint;
BEGIN
  SELECT array_agg(user_id), min(from_day) INTO v_users, v_from
  FROM (
    SELECT user_id, from_day FROM rollup_dirty
    WHERE marked_xid < p_horizon AND from_day >= p_from AND user_id > p_after
    ORDER BY user_id LIMIT p_most
  ) AS d;
  IF v_users IS NULL THEN
    RETURN;
  END IF;

  WITH dirty AS MATERIALIZED (
    SELECT user_id AS owner, from_day, month_start(from_day) AS from_month FROM rollup_dirty
    WHERE user_id = ANY (v_users) AND marked_xid < p_horizon AND from_day >= p_from
  ), differing_day AS (
    SELECT user_id, month_start(day) AS month
    FROM (
      SELECT t.user_id, t.account_id, t.asset, t.booked_on AS day, t.amount, 1 AS transactions
      FROM transaction t JOIN dirty d ON d.owner = t.user_id AND t.booked_on >= d.from_day
      WHERE t.user_id = ANY (v_users) AND t.booked_on >= v_from AND t.status = 'posted'
      UNION ALL
      SELECT f.user_id, f.account_id, f.asset, f.day, -f.amount, -f.transactions
      FROM daily_flow f JOIN dirty d ON d.owner = f.user_id AND f.day >= d.from_day
      WHERE f.user_id = ANY (v_users) AND f.day >= v_from
    ) AS both_sides
    GROUP BY user_id, account_id, asset, day
    HAVING sum(amount) <> 0 OR sum(transactions) <> 0
  ), differing_month AS (
    SELECT user_id, month
    FROM (
      SELECT f.user_id, f.account_id, f.asset, month_start(f.day) AS month, f.amount, f.transactions
      FROM daily_flow f JOIN dirty d ON d.owner = f.user_id AND f.day >= d.from_month
      WHERE f.user_id = ANY (v_users) AND f.day >= month_start(v_from)
      UNION ALL
      SELECT f.user_id, f.account_id, f.asset, f.month, -f.amount, -f.transactions
      FROM monthly_flow f JOIN dirty d ON d.owner = f.user_id AND f.month >= d.from_month
      WHERE f.user_id = ANY (v_users) AND f.month >= month_start(v_from)
    ) AS both_sides
    GROUP BY user_id, account_id, asset, month
    HAVING sum(amount) <> 0 OR sum(transactions) <> 0
  )
  SELECT array_agg(DISTINCT user_id), array_agg(DISTINCT month ORDER BY month) INTO v_stale, v_months
  FROM (SELECT * FROM differing_day UNION SELECT * FROM differing_month) AS differing;

  DELETE FROM rollup_dirty
  WHERE user_id = ANY (v_users) AND user_id <> ALL (coalesce(v_stale, '{}'))
    AND marked_xid < p_horizon AND from_day >= p_from;
  GET DIAGNOSTICS v_cleared = ROW_COUNT;
  RETURN QUERY SELECT v_users[cardinality(v_users)], v_cleared, coalesce(cardinality(v_stale), 0), coalesce(v_months, '{}');
END
$$;
