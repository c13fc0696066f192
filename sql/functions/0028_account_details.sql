-- What is told of accounts beside what they are: when they begin, and what was reported of them last.

-- The day of the first posted movement of each account that a caller may see, or of the one of that id; no row where
-- there is none. In the tiers of account_flow, as first_flow_day: whole months lead to the day, but only those that lie
-- before the first day that the aggregates do not hold yet (rollup_dirty). Accounts that begin later are asked of the
-- days before that one, and of the raw rows from it on.
CREATE OR REPLACE FUNCTION first_flow_days(p_caller_id bigint, p_account_id bigint DEFAULT NULL)
RETURNS TABLE (account_id bigint, day date)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  v_owner record;
  v_months_until date;
  v_known_ids bigint[];
  v_days date[];
  v_left_ids bigint[];
BEGIN
  FOR v_owner IN
    SELECT v.user_id, array_agg(v.account_id) AS account_ids, max(d.from_day) AS dirty_from
    FROM visible_account(p_caller_id) v LEFT JOIN rollup_dirty d ON d.user_id = v.user_id
    WHERE p_account_id IS NULL OR v.account_id = p_account_id
    GROUP BY v.user_id
  LOOP
    v_months_until := coalesce(month_start(v_owner.dirty_from), 'infinity');
    SELECT array_agg(f.account_id), array_agg(f.day) INTO v_known_ids, v_days
    FROM (
      SELECT m.account_id, (
        SELECT min(d.day) FROM daily_flow d
        WHERE d.user_id = v_owner.user_id AND d.account_id = m.account_id
          AND d.day >= m.month AND d.day < m.month + INTERVAL '1 month'
      ) AS day
      FROM (
        SELECT account_id, min(month) AS month FROM monthly_flow
        WHERE user_id = v_owner.user_id AND month < v_months_until AND account_id = ANY (v_owner.account_ids)
        GROUP BY account_id
      ) AS m
    ) AS f;
    RETURN QUERY SELECT * FROM unnest(v_known_ids, v_days);

    -- Asked only where something is dirty and an account is left: opening every raw chunk has a price.
    v_left_ids := ARRAY(SELECT unnest(v_owner.account_ids) EXCEPT SELECT unnest(v_known_ids));
    IF v_owner.dirty_from IS NOT NULL AND cardinality(v_left_ids) > 0 THEN
      RETURN QUERY
      SELECT f.account_id, min(f.day)
      FROM (
        SELECT account_id, day FROM daily_flow
        WHERE user_id = v_owner.user_id AND day >= v_months_until AND day < v_owner.dirty_from
        UNION ALL
        SELECT account_id, booked_on FROM transaction
        WHERE user_id = v_owner.user_id AND booked_on >= v_owner.dirty_from AND status = 'posted'
      ) AS f
      WHERE f.account_id = ANY (v_left_ids)
      GROUP BY f.account_id;
    END IF;
  END LOOP;
END
$$;

-- Of each asset of an account the newest balance that was reported or set, in the order in which balance_at chooses it.
-- From one asset to the next by the key, so that years of daily reports cost no more than the last one.
CREATE OR REPLACE FUNCTION newest_reports(p_account_id bigint) RETURNS SETOF reconciliation
LANGUAGE sql STABLE AS $$
  WITH RECURSIVE known AS (
    (SELECT asset FROM reconciliation WHERE account_id = p_account_id ORDER BY asset LIMIT 1)
    UNION ALL
    SELECT (
      SELECT r.asset FROM reconciliation r
      WHERE r.account_id = p_account_id AND r.asset > k.asset ORDER BY r.asset LIMIT 1
    )
    FROM known k WHERE k.asset IS NOT NULL
  )
  SELECT r.*
  FROM known k CROSS JOIN LATERAL (
    SELECT * FROM reconciliation
    WHERE account_id = p_account_id AND asset = k.asset
    ORDER BY day DESC, edge LIMIT 1
  ) AS r
$$;
