-- What one unit of an asset is worth in a currency at the end of a day, as a fraction, so that a chain of rates is
-- divided once and at the end. A day takes the last price known on or before it; price_day is that of the oldest
-- price used. No row where there is no price: a missing price is never 1 and never 0.
DROP TYPE IF EXISTS priced_day CASCADE;
CREATE TYPE priced_day AS (asset text, day date, numerator numeric, denominator numeric, price_day date);

-- The pairs that have prices, as steps that can be taken in either direction. Against the quoted direction, a price
-- divides.
CREATE OR REPLACE VIEW price_step AS
SELECT asset AS origin, currency AS target, asset, currency, false AS inverted FROM price_pair
UNION ALL
SELECT currency, asset, asset, currency, true FROM price_pair;

-- One step on each of the days, which must be in order: the last price on or before the day, as a fraction in the
-- direction of the step. Where the days lie close, as in a daily series, prices and days are merged in one pass over
-- the prices of the range; where they lie far apart, as month ends do, each is looked up.
CREATE OR REPLACE FUNCTION step_series(p_asset text, p_currency text, p_inverted boolean, p_days date[])
RETURNS TABLE (day date, numerator numeric, denominator numeric, price_day date) ROWS 100
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  v_first date := p_days[1];
  v_last date := p_days[cardinality(p_days)];
BEGIN
  IF v_last - v_first > 8 * cardinality(p_days) OR cardinality(p_days) < 8 THEN
    RETURN QUERY
    SELECT d, CASE WHEN p_inverted THEN 1 ELSE p.price END, CASE WHEN p_inverted THEN p.price ELSE 1 END, p.day
    FROM unnest(p_days) AS d
    CROSS JOIN LATERAL (
      SELECT price, day FROM price
      WHERE asset = p_asset AND currency = p_currency AND day <= d
      ORDER BY day DESC LIMIT 1
    ) AS p;
    RETURN;
  END IF;
  RETURN QUERY
  WITH known AS MATERIALIZED (
    SELECT day, price FROM price
    WHERE asset = p_asset AND currency = p_currency AND day <= v_last AND day >= coalesce(
      (SELECT max(day) FROM price WHERE asset = p_asset AND currency = p_currency AND day <= v_first), v_first
    )
  ), merged AS (
    SELECT m.day, m.asked, max(m.price_day) OVER (ORDER BY m.day, m.asked) AS price_day
    FROM (
      SELECT day, false AS asked, day AS price_day FROM known
      UNION ALL
      SELECT d, true, NULL FROM unnest(p_days) AS d
    ) AS m
  )
  SELECT m.day, CASE WHEN p_inverted THEN 1 ELSE k.price END, CASE WHEN p_inverted THEN k.price ELSE 1 END, k.day
  FROM merged m JOIN known k ON k.day = m.price_day
  WHERE m.asked;
END
$$;

-- The chains of exactly so many steps from each asset to the currency, none of which passes its ends again.
CREATE OR REPLACE FUNCTION price_chains(p_assets text[], p_currency text, p_steps int)
RETURNS TABLE (chain bigint, origin text, step int, asset text, currency text, inverted boolean, target text)
LANGUAGE sql STABLE ROWS 20 AS $$
  WITH RECURSIVE walk AS (
    SELECT a AS origin, 1 AS steps, s.target, ARRAY[s.asset] AS assets, ARRAY[s.currency] AS currencies,
      ARRAY[s.inverted] AS inversions, ARRAY[s.target] AS targets
    FROM unnest(p_assets) AS a JOIN price_step s ON s.origin = a
    UNION ALL
    SELECT w.origin, w.steps + 1, s.target, w.assets || s.asset, w.currencies || s.currency,
      w.inversions || s.inverted, w.targets || s.target
    FROM walk w JOIN price_step s ON s.origin = w.target
    WHERE w.steps < p_steps AND w.target <> p_currency AND s.target <> w.origin
      -- The last step has to arrive, the one before it beside the currency: hubs have thousands of neighbours.
      AND CASE p_steps - w.steps
        WHEN 1 THEN s.target = p_currency
        ELSE EXISTS (SELECT 1 FROM price_step e WHERE e.origin = s.target AND e.target = p_currency)
      END
  )
  SELECT dense_rank() OVER (ORDER BY w.origin, w.targets, w.inversions), w.origin, l.step::int, l.asset, l.currency,
    l.inverted, l.target
  FROM (SELECT * FROM walk WHERE steps = p_steps AND target = p_currency) AS w
  CROSS JOIN LATERAL unnest(w.assets, w.currencies, w.inversions, w.targets)
    WITH ORDINALITY AS l (asset, currency, inverted, target, step)
