-- What one unit of an asset is worth in a currency at the end of a day, as a fraction, so that a chain of rates is
-- divided once and at the end. `day` is that of the oldest price used: the last one known on or before p_day.
-- No row where there is no price: a missing price is never 1 and never 0.
CREATE TYPE conversion AS (numerator numeric, denominator numeric, day date);

-- One step along a pair, in the direction that it is quoted or against it, whichever price is newer.
CREATE FUNCTION price_step(p_asset text, p_currency text, p_day date) RETURNS SETOF conversion
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT s.numerator, s.denominator, s.day
  FROM (
    (SELECT price AS numerator, 1::numeric AS denominator, day, 1 AS preference FROM price
      WHERE asset = p_asset AND currency = p_currency AND day <= p_day ORDER BY day DESC LIMIT 1)
    UNION ALL
    (SELECT 1, price, day, 2 FROM price
      WHERE asset = p_currency AND currency = p_asset AND day <= p_day ORDER BY day DESC LIMIT 1)
  ) AS s
  ORDER BY s.day DESC, s.preference
  LIMIT 1
$$;

CREATE FUNCTION price_neighbour(p_asset text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
  SELECT currency FROM price_pair WHERE asset = p_asset
  UNION
  SELECT asset FROM price_pair WHERE currency = p_asset
$$;

-- Over at most three steps. Fewer steps win, since every one adds the error of a rate; among as many, the chain
-- whose oldest price is newest, then the alphabetically first: the same prices always give the same answer. The
-- branches are evaluated in order and only until one has a row.
CREATE FUNCTION price_at(p_asset text, p_currency text, p_day date) RETURNS SETOF conversion
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT c.numerator, c.denominator, c.day
  FROM (
    SELECT 1::numeric AS numerator, 1::numeric AS denominator, p_day AS day WHERE p_asset = p_currency
    UNION ALL
    SELECT s.numerator, s.denominator, s.day FROM price_step(p_asset, p_currency, p_day) AS s
    UNION ALL
    (SELECT a.numerator * b.numerator, a.denominator * b.denominator, least(a.day, b.day)
      FROM price_neighbour(p_asset) AS via,
        price_step(p_asset, via, p_day) AS a,
        price_step(via, p_currency, p_day) AS b
      ORDER BY 3 DESC, via
      LIMIT 1)
    UNION ALL
    (SELECT a.numerator * b.numerator * c.numerator, a.denominator * b.denominator * c.denominator,
        least(a.day, b.day, c.day)
      FROM price_neighbour(p_asset) AS via1,
        price_neighbour(p_currency) AS via2,
        price_step(p_asset, via1, p_day) AS a,
        price_step(via1, via2, p_day) AS b,
        price_step(via2, p_currency, p_day) AS c
      WHERE via1 <> via2 AND via1 <> p_currency AND via2 <> p_asset
      ORDER BY 3 DESC, via1, via2
      LIMIT 1)
  ) AS c
  LIMIT 1
$$;

-- A quantity at a conversion. Thirty decimals are kept until the sum is rounded: numeric division alone would
-- keep sixteen significant digits of a large quotient.
CREATE FUNCTION value_at(p_quantity numeric, p_numerator numeric, p_denominator numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_denominator WHEN 1 THEN p_quantity * p_numerator
    ELSE (p_quantity * p_numerator + 0.000000000000000000000000000000) / p_denominator END
$$;
