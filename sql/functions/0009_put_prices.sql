-- Stores daily prices, all or none of one call. p_prices: [{asset, currency, day, price}]. Where a day is given
-- twice, within the call or before it, the later one wins; a price that is there already writes nothing.
CREATE OR REPLACE FUNCTION put_prices(p_provider text, p_prices json)
RETURNS TABLE (added bigint, changed bigint, unchanged bigint)
LANGUAGE sql AS $$
  WITH given AS (
    SELECT DISTINCT ON (p.asset, p.currency, p.day) p.asset, p.currency, p.day, p.price
    FROM ROWS FROM (json_to_recordset(p_prices) AS (asset text, currency text, day date, price numeric))
      WITH ORDINALITY AS p
    ORDER BY p.asset, p.currency, p.day, p.ordinality DESC
  ), pair AS (
    INSERT INTO price_pair (asset, currency)
    SELECT DISTINCT asset, currency FROM given ORDER BY asset, currency
    ON CONFLICT DO NOTHING
  ), known AS (
    SELECT g.*, p.price AS old_price FROM given g
    LEFT JOIN price p ON p.asset = g.asset AND p.currency = g.currency AND p.day = g.day
  ), written AS (
    INSERT INTO price AS p (asset, currency, day, price, provider)
    SELECT asset, currency, day, price, p_provider FROM known
    WHERE old_price IS DISTINCT FROM price
    ORDER BY asset, currency, day
    ON CONFLICT (asset, currency, day) DO UPDATE SET price = excluded.price, provider = excluded.provider
  ), version AS (
    INSERT INTO price_version AS v (one, version)
    SELECT true, 1 WHERE EXISTS (SELECT 1 FROM known WHERE old_price IS DISTINCT FROM price)
    ON CONFLICT (one) DO UPDATE SET version = v.version + 1
  )
  SELECT count(*) FILTER (WHERE old_price IS NULL), count(*) FILTER (WHERE old_price <> price),
    count(*) FILTER (WHERE old_price = price)
  FROM known
$$;