$$;

-- Over at most three steps. Fewer steps win, since every one adds the error of a rate; among chains of as many, the
-- one whose oldest price is newest, then the one that is first by name: the same prices always give the same answer.
-- Longer chains are looked for only where shorter ones leave days without a price. Each step is read once, whatever
-- number of chains take it. p_days must be in order.
CREATE OR REPLACE FUNCTION price_series(p_assets text[], p_currency text, p_days date[]) RETURNS SETOF priced_day ROWS 300
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  v_open text[] := ARRAY(SELECT a FROM unnest(p_assets) AS a WHERE a <> p_currency);
  -- What was found for the assets that still have days without a price.
  v_partial priced_day[] := '{}';
  v_found priced_day[];
BEGIN
  IF p_currency = ANY (p_assets) THEN
    RETURN QUERY SELECT p_currency, d, 1::numeric, 1::numeric, d FROM unnest(p_days) AS d;
  END IF;
  FOR v_steps IN 1..3 LOOP
    EXIT WHEN cardinality(v_open) = 0;
    WITH chain AS MATERIALIZED (
      SELECT * FROM price_chains(v_open, p_currency, v_steps)
    ), leg AS MATERIALIZED (
      SELECT l.asset, l.currency, l.inverted, s.day, s.numerator, s.denominator, s.price_day
      FROM (SELECT DISTINCT asset, currency, inverted FROM chain) AS l
      CROSS JOIN LATERAL step_series(l.asset, l.currency, l.inverted, p_days) AS s
    ), priced AS (
      SELECT c1.origin, c1.chain, l1.day,
        l1.numerator * coalesce(l2.numerator, 1) * coalesce(l3.numerator, 1) AS numerator,
        l1.denominator * coalesce(l2.denominator, 1) * coalesce(l3.denominator, 1) AS denominator,
        least(l1.price_day, l2.price_day, l3.price_day) AS price_day
      FROM chain c1
      JOIN leg l1 ON (l1.asset, l1.currency, l1.inverted) = (c1.asset, c1.currency, c1.inverted)
      LEFT JOIN chain c2 ON c2.chain = c1.chain AND c2.step = 2
      LEFT JOIN leg l2 ON (l2.asset, l2.currency, l2.inverted, l2.day) = (c2.asset, c2.currency, c2.inverted, l1.day)
      LEFT JOIN chain c3 ON c3.chain = c1.chain AND c3.step = 3
      LEFT JOIN leg l3 ON (l3.asset, l3.currency, l3.inverted, l3.day) = (c3.asset, c3.currency, c3.inverted, l1.day)
      WHERE c1.step = 1 AND (c2.step IS NULL OR l2.day IS NOT NULL) AND (c3.step IS NULL OR l3.day IS NOT NULL)
    )
    SELECT coalesce(array_agg(ROW(b.origin, b.day, b.numerator, b.denominator, b.price_day)::priced_day), '{}') INTO v_found
    FROM (
      SELECT DISTINCT ON (origin, day) origin, day, numerator, denominator, price_day
      FROM priced
      ORDER BY origin, day, price_day DESC, chain
    ) AS b
    LEFT JOIN unnest(v_partial) AS f ON f.asset = b.origin AND f.day = b.day
    WHERE f.day IS NULL;

    RETURN QUERY SELECT * FROM unnest(v_found);
    v_open := ARRAY(
      SELECT a FROM unnest(v_open) AS a
      LEFT JOIN (SELECT asset, count(*) AS days FROM unnest(v_partial || v_found) GROUP BY asset) AS f ON f.asset = a
      WHERE coalesce(f.days, 0) < cardinality(p_days)
    );
    v_partial := ARRAY(SELECT f FROM unnest(v_partial || v_found) AS f WHERE f.asset = ANY (v_open));
  END LOOP;
END
$$;

-- A quantity at a conversion. Thirty decimals are kept until the sum is rounded: numeric division alone would
-- keep sixteen significant digits of a large quotient.
CREATE OR REPLACE FUNCTION value_at(p_quantity numeric, p_numerator numeric, p_denominator numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_denominator WHEN 1 THEN p_quantity * p_numerator
    ELSE (p_quantity * p_numerator + 0.000000000000000000000000000000) / p_denominator END
$$;
