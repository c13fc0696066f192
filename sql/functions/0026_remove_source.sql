-- Takes a source away with everything that it brought: accounts, their transactions and what hangs on them
-- (remove_accounts), users' places in it, runs, dead letters, and the source itself, as if it had never been. Users that
-- a platform-wide connection made stay: another connection may know them, too. False where there is no such source,
-- it is not p_user_id's (null: the platform's), or it was removed before.
--
-- The lock on the source's row comes first: a page that is being written is written to its end, and taken away with
-- the rest; who then comes with the next one finds its lease gone.
CREATE OR REPLACE FUNCTION remove_source(p_user_id bigint, p_source_id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_owner record;
BEGIN
  PERFORM 1 FROM user_source
  WHERE user_id IS NOT DISTINCT FROM p_user_id AND id = p_source_id AND status <> 'removed'
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  FOR v_owner IN
    SELECT user_id, array_agg(id ORDER BY id) AS account_ids FROM account
    WHERE source_id = p_source_id GROUP BY user_id ORDER BY user_id
  LOOP
    PERFORM remove_accounts(v_owner.user_id, v_owner.account_ids);
  END LOOP;
  DELETE FROM platform_user WHERE source_id = p_source_id;
  DELETE FROM sync_run WHERE source_id = p_source_id;
  DELETE FROM dead_letter WHERE source_id = p_source_id;
  DELETE FROM user_source WHERE id = p_source_id;
  RETURN true;
END
$$;
