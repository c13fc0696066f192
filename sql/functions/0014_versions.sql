-- Versions of what reads are made of. Each change counts its user's version up in the transaction that makes it, so
-- that a reader who finds a version finds the change with it, and neither without the other. Whoever writes what a
-- user's reads show calls this; for prices, put_prices counts.
CREATE OR REPLACE FUNCTION mark_users_changed(p_user_ids bigint[]) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO user_version AS v (user_id, version)
  SELECT DISTINCT u, 1 FROM unnest(p_user_ids) AS u
  -- In one order, as two pages of a platform-wide source may have users in common.
  ORDER BY u
  ON CONFLICT (user_id) DO UPDATE SET version = v.version + 1
$$;

-- What answers to a caller depend on, as a text: the versions of everybody whose accounts the caller may see
-- (visible_account), and that of the prices.
CREATE OR REPLACE FUNCTION read_version(p_caller_id bigint) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT version FROM user_version WHERE user_id = p_caller_id), 0)
    || '.' || coalesce((SELECT version FROM price_version), 0)
$$;
