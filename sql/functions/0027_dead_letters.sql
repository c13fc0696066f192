-- What the owner of a source does with one of its dead letters, or an operator with those of everyone's sources. An
-- operator says so by p_everyone: with neither that nor a user there is no letter at all. Both return the status that the
-- letter had, and change it only where it was open or queued; null where there is no such letter, or it is somebody
-- else's.

-- Their parameters have changed before: each is made anew.
DROP FUNCTION IF EXISTS retry_dead_letter;
DROP FUNCTION IF EXISTS discard_dead_letter;

-- Queues it to be run again, and makes its source due for that. A failed fetch of the head is run again by the head
-- itself, which goes on from where it stands. Behind the lock of the source's row, as all that syncs write is.
CREATE OR REPLACE FUNCTION retry_dead_letter(
  p_letter_id bigint, p_now timestamptz, p_user_id bigint DEFAULT NULL, p_everyone boolean DEFAULT false
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_letter dead_letter;
  v_of_head boolean;
BEGIN
  PERFORM 1 FROM dead_letter d JOIN user_source s ON s.id = d.source_id
  WHERE (p_everyone OR s.user_id = p_user_id) AND d.id = p_letter_id AND s.status <> 'removed'
  FOR UPDATE OF s;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT * INTO v_letter FROM dead_letter WHERE id = p_letter_id FOR UPDATE;
  IF v_letter.status = 'open' THEN
    UPDATE dead_letter SET status = 'queued', updated_at = p_now WHERE id = p_letter_id;
    v_of_head := v_letter.kind = 'fetch' AND v_letter.request->>'mode' <> 'backfill';
    UPDATE user_source
    SET backfill_at = CASE WHEN v_of_head THEN backfill_at ELSE least(backfill_at, p_now) END,
      next_sync_at = CASE WHEN v_of_head THEN p_now ELSE next_sync_at END,
      lane = CASE WHEN v_of_head THEN 0 ELSE lane END
    WHERE id = v_letter.source_id;
  END IF;
  RETURN v_letter.status;
END
$$;

-- Closes it without running it again.
CREATE OR REPLACE FUNCTION discard_dead_letter(
  p_letter_id bigint, p_now timestamptz, p_user_id bigint DEFAULT NULL, p_everyone boolean DEFAULT false
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_status text;
BEGIN
  SELECT d.status INTO v_status FROM dead_letter d JOIN user_source s ON s.id = d.source_id
  WHERE (p_everyone OR s.user_id = p_user_id) AND d.id = p_letter_id AND s.status <> 'removed'
  FOR UPDATE OF d;
  IF v_status IN ('open', 'queued') THEN
    UPDATE dead_letter SET status = 'discarded', updated_at = p_now WHERE id = p_letter_id;
  END IF;
  RETURN v_status;
END
$$;
