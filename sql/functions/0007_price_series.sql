-- What one unit of an asset is worth in a currency at the end of a day, as a fraction, so that a chain of rates is
-- divided once and at the end. A day takes the last price known on or before it; price_day is that of the oldest
-- price used. No row where there is no price: a missing price is never 1 and never 0.
CREATE TYPE priced_day AS (asset text, day date, numerator numeric, denominator numeric, price_day date);

-- The pairs that have prices, as steps that can be taken in either direction. Against the quoted direction, a price
-- divides.
CREATE VIEW price_step AS
SELECT asset AS origin, currency AS target, asset, currency, false AS inverted FROM price_pair
UNION ALL
SELECT currency, asset, asset, currency, true FROM price_pair;

-- One step on each of the days, which must be in order: the last price on or before the day, as a fraction in the
-- direction of the step. Where the days lie close, as in a daily series, prices and days are merged in one pass over
-- the prices of the range; where they lie far apart, as month ends do, each is looked up.
CREATE FUNCTION step_series(p_asset text, p_currency text, p_inverted boolean, p_days date[])
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

-- Over at most three steps. Fewer steps win, since every one adds the error of a rate; among chains of as many, the
-- one whose oldest price is newest, then the one that is first by name: the same prices always give the same answer.
-- Longer chains are looked for only where shorter ones leave days without a price. p_days must be in order.
CREATE FUNCTION price_series(p_assets text[], p_currency text, p_days date[]) RETURNS SETOF priced_day ROWS 300
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_asset text;
  v_open date[];
  v_found priced_day[];
BEGIN
  FOREACH v_asset IN ARRAY p_assets LOOP
    IF v_asset = p_currency THEN
      RETURN QUERY SELECT v_asset, d, 1::numeric, 1::numeric, d FROM unnest(p_days) AS d;
      CONTINUE;
    END IF;
    v_open := p_days;
    FOR v_steps IN 1..3 LOOP
      IF v_steps = 1 THEN
        v_found := ARRAY(
          SELECT DISTINCT ON (p.day) ROW(v_asset, p.day, p.numerator, p.denominator, p.price_day)::priced_day
          FROM price_step s
          CROSS JOIN LATERAL step_series(s.asset, s.currency, s.inverted, v_open) AS p
          WHERE s.origin = v_asset AND s.target = p_currency
          ORDER BY p.day, p.price_day DESC, s.inverted
        );
      ELSIF v_steps = 2 THEN
        v_found := ARRAY(
          SELECT DISTINCT ON (p.day) ROW(v_asset, p.day, p.numerator, p.denominator, p.price_day)::priced_day
          FROM price_step s1
          JOIN price_step s2 ON s2.origin = s1.target
          CROSS JOIN LATERAL (
            SELECT p1.day, p1.numerator * p2.numerator AS numerator, p1.denominator * p2.denominator AS denominator,
              least(p1.price_day, p2.price_day) AS price_day
            FROM step_series(s1.asset, s1.currency, s1.inverted, v_open) AS p1
            JOIN step_series(s2.asset, s2.currency, s2.inverted, v_open) AS p2 ON p2.day = p1.day
          ) AS p
          WHERE s1.origin = v_asset AND s2.target = p_currency
          ORDER BY p.day, p.price_day DESC, s1.target, s1.inverted, s2.inverted
        );
      ELSE
        v_found := ARRAY(
          SELECT DISTINCT ON (p.day) ROW(v_asset, p.day, p.numerator, p.denominator, p.price_day)::priced_day
          FROM price_step s1
          JOIN price_step s2 ON s2.origin = s1.target
          JOIN price_step s3 ON s3.origin = s2.target
          CROSS JOIN LATERAL (
            SELECT p1.day, p1.numerator * p2.numerator * p3.numerator AS numerator,
              p1.denominator * p2.denominator * p3.denominator AS denominator,
              least(p1.price_day, p2.price_day, p3.price_day) AS price_day
            FROM step_series(s1.asset, s1.currency, s1.inverted, v_open) AS p1
            JOIN step_series(s2.asset, s2.currency, s2.inverted, v_open) AS p2 ON p2.day = p1.day
            JOIN step_series(s3.asset, s3.currency, s3.inverted, v_open) AS p3 ON p3.day = p1.day
          ) AS p
          WHERE s1.origin = v_asset AND s3.target = p_currency AND s1.target <> p_currency AND s2.target <> v_asset
          ORDER BY p.day, p.price_day DESC, s1.target, s2.target, s1.inverted, s2.inverted, s3.inverted
        );
      END IF;
      RETURN QUERY SELECT * FROM unnest(v_found);
      EXIT WHEN cardinality(v_found) = cardinality(v_open);
      v_open := ARRAY(SELECT d FROM unnest(v_open) AS d EXCEPT SELECT f.day FROM unnest(v_found) AS f ORDER BY 1);
    END LOOP;
  END LOOP;
END
$$;

-- A quantity at a conversion. Thirty decimals are kept until the sum is rounded: numeric division alone would
-- keep sixteen significant digits of a large quotient.
CREATE FUNCTION value_at(p_quantity numeric, p_numerator numeric, p_denominator numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_denominator WHEN 1 THEN p_quantity * p_numerator
    ELSE (p_quantity * p_numerator + 0.000000000000000000000000000000) / p_denominator END
$$;
