-- What users entered by hand, taken back: a transaction, or a balance that was set. Neither comes as a page of a source.

-- The change by which a row that lies on p_day goes.
CREATE OR REPLACE FUNCTION removal_of(p_user_id bigint, p_account_id bigint, p_id uuid, p_day date) RETURNS page_change
LANGUAGE sql IMMUTABLE AS $$
  SELECT ROW(
    'delete', 0, p_user_id, p_account_id, p_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, p_day,
    'removed'
  )::page_change
$$;

-- Takes a transaction away that was entered by hand, and what was said of it. Returns removed, missing, or provided,
-- where it was not.
CREATE OR REPLACE FUNCTION remove_manual_transaction(p_user_id bigint, p_id uuid, p_now timestamptz) RETURNS text
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_found listed_transaction;
  v_day date;
BEGIN
  -- Once more where it came back from the archive between the look for it and the one at the archive.
  FOR look IN 1..2 LOOP
    SELECT * INTO v_found FROM find_transaction(p_user_id, p_id);
    IF NOT v_found.manual THEN
      RETURN 'provided';
    END IF;
    PERFORM 1 FROM account WHERE user_id = p_user_id AND id = v_found.account_id FOR UPDATE;
    -- Behind whoever archives it just now.
    PERFORM refuse_archived_ids(ARRAY[p_user_id], ARRAY[p_id]);
    SELECT booked_on INTO v_day FROM transaction_ref WHERE user_id = p_user_id AND id = p_id;
    IF v_day IS NULL THEN
      RETURN 'missing';
    END IF;
    EXIT WHEN v_found.id IS NOT NULL;
  END LOOP;
  IF v_found.id IS NULL THEN
    RETURN 'missing';
  END IF;
  PERFORM settle_touched(
    apply_changes(ARRAY[removal_of(p_user_id, v_found.account_id, p_id, v_day)], p_now), p_now
  );
  DELETE FROM transaction_annotation WHERE user_id = p_user_id AND transaction_id = p_id;
  PERFORM mark_users_changed(ARRAY[p_user_id]);
  RETURN 'removed';
END
$$;

-- Takes a balance back that was set by hand, and the revaluation that made it true. False where none was set for the
-- asset on that day.
CREATE OR REPLACE FUNCTION unset_balance(
  p_user_id bigint, p_account_id bigint, p_asset text, p_day date, p_now timestamptz
)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM account WHERE user_id = p_user_id AND id = p_account_id FOR UPDATE;
  DELETE FROM reconciliation
  WHERE user_id = p_user_id AND account_id = p_account_id AND asset = p_asset AND day = p_day AND edge = 'set';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  -- settle_balances tells its own rows by the balances that are set: this one would pass for the provider's.
  PERFORM apply_changes(
    ARRAY(
      SELECT removal_of(p_user_id, p_account_id, r.id, r.booked_on) FROM transaction_ref r
      WHERE r.user_id = p_user_id AND r.id = revaluation_id(p_account_id, p_asset, p_day) AND r.booked_on IS NOT NULL
    ),
    p_now
  );
  PERFORM settle_touched(ARRAY[ROW(p_user_id, p_account_id, p_asset, p_day)::touched_asset], p_now);
  PERFORM mark_users_changed(ARRAY[p_user_id]);
  RETURN true;
END
$$;
