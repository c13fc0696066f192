-- Adds an API key; of a user's, p_most may be live at a time, however many are added at once. Returns its id, or no row
-- where there are so many. p_user_id is null for a key of a service, which are not bounded.
CREATE OR REPLACE FUNCTION add_api_key(
  p_id bigint, p_user_id bigint, p_name text, p_hash bytea, p_hint text, p_scopes text[], p_created_at timestamptz,
  p_expires_at timestamptz, p_most int
)
RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
BEGIN
  -- One at a time for each user: the count that follows sees what the one before added.
  PERFORM 1 FROM app_user WHERE id = p_user_id FOR NO KEY UPDATE;
  IF (
    SELECT count(*) FROM api_key
    WHERE user_id = p_user_id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > p_created_at)
  ) >= p_most THEN
    RETURN;
  END IF;
  RETURN QUERY
  INSERT INTO api_key (id, user_id, name, hash, hint, scopes, created_at, expires_at)
  OVERRIDING SYSTEM VALUE
  VALUES (p_id, p_user_id, p_name, p_hash, p_hint, p_scopes, p_created_at, p_expires_at)
  RETURNING id;
END
$$;
