-- The list of transactions where it reaches into the archive. See sql/functions/0021_transaction_page.sql.

-- The newest month until p_until of which these accounts have detail in the archive, where p_filter concerns it: only what
-- is posted lies there.
CREATE OR REPLACE FUNCTION newest_archived_month(
  p_user_ids bigint[], p_account_ids bigint[], p_filter jsonb, p_until date
)
RETURNS date
LANGUAGE sql STABLE AS $$
  SELECT max(month) FROM archive_part
  WHERE user_id = ANY (p_user_ids) AND account_ids && p_account_ids AND month <= p_until
    AND (p_filter->>'from' IS NULL OR bucket_end(month, 'month') >= (p_filter->>'from')::date)
    AND coalesce(p_filter->>'status', 'posted') = 'posted'
$$;

-- Where the detail of that month lies which a caller may see, by part, and the accounts that are asked for; none where
-- nothing older is in the archive.
DROP FUNCTION IF EXISTS newest_archived_parts;
CREATE FUNCTION newest_archived_parts(p_caller_id bigint, p_filter jsonb, p_until date)
RETURNS TABLE (
  user_id bigint, month date, file_id bigint, transactions integer, key text, sha256 bytea, bytes integer,
  visible_account_ids bigint[]
)
LANGUAGE sql STABLE AS $$
  WITH visible AS (
    SELECT array_agg(DISTINCT user_id) AS user_ids, array_agg(account_id ORDER BY account_id) AS account_ids
    FROM visible_account(p_caller_id)
    WHERE p_filter->>'accountId' IS NULL OR account_id = (p_filter->>'accountId')::bigint
  )
  SELECT p.user_id, p.month, p.file_id, p.transactions, f.key, f.sha256, f.bytes, v.account_ids
  FROM visible v
  JOIN archive_part p ON p.user_id = ANY (v.user_ids) AND p.account_ids && v.account_ids
    AND p.month = newest_archived_month(v.user_ids, v.account_ids, p_filter, p_until)
  JOIN archive_file f ON f.id = p.file_id
  ORDER BY p.user_id, p.file_id
$$;

-- Those between both days, of which p_rows are all that lie in the archive and can be in the page: p_file_ids are the
-- files of the parts, p_account_ids the accounts that were visible. Raises TM005 where that is not so any more, as
-- transactions have moved there or back meanwhile, or the caller sees other accounts.
DROP FUNCTION IF EXISTS archived_page;
CREATE FUNCTION archived_page(
  p_caller_id bigint, p_filter jsonb, p_after jsonb, p_limit int, p_first_day date, p_last_day date,
  p_file_ids bigint[], p_account_ids bigint[], p_rows archived_transaction[]
)
RETURNS SETOF listed_transaction
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_user_ids bigint[];
  v_account_ids bigint[];
BEGIN
  SELECT array_agg(DISTINCT user_id), array_agg(account_id ORDER BY account_id) INTO v_user_ids, v_account_ids
  FROM visible_account(p_caller_id)
  WHERE p_filter->>'accountId' IS NULL OR account_id = (p_filter->>'accountId')::bigint;
  IF p_account_ids IS DISTINCT FROM v_account_ids AND cardinality(p_file_ids) > 0 OR p_file_ids IS DISTINCT FROM ARRAY(
    SELECT DISTINCT file_id FROM archive_part
    WHERE user_id = ANY (v_user_ids) AND account_ids && v_account_ids AND coalesce(p_filter->>'status', 'posted') = 'posted'
      AND month BETWEEN month_start(p_first_day) AND p_last_day
    ORDER BY file_id
  ) THEN
    RAISE EXCEPTION 'the archive has changed meanwhile' USING ERRCODE = 'TM005';
  END IF;
  RETURN QUERY
  SELECT * FROM transactions_between(
    v_user_ids, v_account_ids, p_first_day, p_last_day, p_filter, p_after, p_limit, p_rows
  );
END
$$;
