-- A source's name stands in what the reads of its users show (net worth by source): whoever changes it calls this, in
-- the same statement. On a platform-wide connection its users are those that it brought along.
CREATE OR REPLACE FUNCTION mark_source_changed(p_source_id bigint) RETURNS void
LANGUAGE sql AS $$
  SELECT mark_users_changed(ARRAY(
    SELECT user_id FROM user_source WHERE id = p_source_id AND user_id IS NOT NULL
    UNION
    SELECT user_id FROM platform_user WHERE source_id = p_source_id
  ))
$$;
