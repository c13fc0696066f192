-- Takes accounts away, for good, with their transactions, what is remembered of those, what was said of them, and the
-- balances that were reported. Accounts that are not the user's are passed over. Returns how many went.
--
-- Where an account comes again on its source, its transactions have the same ids. What transaction_ref remembers of those
-- that others had replaced goes with these, in the archive with its files: they would be stale for ever. What it
-- remembers of others that had gone before names no account, and stays until the policy `references` forgets it; only an
-- earlier version than the one that went is stale then. A write on its way to one of the accounts ends first; whoever comes
-- later finds none.
CREATE OR REPLACE FUNCTION remove_accounts(p_user_id bigint, p_account_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql
-- As in apply_changes: a generic plan of a DELETE on columnstore chunks decompresses everything.
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_account_ids bigint[];
  -- The rows' first and last day in each month.
  v_first_days date[];
  v_last_days date[];
  v_ids uuid[];
  v_all_ids uuid[] := '{}';
BEGIN
  v_account_ids := ARRAY(
    SELECT id FROM account WHERE user_id = p_user_id AND id = ANY (p_account_ids) ORDER BY id FOR UPDATE
  );
  IF cardinality(v_account_ids) = 0 THEN
    RETURN 0;
  END IF;
  PERFORM allow_decompression();

  -- Asked of the rows themselves: neither the flows nor transaction_ref know of all days at all times.
  SELECT array_agg(first_day ORDER BY first_day), array_agg(last_day ORDER BY first_day)
  INTO v_first_days, v_last_days
  FROM (
    SELECT min(booked_on) AS first_day, max(booked_on) AS last_day FROM transaction
    WHERE user_id = p_user_id AND account_id = ANY (v_account_ids)
    GROUP BY month_start(booked_on)
  ) AS months;

  FOR i IN 1 .. coalesce(cardinality(v_first_days), 0) LOOP
    WITH gone AS (
      DELETE FROM transaction t
      WHERE t.user_id = p_user_id AND t.booked_on BETWEEN v_first_days[i] AND v_last_days[i]
        AND t.account_id = ANY (v_account_ids)
      RETURNING t.id
    )
    SELECT array_agg(id) INTO v_ids FROM gone;
    DELETE FROM transaction_ref WHERE user_id = p_user_id AND id = ANY (v_ids);
    DELETE FROM transaction_annotation WHERE user_id = p_user_id AND transaction_id = ANY (v_ids);
    v_all_ids := v_all_ids || v_ids;
  END LOOP;
  -- Of a replaced id, digest is the successor, which may have been replaced itself.
  WITH RECURSIVE replaced AS (
    SELECT id FROM transaction_ref WHERE user_id = p_user_id AND replaced AND digest = ANY (v_all_ids)
    UNION
    SELECT r.id FROM transaction_ref r JOIN replaced s ON r.digest = s.id WHERE r.user_id = p_user_id AND r.replaced
  )
  DELETE FROM transaction_ref WHERE user_id = p_user_id AND id IN (SELECT id FROM replaced);
  IF v_first_days IS NOT NULL THEN
    PERFORM mark_rollup_dirty(p_user_id, v_first_days[1]);
  END IF;

  -- The archive's files are written anew without them, later; nobody reads them there meanwhile.
  UPDATE archive_file f SET renew = true
  WHERE id IN (SELECT file_id FROM archive_part WHERE user_id = p_user_id AND account_ids && v_account_ids)
    -- One of which nothing is the archive's goes as it is, before long.
    OR p_user_id BETWEEN first_user_id AND last_user_id AND left_account_ids && v_account_ids
      AND EXISTS (SELECT 1 FROM archive_part p WHERE p.file_id = f.id);
  DELETE FROM archive_part WHERE user_id = p_user_id AND account_ids <@ v_account_ids;

  DELETE FROM reconciliation WHERE user_id = p_user_id AND account_id = ANY (v_account_ids);
  DELETE FROM account WHERE user_id = p_user_id AND id = ANY (v_account_ids);
  PERFORM mark_users_changed(ARRAY[p_user_id]);
  RETURN cardinality(v_account_ids);
END
$$;
