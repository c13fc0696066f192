-- What users enter by hand: accounts of a source of the type manual, transactions there, and balances.

-- Makes an account of that id. False where a manual account of the user has the name already.
CREATE OR REPLACE FUNCTION add_manual_account(
  p_user_id bigint, p_source_id bigint, p_account_id bigint, p_kind text, p_name text, p_now timestamptz
)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF is_manual_name_taken(p_user_id, p_source_id, p_account_id, p_name) THEN
    RETURN false;
  END IF;
  INSERT INTO account (id, user_id, source_id, external_id, kind, name, created_at)
  OVERRIDING SYSTEM VALUE
  VALUES (p_account_id, p_user_id, p_source_id, 'manual ' || p_account_id, p_kind, p_name, p_now);
  PERFORM mark_users_changed(ARRAY[p_user_id]);
  RETURN true;
END
$$;

-- Whether another account of the source has the name; until the transaction ends, nobody else gives one of its accounts
-- a name.
CREATE OR REPLACE FUNCTION is_manual_name_taken(
  p_user_id bigint, p_source_id bigint, p_account_id bigint, p_name text
)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM user_source WHERE id = p_source_id FOR NO KEY UPDATE;
  RETURN EXISTS (
    SELECT 1 FROM account
    WHERE user_id = p_user_id AND source_id = p_source_id AND name = p_name AND id <> p_account_id
  );
END
$$;

-- Gives an account of any source another name, another kind, or both; null leaves it. Returns updated, missing, or
-- taken, where it is a manual account and another one has the name.
CREATE OR REPLACE FUNCTION update_account(p_user_id bigint, p_account_id bigint, p_kind text, p_name text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_source user_source;
BEGIN
  SELECT s.* INTO v_source FROM account a JOIN user_source s ON s.id = a.source_id
  WHERE a.user_id = p_user_id AND a.id = p_account_id;
  IF v_source.source_type_id = 'manual' AND is_manual_name_taken(p_user_id, v_source.id, p_account_id, p_name) THEN
    RETURN 'taken';
  END IF;
  UPDATE account SET kind = coalesce(p_kind, kind), name = coalesce(p_name, name)
  WHERE user_id = p_user_id AND id = p_account_id;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  PERFORM mark_users_changed(ARRAY[p_user_id]);
  RETURN 'updated';
END
$$;

-- A page of an account that is there: ingest_page alone would make one anew that was removed a moment before. With it
-- what the user says of a transaction: {id, note, tags}, or null. False where there is no such account.
CREATE OR REPLACE FUNCTION ingest_by_hand(
  p_user_id bigint, p_account_id bigint, p_page jsonb, p_annotation jsonb, p_now timestamptz
)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_source_id bigint;
BEGIN
  -- As in ingest_page: before the account is locked.
  PERFORM ensure_transaction_partitions(ARRAY(SELECT d::date FROM jsonb_array_elements_text(p_page->'days') AS d));
  SELECT source_id INTO v_source_id FROM account WHERE user_id = p_user_id AND id = p_account_id FOR UPDATE;
  IF v_source_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM ingest_page(v_source_id, p_page, p_now);
  INSERT INTO transaction_annotation (user_id, transaction_id, note, tags, updated_at)
  SELECT p_user_id, n.id, n.note, coalesce(n.tags, '{}'), p_now
  FROM jsonb_to_record(p_annotation) AS n (id uuid, note text, tags text[])
  WHERE n.note IS NOT NULL OR cardinality(n.tags) > 0
  ON CONFLICT (user_id, transaction_id) DO NOTHING;
  RETURN true;
END
$$;
