-- Balances and net worth: flows are folded when they are read, and multiplied by prices.

-- What every visible account holds of each asset at the end of p_at, and what that is worth in p_currency. Assets
-- that came and went are listed with quantity 0. value is rounded once, half away from zero, to 8 decimals; null
-- where a price is missing and the quantity is not 0. reported is the newest balance that the source reported on or before p_at, and
-- difference is reported less what the transactions added up to on that day.
CREATE FUNCTION balance_at(p_caller_id bigint, p_at date, p_currency text)
RETURNS TABLE (
  account_id bigint,
  asset text,
  quantity numeric,
  value numeric,
  quality text,
  reported numeric,
  reported_on date,
  difference numeric
)
LANGUAGE sql STABLE AS $$
  WITH holding AS MATERIALIZED (
    SELECT account_id, asset, sum(amount) AS quantity
    FROM account_flow(p_caller_id, p_at, p_at, 'day')
    GROUP BY account_id, asset
  )
  SELECT f.account_id, f.asset, f.quantity,
    CASE WHEN f.quantity = 0 THEN 0 ELSE round(value_at(f.quantity, c.numerator, c.denominator), 8) END,
    CASE WHEN f.quantity = 0 OR c.price_day = p_at THEN 'exact' WHEN c.price_day < p_at THEN 'carried' ELSE 'incomplete' END,
    r.reported, r.day, r.difference
  FROM holding f
  LEFT JOIN price_series(
    ARRAY(SELECT DISTINCT h.asset FROM holding h WHERE h.quantity <> 0), p_currency, ARRAY[p_at]
  ) AS c ON c.asset = f.asset
  LEFT JOIN LATERAL (
    SELECT reported, day, difference FROM reconciliation
    WHERE account_id = f.account_id AND asset = f.asset AND day <= p_at
    ORDER BY day DESC, edge LIMIT 1
  ) AS r ON true
$$;

-- The series: one row for each bucket between p_from and p_to, and with p_by (account, kind, asset or source) one
-- for each bucket and group. An account whose value is negative at a point counts in liabilities there, any other
-- in assets; by asset, its holdings go where the account goes. Each sum is made on exact numerics and rounded
-- once, half away from zero, to 8 decimals. quality: exact; carried, where a price older than its day was used;
-- incomplete, where the assets in `missing` had no price and were left out.
CREATE FUNCTION net_worth(
  p_caller_id bigint, p_from date, p_to date, p_interval text, p_currency text, p_by text DEFAULT NULL
)
RETURNS TABLE (
  group_key text,
  day date,
  net_worth numeric,
  assets numeric,
  liabilities numeric,
  quality text,
  missing text[]
)
-- Not LANGUAGE sql, whose plan would be made anew on every call.
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  v_days date[] := ARRAY(
    SELECT DISTINCT least(bucket_end(d::date, p_interval), p_to)
    FROM generate_series(
      p_from::timestamp, bucket_end(p_to, p_interval)::timestamp, ('1 ' || replace(p_interval, 'quarter', 'month'))::interval
    ) AS d
    ORDER BY 1
  );
BEGIN
  RETURN QUERY
  WITH flow AS MATERIALIZED (
    SELECT account_id, asset, bucket, amount
    FROM account_flow(p_caller_id, p_from, p_to, p_interval)
  ), holding AS MATERIALIZED (
    -- The days without a flow add nothing, and one day's flows may come from several tiers.
    SELECT account_id, asset, bucket AS day, sum(sum(amount)) OVER (PARTITION BY account_id, asset ORDER BY bucket) AS quantity
    FROM (
      SELECT account_id, asset, bucket, amount FROM flow
      UNION ALL
      SELECT h.account_id, h.asset, d, 0 FROM (SELECT DISTINCT account_id, asset FROM flow) AS h CROSS JOIN unnest(v_days) AS d
    ) AS f
    GROUP BY account_id, asset, bucket
  ), valued AS MATERIALIZED (
    SELECT h.account_id, h.asset, h.day, value_at(h.quantity, p.numerator, p.denominator) AS value, p.price_day
    FROM holding h
    LEFT JOIN price_series(
      ARRAY(SELECT DISTINCT asset FROM holding WHERE quantity <> 0), p_currency, v_days
    ) AS p ON p.asset = h.asset AND p.day = h.day
    WHERE h.quantity <> 0
  ), placed AS (
    SELECT v.asset, v.day, v.value, v.price_day,
      coalesce(sum(v.value) OVER (PARTITION BY v.account_id, v.day), 0) >= 0 AS is_asset,
      CASE p_by
        WHEN 'account' THEN v.account_id::text
        WHEN 'kind' THEN a.kind
        WHEN 'asset' THEN v.asset
        WHEN 'source' THEN a.source_id::text
      END AS group_key
    FROM valued v JOIN account a ON a.id = v.account_id
  ), summed AS (
    SELECT s.group_key, s.day, round(coalesce(sum(s.value), 0), 8) AS net_worth,
      round(coalesce(sum(s.value) FILTER (WHERE s.is_asset), 0), 8) AS assets,
      bool_or(s.value IS NULL) AS incomplete, bool_or(s.price_day < s.day) AS carried,
      array_agg(DISTINCT s.asset) FILTER (WHERE s.value IS NULL) AS missing
    FROM placed s
    GROUP BY s.group_key, s.day
  )
  SELECT g.group_key, d, coalesce(s.net_worth, 0), coalesce(s.assets, 0), coalesce(s.net_worth - s.assets, 0),
    CASE WHEN s.incomplete THEN 'incomplete' WHEN s.carried THEN 'carried' ELSE 'exact' END,
    coalesce(s.missing, '{}')
  FROM (SELECT DISTINCT group_key FROM summed UNION SELECT NULL WHERE p_by IS NULL) AS g
  CROSS JOIN unnest(v_days) AS d
  LEFT JOIN summed s ON s.day = d AND s.group_key IS NOT DISTINCT FROM g.group_key
  ORDER BY g.group_key, d;
END
$$;
