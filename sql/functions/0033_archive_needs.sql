-- What has to be brought back from the archive before a write. See docs/decisions/0018-archived-detail.md.

-- By which the archive recognises an id: its first eight bytes.
DROP FUNCTION IF EXISTS archive_mark;
CREATE FUNCTION archive_mark(p_id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || left(replace(p_id::text, '-', ''), 16))::bit(64)::bigint
$$;

-- The months of users, of which the detail lies in the archive, that hold one of their ids: p_ids, each of the user at the
-- same place in p_user_ids. One that transaction_ref knows is not there.
CREATE OR REPLACE FUNCTION archived_places(p_user_ids bigint[], p_ids uuid[])
RETURNS TABLE (user_id bigint, month date)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
  v_user_ids bigint[];
  v_ids uuid[];
BEGIN
  -- Most users have nothing there: not more than a look.
  IF NOT EXISTS (SELECT 1 FROM archive_part WHERE user_id = ANY (p_user_ids)) THEN
    RETURN;
  END IF;
  SELECT array_agg(o.user_id), array_agg(o.id) INTO v_user_ids, v_ids
  FROM unnest(p_user_ids, p_ids) AS o (user_id, id)
  -- One by one, by the whole key: a plan that went through all ids of the user would do so for every row.
  LEFT JOIN LATERAL (
    SELECT true AS known FROM transaction_ref r WHERE r.user_id = o.user_id AND r.id = o.id LIMIT 1
  ) AS r ON true
  WHERE r.known IS NULL;
  IF v_ids IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT DISTINCT p.user_id, p.month
  FROM (
    SELECT o.user_id, array_agg(archive_mark(o.id)) AS marks FROM unnest(v_user_ids, v_ids) AS o (user_id, id) GROUP BY 1
  ) AS o
  -- Appended to nothing, a part's marks are read once, and not once for each id.
  CROSS JOIN LATERAL (
    SELECT user_id, month, marks || '{}'::bigint[] AS marks FROM archive_part WHERE user_id = o.user_id OFFSET 0
  ) AS p
  -- They are in order: width_bucket halves its way to the last one that is not above.
  WHERE EXISTS (SELECT 1 FROM unnest(o.marks) AS m WHERE p.marks[width_bucket(m, p.marks)] = m);
END
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

-- Raises it for the months of users that hold one of their ids, as archived_places takes them.
CREATE OR REPLACE FUNCTION refuse_archived_ids(p_user_ids bigint[], p_ids uuid[]) RETURNS void
LANGUAGE sql AS $$
  SELECT refuse_archived(coalesce(jsonb_agg(jsonb_build_object('user', user_id::text, 'month', month)), '[]'))
  FROM archived_places(p_user_ids, p_ids)
$$;

-- Raises it once, for all that a page has to do with: the months of its ids, each of the user at the same place in
-- p_id_user_ids, and those of its windows, since who says that days are complete compares them row by row. p_completed:
-- [{account, from, to}], account as an index, from 0, into p_account_ids and p_user_ids, whose they are.
DROP FUNCTION IF EXISTS refuse_archived_days;
CREATE OR REPLACE FUNCTION refuse_archived_page(
  p_id_user_ids bigint[], p_ids uuid[], p_completed jsonb, p_user_ids bigint[], p_account_ids bigint[]
)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM archive_part WHERE user_id = ANY (p_user_ids)) THEN
    PERFORM refuse_archived((
      SELECT coalesce(jsonb_agg(jsonb_build_object('user', n.user_id::text, 'month', n.month)), '[]')
      FROM (
        SELECT user_id, month FROM archived_places(p_id_user_ids, p_ids)
        UNION
        SELECT p.user_id, p.month
        FROM jsonb_to_recordset(coalesce(p_completed, '[]')) AS c (account int, "from" date, "to" date)
        JOIN archive_part p ON p.user_id = p_user_ids[c.account + 1] AND p.month BETWEEN month_start(c.from) AND c.to
          AND p_account_ids[c.account + 1] = ANY (p.account_ids)
      ) AS n
    ));
  END IF;
END
$$;
