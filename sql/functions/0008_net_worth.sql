-- Balances and net worth: flows are folded when they are read, and multiplied by prices.

-- What every visible account holds of each asset at the end of p_at, and what that is worth in p_currency. Assets
-- that came and went are listed with quantity 0. value is rounded once, half away from zero, to 8 decimals; null
-- where a price is missing and the quantity is not 0. reported is the newest balance that the source reported on or before p_at, and
-- difference is reported less what the transactions added up to on that day.
CREATE OR REPLACE FUNCTION balance_at(p_caller_id bigint, p_at date, p_currency text)
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
    SELECT h.account_id, h.asset, sum(h.amount) AS quantity
    FROM (
      SELECT account_id, asset, amount FROM account_flow(p_caller_id, p_at, p_at, 'day')
      UNION ALL
      -- Also where a balance was reported and nothing is known that moved it.
      SELECT DISTINCT c.account_id, c.asset, 0::numeric
      FROM visible_account(p_caller_id) v JOIN reconciliation c ON c.account_id = v.account_id
      WHERE c.day <= p_at
    ) AS h
    GROUP BY h.account_id, h.asset
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

-- The same of all visible accounts together, by asset: added up before it is valued, and rounded once.
CREATE OR REPLACE FUNCTION asset_balance_at(p_caller_id bigint, p_at date, p_currency text)
RETURNS TABLE (asset text, quantity numeric, value numeric)
LANGUAGE sql STABLE AS $$
  WITH holding AS MATERIALIZED (
    SELECT asset, sum(amount) AS quantity, bool_or(amount <> 0) AS held
    FROM (
      SELECT account_id, asset, sum(amount) AS amount FROM account_flow(p_caller_id, p_at, p_at, 'day')
      GROUP BY account_id, asset
    ) AS f
    GROUP BY asset
  )
  -- What one account holds and another owes needs a price too, as it does in net worth.
  SELECT h.asset, h.quantity,
    CASE WHEN h.held THEN round(value_at(h.quantity, c.numerator, c.denominator), 8) ELSE 0 END
  FROM holding h
  LEFT JOIN price_series(ARRAY(SELECT asset FROM holding WHERE held), p_currency, ARRAY[p_at]) AS c ON c.asset = h.asset
$$;

-- The series: one row for each bucket between p_from and p_to, and with p_by (account, kind, asset or source) one
-- for each bucket and group. An account whose value is negative at a point counts in liabilities there, any other
-- in assets; by asset, its holdings go where the account goes. Each sum is made on exact numerics and rounded
-- once, half away from zero, to 8 decimals. quality: exact; carried, where a price older than its day was used;
-- incomplete, where the assets in `missing` had no price and were left out.
CREATE OR REPLACE FUNCTION net_worth(
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
  WITH balance AS MATERIALIZED (
    -- Holds from its slot (the number of its day) up to the next one's.
    SELECT f.account_id, f.asset, p.slot, sum(sum(f.amount)) OVER w AS quantity,
      lead(p.slot, 1, cardinality(v_days) + 1::bigint) OVER w AS next_slot
    FROM account_flow(p_caller_id, p_from, p_to, p_interval) AS f
    JOIN unnest(v_days) WITH ORDINALITY AS p (day, slot) ON p.day = f.bucket
    GROUP BY f.account_id, f.asset, p.slot
    WINDOW w AS (PARTITION BY f.account_id, f.asset ORDER BY p.slot)
  ), rate AS MATERIALIZED (
    SELECT asset, day, numerator, denominator, price_day
    FROM price_series(ARRAY(SELECT DISTINCT asset FROM balance WHERE quantity <> 0), p_currency, v_days)
  ), holding AS (
    SELECT b.account_id, b.asset, v_days[s] AS day, b.quantity
    FROM balance b CROSS JOIN LATERAL generate_series(b.slot, b.next_slot - 1) AS s
    WHERE b.quantity <> 0
  ), valued AS MATERIALIZED (
    SELECT h.account_id, h.asset, h.day, value_at(h.quantity, r.numerator, r.denominator) AS value, r.price_day
    FROM holding h LEFT JOIN rate r ON r.asset = h.asset AND r.day = h.day
  ), account_value AS (
    SELECT account_id, day, coalesce(sum(value), 0) >= 0 AS is_asset FROM valued GROUP BY account_id, day
  ), placed AS (
    SELECT v.asset, v.day, v.value, v.price_day, s.is_asset,
      CASE p_by
        WHEN 'account' THEN v.account_id::text
        WHEN 'kind' THEN a.kind
        WHEN 'asset' THEN v.asset
        WHEN 'source' THEN a.source_id::text
      END AS group_key
    FROM valued v
    JOIN account_value s ON s.account_id = v.account_id AND s.day = v.day
    JOIN account a ON a.id = v.account_id
  ), summed AS MATERIALIZED (
    SELECT s.group_key, s.day, round(coalesce(sum(s.value), 0), 8) AS net_worth,
      round(coalesce(sum(s.value) FILTER (WHERE s.is_asset), 0), 8) AS assets,
      bool_or(s.value IS NULL) AS incomplete, bool_or(s.price_day < s.day) AS carried,
      array_agg(s.asset) FILTER (WHERE s.value IS NULL) AS missing
    FROM placed s
    GROUP BY s.group_key, s.day
  )
  SELECT g.group_key, d, coalesce(s.net_worth, 0), coalesce(s.assets, 0), coalesce(s.net_worth - s.assets, 0),
    CASE WHEN s.incomplete THEN 'incomplete' WHEN s.carried THEN 'carried' ELSE 'exact' END,
    CASE WHEN s.incomplete THEN ARRAY(SELECT DISTINCT m FROM unnest(s.missing) AS m ORDER BY m) ELSE '{}' END
  FROM (SELECT DISTINCT group_key FROM summed UNION SELECT NULL WHERE p_by IS NULL) AS g
  CROSS JOIN unnest(v_days) AS d
  LEFT JOIN summed s ON s.day = d AND s.group_key IS NOT DISTINCT FROM g.group_key
  ORDER BY g.group_key, d;
END
$$;
