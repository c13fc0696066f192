-- What has to be brought back from the archive before a write. See docs/decisions/0018-archived-detail.md.

-- By which the archive recognises an id: its first four bytes.
CREATE OR REPLACE FUNCTION archive_mark(p_id uuid) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || left(p_id::text, 8))::bit(32)::integer
$$;

-- The months of users, of which the detail lies in the archive, that may hold one of these ids; one that transaction_ref
-- knows is not there.
CREATE OR REPLACE FUNCTION archived_places(p_user_ids bigint[], p_ids uuid[])
RETURNS TABLE (user_id bigint, month date)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT p.user_id, p.month
  FROM archive_part p CROSS JOIN LATERAL unnest(p.marks) AS m
  WHERE p.user_id = ANY (p_user_ids) AND m IN (
    SELECT archive_mark(i) FROM unnest(p_ids) AS i
    WHERE NOT EXISTS (SELECT 1 FROM transaction_ref r WHERE r.user_id = ANY (p_user_ids) AND r.id = i)
  )
$$;

-- Raises TM004 where a write has to do with transactions that lie in the archive: whoever asked for it brings these months
-- back (restore_detail), which changes no sum, and asks again. p_places: [{user, month}].
CREATE OR REPLACE FUNCTION refuse_archived(p_places jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF jsonb_array_length(p_places) > 0 THEN
    RAISE EXCEPTION 'the transactions of % lie in the archive', (
      SELECT string_agg(DISTINCT left(p->>'month', 7), ', ' ORDER BY left(p->>'month', 7))
      FROM jsonb_array_elements(p_places) AS p
    ) USING ERRCODE = 'TM004', DETAIL = p_places::text;
  END IF;
END
$$;

-- Raises it for the months of users that may hold one of these ids.
CREATE OR REPLACE FUNCTION refuse_archived_ids(p_user_ids bigint[], p_ids uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- Most users have nothing there: not more than a look.
  IF EXISTS (SELECT 1 FROM archive_part WHERE user_id = ANY (p_user_ids)) THEN
    PERFORM refuse_archived((
      SELECT coalesce(jsonb_agg(jsonb_build_object('user', p.user_id::text, 'month', p.month)), '[]')
      FROM archived_places(p_user_ids, p_ids) AS p
    ));
  END IF;
END
$$;

-- Raises it for the archived months of an account between two days: who says that these days are complete compares them
-- row by row.
CREATE OR REPLACE FUNCTION refuse_archived_days(p_user_id bigint, p_account_id bigint, p_from date, p_to date)
RETURNS void
LANGUAGE sql AS $$
  SELECT refuse_archived(coalesce(jsonb_agg(DISTINCT jsonb_build_object('user', user_id::text, 'month', month)), '[]'))
  FROM archive_part
  WHERE user_id = p_user_id AND month BETWEEN month_start(p_from) AND p_to AND p_account_id = ANY (account_ids)
$$;
