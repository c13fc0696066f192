-- Gives a user another password and ends their log-ins, save for p_kept_session. A log-in with the former password that
-- is under way either is there when log-ins are ended, or finds the password changed (src/db/sessions.ts).
--
-- p_before: nothing is changed where the password is another one by now; null changes whatever it is. False where
-- nothing was changed.
CREATE OR REPLACE FUNCTION change_password(
  p_user_id bigint, p_before text, p_after text, p_kept_session uuid, p_remove_second_factor boolean,
  p_now timestamptz
)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE app_user SET password_hash = p_after,
    totp_secret = CASE WHEN p_remove_second_factor THEN NULL ELSE totp_secret END,
    totp_confirmed_at = CASE WHEN p_remove_second_factor THEN NULL ELSE totp_confirmed_at END,
    totp_step = CASE WHEN p_remove_second_factor THEN NULL ELSE totp_step END
  WHERE id = p_user_id AND (p_before IS NULL OR password_hash = p_before);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE session SET revoked_at = p_now
  WHERE user_id = p_user_id AND revoked_at IS NULL AND id IS DISTINCT FROM p_kept_session;
  RETURN true;
END
$$;
