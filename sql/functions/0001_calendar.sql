-- Day arithmetic on dates alone. date_trunc works on timestamps and would bring the session's time zone in.
CREATE OR REPLACE FUNCTION month_start(p_day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_day - extract(day FROM p_day)::int + 1
$$;

-- The last day of the bucket that p_day lies in. p_interval: day, week (ends on Sunday, ISO 8601), month, quarter
-- or year.
CREATE OR REPLACE FUNCTION bucket_end(p_day date, p_interval text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_interval
    WHEN 'day' THEN p_day
    WHEN 'week' THEN p_day + 7 - extract(isodow FROM p_day)::int
    WHEN 'month' THEN (month_start(p_day) + INTERVAL '1 month')::date - 1
    WHEN 'quarter' THEN
      (month_start(p_day) + make_interval(months => 3 - (extract(month FROM p_day)::int - 1) % 3))::date - 1
    WHEN 'year' THEN make_date(extract(year FROM p_day)::int, 12, 31)
  END
$$;
