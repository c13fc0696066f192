-- A refresh token is good for one time: it is exchanged for its successor. The successor is made from the token itself
-- (src/http/refresh-token.ts), so that the same exchange gives the same one.
--
-- outcome:
--   unknown    there is no such token.
--   ended      the log-in was ended, or has expired.
--   rotated    the token was live; its successor is now.
--   forgiven   it was exchanged before, and the answer seems to have been lost: its successor, which nobody used, is
--              given once more.
--   reused     it was exchanged before, and is in two hands: the log-in ends here, with every token of its family.
--
-- A token that comes back is forgiven within p_forgiving of its exchange, once, and only where the one before it was not
-- forgiven: a thief and an owner who both go on asking meet this at the next exchange. Of one log-in, one token is
-- live at most.
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_hash bytea, p_successor bytea, p_now timestamptz, p_forgiving interval
)
RETURNS TABLE (outcome text, session_id uuid, user_id bigint, expires_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_session session;
  v_token refresh_token;
  v_successor refresh_token;
  v_outcome text;
BEGIN
  -- Those who show tokens of one log-in take turns; what follows sees what the one before has done.
  SELECT s.* INTO v_session FROM session s
  WHERE s.id = (SELECT t.session_id FROM refresh_token t WHERE t.hash = p_hash)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    v_outcome := 'unknown';
  ELSIF v_session.revoked_at IS NOT NULL OR v_session.expires_at <= p_now THEN
    v_outcome := 'ended';
  ELSE
    SELECT t.* INTO v_token FROM refresh_token t WHERE t.hash = p_hash;
    SELECT t.* INTO v_successor FROM refresh_token t WHERE t.hash = p_successor AND t.session_id = v_session.id;
    IF v_token.rotated_at IS NULL THEN
      UPDATE refresh_token SET rotated_at = p_now WHERE hash = p_hash;
      INSERT INTO refresh_token (hash, session_id) VALUES (p_successor, v_session.id);
      v_outcome := 'rotated';
    ELSIF p_now <= v_token.rotated_at + p_forgiving AND NOT v_token.forgiven AND NOT v_token.after_forgiven
      AND v_successor.hash IS NOT NULL AND v_successor.rotated_at IS NULL THEN
      UPDATE refresh_token SET forgiven = (hash = p_hash), after_forgiven = (hash = p_successor)
      WHERE hash IN (p_hash, p_successor);
      v_outcome := 'forgiven';
    ELSE
      UPDATE session SET revoked_at = p_now WHERE id = v_session.id;
      v_outcome := 'reused';
    END IF;
  END IF;
  RETURN QUERY SELECT v_outcome, v_session.id, v_session.user_id, v_session.expires_at;
END
$$;
