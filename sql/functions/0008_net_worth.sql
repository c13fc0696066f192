-- Balances and net worth: flows are folded when they are read, and multiplied by prices.

-- What every visible account holds of each asset at the end of p_at, and what that is worth in p_currency. Assets
-- that came and went are listed with quantity 0. value is rounded once, half away from zero, to 8 decimals; null
-- where a price is missing. reported is the newest balance that the source reported on or before p_at, and
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
  SELECT f.account_id, f.asset, f.quantity, round(value_at(f.quantity, c.numerator, c.denominator), 8),
    CASE WHEN f.quantity = 0 OR c.day = p_at THEN 'exact' WHEN c.day < p_at THEN 'carried' ELSE 'incomplete' END,
    r.reported, r.day, r.difference
  FROM (
    SELECT account_id, asset, sum(amount) AS quantity
    FROM account_flow(p_caller_id, p_at, p_at, 'day')
    GROUP BY account_id, asset
  ) AS f
  LEFT JOIN LATERAL price_at(f.asset, p_currency, p_at) AS c ON true
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
LANGUAGE sql STABLE AS $$
  WITH flow AS MATERIALIZED (
    SELECT account_id, asset, bucket, sum(amount) AS amount
    FROM account_flow(p_caller_id, p_from, p_to, p_interval)
    GROUP BY account_id, asset, bucket
  ), point AS (
    SELECT DISTINCT least(bucket_end(d::date, p_interval), p_to) AS day
    FROM generate_series(
      p_from::timestamp, bucket_end(p_to, p_interval)::timestamp, ('1 ' || replace(p_interval, 'quarter', 'month'))::interval
    ) AS d
  ), holding AS (
    SELECT h.account_id, h.asset, p.day,
      sum(f.amount) OVER (PARTITION BY h.account_id, h.asset ORDER BY p.day) AS quantity
    FROM (SELECT DISTINCT account_id, asset FROM flow) AS h
    CROSS JOIN point p
    LEFT JOIN flow f ON f.account_id = h.account_id AND f.asset = h.asset AND f.bucket = p.day
  ), rate AS (
    SELECT n.asset, n.day, c.numerator, c.denominator, c.day AS price_day
    FROM (SELECT DISTINCT asset, day FROM holding WHERE quantity <> 0) AS n,
      price_at(n.asset, p_currency, n.day) AS c
  ), valued AS (
    SELECT h.account_id, h.asset, h.day, value_at(h.quantity, r.numerator, r.denominator) AS value,
      r.price_day < h.day AS carried,
      sum(value_at(h.quantity, r.numerator, r.denominator)) OVER (PARTITION BY h.account_id, h.day) AS account_value
    FROM holding h
    LEFT JOIN rate r ON r.asset = h.asset AND r.day = h.day
    WHERE h.quantity <> 0
  ), grouped AS (
    SELECT v.*, CASE p_by
      WHEN 'account' THEN v.account_id::text
      WHEN 'kind' THEN a.kind
      WHEN 'asset' THEN v.asset
      WHEN 'source' THEN a.source_id::text
    END AS group_key
    FROM valued v JOIN account a ON a.id = v.account_id
  )
  SELECT g.group_key, p.day,
    round(coalesce(sum(v.value), 0), 8),
    round(coalesce(sum(v.value) FILTER (WHERE v.account_value >= 0), 0), 8),
    round(coalesce(sum(v.value), 0), 8) - round(coalesce(sum(v.value) FILTER (WHERE v.account_value >= 0), 0), 8),
    CASE WHEN bool_or(v.asset IS NOT NULL AND v.value IS NULL) THEN 'incomplete'
      WHEN bool_or(v.carried) THEN 'carried' ELSE 'exact' END,
    coalesce(array_agg(DISTINCT v.asset) FILTER (WHERE v.value IS NULL AND v.asset IS NOT NULL), '{}')
  FROM point p
  CROSS JOIN (SELECT DISTINCT group_key FROM grouped UNION SELECT NULL WHERE p_by IS NULL) AS g
  LEFT JOIN grouped v ON v.day = p.day AND v.group_key IS NOT DISTINCT FROM g.group_key
  GROUP BY g.group_key, p.day
  ORDER BY g.group_key, p.day
$$;
