-- Tries that are bounded: at a password, at a code, at signing up. A try is counted before it is made, so that many at
-- once are no more than many in a row; one that turns out to be none is given back (src/db/try-counts.ts).
--
-- p_bounds: [{subject, most, seconds}], subject in hex. Counts one for each subject, or for none of them: where one has
-- used up its tries, returns when the last such begins anew, else null. Counting begins with the first try and ends
-- p_bounds.seconds after it; tries that are refused do not put that off.
CREATE OR REPLACE FUNCTION take_tries(p_bounds jsonb, p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
  v_until timestamptz;
BEGIN
  WITH bound AS (
    SELECT decode(b.subject, 'hex') AS subject, b.most, p_now + make_interval(secs => b.seconds) AS until
    FROM jsonb_to_recordset(p_bounds) AS b (subject text, most int, seconds int)
  ), taken AS (
    INSERT INTO try_count AS t (subject, count, until)
    -- In one order, as two log-ins may have an address in common.
    SELECT b.subject, 1, b.until FROM bound b ORDER BY b.subject
    ON CONFLICT (subject) DO UPDATE
    SET count = CASE WHEN t.until <= p_now THEN 1 ELSE t.count + 1 END,
      until = CASE WHEN t.until <= p_now THEN excluded.until ELSE t.until END
    RETURNING t.subject, t.count, t.until
  )
  SELECT max(t.until) INTO v_until FROM taken t JOIN bound b USING (subject) WHERE t.count > b.most;
  IF v_until IS NOT NULL THEN
    -- The rows are locked since they were counted: nobody saw the tries that there are not.
    UPDATE try_count SET count = count - 1
    WHERE subject IN (
      SELECT decode(b.subject, 'hex') FROM jsonb_to_recordset(p_bounds) AS b (subject text)
    );
  END IF;
  RETURN v_until;
END
$$;

-- Gives tries back: one for each of p_one, and all there were for each of p_all. Subjects in hex; those that are not
-- counted are left out.
CREATE OR REPLACE FUNCTION give_back_tries(p_one text[], p_all text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_subject text;
BEGIN
  -- Row by row, in the order in which tries are taken: a row that another one changes meanwhile is read anew.
  FOR v_subject IN SELECT s FROM unnest(p_one || p_all) AS s ORDER BY decode(s, 'hex') LOOP
    UPDATE try_count SET count = CASE WHEN v_subject = ANY (p_all) THEN 0 ELSE greatest(count - 1, 0) END
    WHERE subject = decode(v_subject, 'hex');
  END LOOP;
END
$$;
