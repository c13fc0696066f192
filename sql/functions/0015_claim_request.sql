-- Requests that their callers may send again under a key of theirs. One who claims a key works on the request, and
-- what the request changes is committed together with its answer (finish_request), or not at all.
--
-- state: claimed; in-flight, where somebody else works on it; answered. fingerprint is that of the request which the
-- key was first used for: a caller whose own differs gets nothing done. Who died while working is taken over from
-- once p_locked_until of theirs has passed, for the same request alone.
CREATE OR REPLACE FUNCTION claim_request(
  p_owner text, p_key text, p_fingerprint bytea, p_token uuid, p_now timestamptz, p_locked_until timestamptz
)
RETURNS TABLE (state text, fingerprint bytea, status smallint, answer bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH claimed AS (
    INSERT INTO idempotency_key AS k (owner, key, fingerprint, token, locked_until, created_at)
    VALUES (p_owner, p_key, p_fingerprint, p_token, p_locked_until, p_now)
    ON CONFLICT (owner, key) DO UPDATE SET token = p_token, locked_until = p_locked_until
      WHERE k.locked_until <= p_now AND k.fingerprint = p_fingerprint
    RETURNING k.fingerprint
  )
  SELECT 'claimed', fingerprint, NULL::smallint, NULL::bytea FROM claimed;
  IF NOT FOUND THEN
    RETURN QUERY
    SELECT CASE WHEN k.locked_until IS NULL THEN 'answered' ELSE 'in-flight' END, k.fingerprint, k.status, k.answer
    FROM idempotency_key k WHERE k.owner = p_owner AND k.key = p_key;
  END IF;
END
$$;

-- Keeps the answer of a claimed request, within the statement that has its effect. Raises TM003 where the claim has
-- been taken over, which undoes the effect. True, so that it can stand in a condition.
CREATE OR REPLACE FUNCTION finish_request(
  p_owner text, p_key text, p_token uuid, p_status int, p_answer bytea
)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE idempotency_key SET status = p_status, answer = p_answer, locked_until = NULL
  WHERE owner = p_owner AND key = p_key AND token = p_token AND locked_until IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the claim of the request was taken over' USING ERRCODE = 'TM003';
  END IF;
  RETURN true;
END
$$;
