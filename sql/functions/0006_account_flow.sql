-- The accounts that a caller may see, as pairs: every read starts here, and nowhere else is it decided.
CREATE OR REPLACE FUNCTION visible_account(p_caller_id bigint) RETURNS TABLE (user_id bigint, account_id bigint)
LANGUAGE sql STABLE AS $$
  SELECT user_id, id FROM account WHERE user_id = p_caller_id
$$;

-- Sums of posted movements by account, asset and bucket, up to the end of p_to. A bucket is named by its last day,
-- the last one by p_to; everything before p_from's bucket is added to that first bucket, so that a running sum
-- over the buckets is the balance at each one's end. p_interval as in bucket_end.
--
-- Read in three tiers, never more than the range needs: whole months, then days, then the raw rows from the first
-- day on that the aggregates do not hold yet (rollup_dirty). The tiers meet and do not overlap, so raw rows take
-- the place of aggregated ones and are never added to them. STABLE: all of it reads one snapshot.
CREATE OR REPLACE FUNCTION account_flow(p_caller_id bigint, p_from date, p_to date, p_interval text)
RETURNS TABLE (account_id bigint, asset text, bucket date, amount numeric) ROWS 500
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  v_owner record;
  v_from_month date := month_start(p_from);
  v_first_bucket date := least(bucket_end(p_from, p_interval), p_to);
  v_days_from date;
  v_raw_from date;
BEGIN
  FOR v_owner IN
    SELECT v.user_id, array_agg(v.account_id) AS account_ids, max(d.from_day) AS dirty_from
    FROM visible_account(p_caller_id) v LEFT JOIN rollup_dirty d ON d.user_id = v.user_id
    GROUP BY v.user_id
  LOOP
    v_raw_from := coalesce(v_owner.dirty_from, p_to + 1);
    v_days_from := month_start(least(
      CASE WHEN p_interval IN ('month', 'quarter', 'year') THEN p_to + 1 ELSE p_from END,
      v_raw_from
    ));
    RETURN QUERY
    SELECT f.account_id, f.asset, f.bucket, sum(f.amount)
    FROM (
      -- Everything before the range goes into its first bucket, which saves telling the bucket of each month.
      SELECT m.account_id, m.asset, v_first_bucket AS bucket, m.amount FROM monthly_flow m
      WHERE m.user_id = v_owner.user_id AND m.month < least(v_days_from, v_from_month)
      UNION ALL
      SELECT m.account_id, m.asset, least(bucket_end(m.month, p_interval), p_to), m.amount FROM monthly_flow m
      WHERE m.user_id = v_owner.user_id AND m.month >= v_from_month AND m.month < v_days_from
      UNION ALL
      SELECT d.account_id, d.asset, least(bucket_end(greatest(d.day, p_from), p_interval), p_to), d.amount
      FROM daily_flow d
      WHERE d.user_id = v_owner.user_id AND d.day >= v_days_from AND d.day < v_raw_from AND d.day <= p_to
    ) AS f
    WHERE f.account_id = ANY (v_owner.account_ids)
    GROUP BY 1, 2, 3;

    -- Asked only where something is dirty: opening every raw chunk has a price even when none of them matches.
    IF v_raw_from <= p_to THEN
      RETURN QUERY
      SELECT t.account_id, t.asset, least(bucket_end(greatest(t.booked_on, p_from), p_interval), p_to), sum(t.amount)
      FROM transaction t
      WHERE t.user_id = v_owner.user_id AND t.booked_on >= v_raw_from AND t.booked_on <= p_to
        AND t.status = 'posted' AND t.account_id = ANY (v_owner.account_ids)
      GROUP BY 1, 2, 3;
    END IF;
  END LOOP;
END
$$;

-- The day of the first posted movement that a caller may see; null where there is none. In the same tiers: the
-- first month leads to its first day; raw rows are asked only where the aggregates hold nothing before them.
CREATE OR REPLACE FUNCTION first_flow_day(p_caller_id bigint) RETURNS date
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_owner record;
  v_day date;
  v_first date;
BEGIN
  FOR v_owner IN
    SELECT v.user_id, array_agg(v.account_id) AS account_ids, coalesce(max(d.from_day), 'infinity') AS dirty_from
    FROM visible_account(p_caller_id) v LEFT JOIN rollup_dirty d ON d.user_id = v.user_id
    GROUP BY v.user_id
  LOOP
    SELECT min(f.day) INTO v_day FROM daily_flow f
    WHERE f.user_id = v_owner.user_id AND f.account_id = ANY (v_owner.account_ids) AND f.day < v_owner.dirty_from
      AND f.day < (
        SELECT min(m.month) + INTERVAL '1 month' FROM monthly_flow m
        WHERE m.user_id = v_owner.user_id AND m.account_id = ANY (v_owner.account_ids)
      );
    IF v_day IS NULL AND v_owner.dirty_from < 'infinity' THEN
      SELECT min(t.booked_on) INTO v_day FROM transaction t
      WHERE t.user_id = v_owner.user_id AND t.account_id = ANY (v_owner.account_ids) AND t.status = 'posted'
        AND t.booked_on >= v_owner.dirty_from;
    END IF;
    v_first := least(v_first, v_day);
  END LOOP;
  RETURN v_first;
END
$$;
