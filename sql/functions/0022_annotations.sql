-- What users say of their transactions, in transaction_annotation, beside what providers say, which is never rewritten.

-- Sets what p_change names: {category, note, tags, transfer, excluded}; null clears. An annotation that says nothing any
-- more goes. Returns the transaction as it is then: a moment later, another one may have taken its place. Nothing where
-- the user has no such transaction.
DROP FUNCTION IF EXISTS annotate_transaction;
CREATE FUNCTION annotate_transaction(p_user_id bigint, p_id uuid, p_change jsonb, p_now timestamptz)
RETURNS SETOF listed_transaction
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_account_id bigint;
BEGIN
  SELECT account_id INTO v_account_id FROM find_transaction(p_user_id, p_id);
  -- Behind a page that may just now put another row into this one's place, and take the annotation along; and behind
  -- whoever archives it just now.
  PERFORM 1 FROM account WHERE user_id = p_user_id AND id = v_account_id FOR SHARE;
  PERFORM refuse_archived_ids(ARRAY[p_user_id], ARRAY[p_id]);
  IF NOT EXISTS (SELECT 1 FROM transaction_ref WHERE user_id = p_user_id AND id = p_id AND booked_on IS NOT NULL) THEN
    RETURN;
  END IF;

  INSERT INTO transaction_annotation AS n (
    user_id, transaction_id, category, note, tags, transfer, excluded, updated_at
  )
  SELECT p_user_id, p_id, c.category, c.note, coalesce(c.tags, '{}'), c.transfer, coalesce(c.excluded, false), p_now
  FROM jsonb_to_record(p_change) AS c (category text, note text, tags text[], transfer boolean, excluded boolean)
  ON CONFLICT (user_id, transaction_id) DO UPDATE
    SET category = CASE WHEN p_change ? 'category' THEN excluded.category ELSE n.category END,
      note = CASE WHEN p_change ? 'note' THEN excluded.note ELSE n.note END,
      tags = CASE WHEN p_change ? 'tags' THEN excluded.tags ELSE n.tags END,
      transfer = CASE WHEN p_change ? 'transfer' THEN excluded.transfer ELSE n.transfer END,
      excluded = CASE WHEN p_change ? 'excluded' THEN excluded.excluded ELSE n.excluded END,
      updated_at = excluded.updated_at;
  DELETE FROM transaction_annotation
  WHERE user_id = p_user_id AND transaction_id = p_id
    AND category IS NULL AND note IS NULL AND tags = '{}' AND transfer IS NULL AND NOT excluded;
  PERFORM mark_users_changed(ARRAY[p_user_id]);
  RETURN QUERY SELECT * FROM find_transaction(p_user_id, p_id);
END
$$;

-- Takes the annotations of rows that were replaced to those that took their places, unless these have one. Of a change
-- with op replace, and of a replaced id in transaction_ref, digest is the successor; a successor that has been replaced
-- itself is followed on. Of several rows with one successor, what was said last counts.
--
-- Rows that merely go leave their annotations behind: some providers take a row away and list it again.
CREATE OR REPLACE FUNCTION follow_annotations(p_changes page_change[]) RETURNS void
LANGUAGE sql AS $$
  WITH RECURSIVE followed AS (
    SELECT c.user_id, c.id AS replaced_id, c.digest AS id FROM unnest(p_changes) AS c WHERE c.op = 'replace'
    UNION
    SELECT f.user_id, f.replaced_id, r.digest
    FROM followed f JOIN transaction_ref r ON r.user_id = f.user_id AND r.id = f.id
    WHERE r.replaced AND r.digest IS NOT NULL
  ), successor AS (
    SELECT f.user_id, f.replaced_id, f.id FROM followed f
    WHERE NOT EXISTS (
      SELECT 1 FROM transaction_ref r WHERE r.user_id = f.user_id AND r.id = f.id AND r.replaced
    )
  ), taken AS (
    DELETE FROM transaction_annotation n USING successor s
    WHERE n.user_id = s.user_id AND n.transaction_id = s.replaced_id
    RETURNING n.*, s.id AS successor_id
  )
  INSERT INTO transaction_annotation (
    user_id, transaction_id, category, note, tags, transfer, excluded, updated_at
  )
  SELECT DISTINCT ON (user_id, successor_id) user_id, successor_id, category, note, tags, transfer, excluded, updated_at
  FROM taken
  ORDER BY user_id, successor_id, updated_at DESC, transaction_id
  ON CONFLICT (user_id, transaction_id) DO NOTHING
$$;
