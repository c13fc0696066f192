-- What a sync writes, each in one statement and under its lease.

-- One page: its rows, balances and prices, what could not be used of it, the counters of the run, and at the end of a
-- page group the cursor. Either all of it or nothing.
--
-- p_page: what ingest_page takes, or null where the page has no accounts; p_prices: [{asset, currency, day, price}].
-- p_progress: {subject, startedAt, page, groupEnd, backfill, keep, cursor, problems: [{key, request, code, error}]}.
-- `page` counts the pages of the run from 1: one that is sent again, because its answer was lost, is not counted again.
-- `keep` is false where the run repeats a dead letter, which has no part in the source's own progress: `letter` is its
-- id, and its request goes on behind the page group, or else a run that has to wait for a budget would begin it anew.
--
-- Returns the counts of the page, and whether a run of backfill should make way.
DROP FUNCTION IF EXISTS store_sync_page;
CREATE FUNCTION store_sync_page(
  p_source_id bigint, p_token uuid, p_page jsonb, p_prices jsonb, p_progress jsonb, p_now timestamptz,
  p_lease interval
)
RETURNS TABLE (added bigint, changed bigint, unchanged bigint, removed bigint, make_way boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_source user_source := hold_lease(p_source_id, p_token, p_now, p_lease);
  v_added bigint := 0;
  v_changed bigint := 0;
  v_unchanged bigint := 0;
  v_removed bigint := 0;
  v_prices record;
BEGIN
  IF p_page IS NOT NULL THEN
    SELECT coalesce(sum(i.added), 0), coalesce(sum(i.changed), 0), coalesce(sum(i.unchanged + i.stale), 0),
      coalesce(sum(i.removed), 0)
    INTO v_added, v_changed, v_unchanged, v_removed
    FROM ingest_page(p_source_id, p_page, p_now) AS i;
  END IF;
  IF jsonb_array_length(p_prices) > 0 THEN
    SELECT * INTO v_prices FROM put_prices(v_source.source_type_id, p_prices::json);
    v_added := v_added + v_prices.added;
    v_changed := v_changed + v_prices.changed;
    v_unchanged := v_unchanged + v_prices.unchanged;
  END IF;

  INSERT INTO sync_run AS r (source_id, lease_token, started_at, subject, pages, added, changed, unchanged, removed)
  VALUES (p_source_id, p_token, (p_progress->>'startedAt')::timestamptz, p_progress->>'subject',
    (p_progress->>'page')::int, v_added, v_changed, v_unchanged, v_removed)
  ON CONFLICT (lease_token) DO UPDATE
    SET pages = excluded.pages, added = r.added + excluded.added, changed = r.changed + excluded.changed,
      unchanged = r.unchanged + excluded.unchanged, removed = r.removed + excluded.removed
    WHERE r.pages < excluded.pages;

  PERFORM put_dead_letter(p_source_id, 'record', l, p_now)
  FROM jsonb_array_elements(p_progress->'problems') AS l;

  IF (p_progress->>'groupEnd')::boolean AND (p_progress->>'keep')::boolean THEN
    IF (p_progress->>'backfill')::boolean THEN
      UPDATE user_source SET backfill_cursor = p_progress->'cursor', backfill_attempts = 0 WHERE id = p_source_id;
    ELSE
      UPDATE user_source SET cursor = p_progress->'cursor' WHERE id = p_source_id;
    END IF;
  END IF;

  -- Not one that this run has opened again: its failure is where it is to begin.
  IF (p_progress->>'groupEnd')::boolean AND p_progress->>'letter' IS NOT NULL THEN
    UPDATE dead_letter SET request = jsonb_set(request, '{cursor}', p_progress->'cursor')
    WHERE id = (p_progress->>'letter')::bigint AND source_id = p_source_id AND status = 'queued';
  END IF;

  RETURN QUERY SELECT v_added, v_changed, v_unchanged, v_removed,
    (v_source.running_lane = 2 AND v_source.next_sync_at <= p_now) IS TRUE;
END
$$;

-- A letter of the same failure is brought up to date, one that was closed stays closed.
DROP FUNCTION IF EXISTS put_dead_letter;
CREATE FUNCTION put_dead_letter(p_source_id bigint, p_kind text, p_letter jsonb, p_now timestamptz) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO dead_letter AS d (
    source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at
  )
  SELECT p_source_id, p_kind, p_letter->'request', (p_letter->>'key')::uuid, p_letter->>'code', p_letter->>'error',
    coalesce((p_letter->>'attempts')::int, 1), p_now, p_now
  -- A row that somebody gave up does not come back with every sync.
  WHERE p_kind <> 'record' OR NOT EXISTS (
    SELECT 1 FROM dead_letter g
    WHERE g.source_id = p_source_id AND g.failure_key = (p_letter->>'key')::uuid AND g.status = 'discarded'
  )
  ON CONFLICT (source_id, failure_key) WHERE status IN ('open', 'queued') DO UPDATE
    SET request = excluded.request, code = excluded.code, error = excluded.error,
      attempts = d.attempts + excluded.attempts, status = 'open', updated_at = p_now
$$;

-- The end of a run: gives the lease back and says when and as what the source goes on.
--
-- p_end: {outcome: done|failed|yielded, subject, startedAt, message,
--   head: {lastSyncTime, nextSyncAt, lane, attempts, cursor}  where the head ran; cursor where it is known anew,
--   backfill: {from, to, cursor, at, attempts}                what is left of it, where that is known anew,
--   status, statusMessage                                     where it changes,
--   resolved: [id…]                                           dead letters that were run again with success,
--   reopened: [{id, code, error}]                             and those that failed again,
--   caughtUp: true                                            the head is complete: its failed fetches are done with,
--   deadLetter: {key, request, code, error, attempts}}
DROP FUNCTION IF EXISTS finish_sync;
CREATE FUNCTION finish_sync(p_source_id bigint, p_token uuid, p_end jsonb, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_head jsonb := p_end->'head';
  v_backfill jsonb := p_end->'backfill';
BEGIN
  PERFORM hold_lease(p_source_id, p_token, p_now, INTERVAL '0');

  INSERT INTO sync_run AS r (source_id, lease_token, started_at, ended_at, outcome, subject, message)
  SELECT p_source_id, p_token, (p_end->>'startedAt')::timestamptz, p_now, p_end->>'outcome', p_end->>'subject',
    p_end->>'message'
  -- One that found no room in the budget and did nothing is none.
  WHERE p_end->>'outcome' <> 'yielded' OR p_end->>'message' IS NOT NULL
    OR EXISTS (SELECT 1 FROM sync_run WHERE lease_token = p_token)
  ON CONFLICT (lease_token) DO UPDATE
    SET ended_at = excluded.ended_at, outcome = excluded.outcome, message = excluded.message;

  UPDATE dead_letter SET status = 'resolved', updated_at = p_now
  WHERE source_id = p_source_id AND (
    -- What failed again while it was run again is open by now.
    status = 'queued' AND id IN (SELECT i::bigint FROM jsonb_array_elements_text(p_end->'resolved') AS i)
    OR status IN ('open', 'queued') AND (p_end->>'caughtUp')::boolean AND kind = 'fetch' AND request->>'mode' <> 'backfill'
  );
  UPDATE dead_letter d
  SET status = 'open', code = r->>'code', error = r->>'error', attempts = attempts + 1, updated_at = p_now
  FROM jsonb_array_elements(p_end->'reopened') AS r
  WHERE d.id = (r->>'id')::bigint AND d.source_id = p_source_id AND d.status = 'queued';
  IF p_end->'deadLetter' <> 'null' THEN
    PERFORM put_dead_letter(p_source_id, 'fetch', p_end->'deadLetter', p_now);
  END IF;

  UPDATE user_source u
  SET lease_token = NULL, lease_until = NULL, running_lane = NULL,
    -- Not what a notification or its owner asked for while it ran: that is another sync.
    next_sync_at = CASE
      WHEN v_head IS NULL THEN u.next_sync_at
      WHEN u.next_sync_at > (p_end->>'startedAt')::timestamptz THEN u.next_sync_at
      ELSE (v_head->>'nextSyncAt')::timestamptz
    END,
    lane = CASE
      WHEN v_head IS NULL OR u.next_sync_at > (p_end->>'startedAt')::timestamptz THEN u.lane
      ELSE (v_head->>'lane')::smallint
    END,
    last_sync_time = coalesce((v_head->>'lastSyncTime')::timestamptz, u.last_sync_time),
    attempts = coalesce((v_head->>'attempts')::int, u.attempts),
    cursor = CASE WHEN v_head ? 'cursor' THEN v_head->'cursor' ELSE u.cursor END,
    backfill_from = CASE WHEN v_backfill IS NULL THEN u.backfill_from ELSE (v_backfill->>'from')::date END,
    backfill_to = CASE WHEN v_backfill IS NULL THEN u.backfill_to ELSE (v_backfill->>'to')::date END,
    backfill_cursor = CASE WHEN v_backfill ? 'cursor' THEN v_backfill->'cursor' ELSE u.backfill_cursor END,
    backfill_attempts = coalesce((v_backfill->>'attempts')::int, u.backfill_attempts),
    backfill_at = CASE
      WHEN v_backfill IS NULL THEN u.backfill_at
      WHEN v_backfill->>'from' IS NOT NULL THEN (v_backfill->>'at')::timestamptz
      -- Nothing left, but letters that are to be run again.
      WHEN EXISTS (
        SELECT 1 FROM dead_letter d
        WHERE d.source_id = u.id AND d.status = 'queued' AND (d.kind = 'record' OR d.request->>'mode' = 'backfill')
      )
        THEN coalesce((v_backfill->>'at')::timestamptz, p_now)
    END,
    -- Not that of a source which was paused or removed while it ran.
    status = CASE WHEN u.status = 'active' THEN coalesce(p_end->>'status', u.status) ELSE u.status END,
    status_message = CASE
      WHEN u.status <> 'active' OR NOT p_end ? 'statusMessage' THEN u.status_message
      -- A provider's own warning (accept_hints) holds until its owner has acted, however well syncs go.
      WHEN p_end->>'statusMessage' IS NULL AND u.status_message LIKE 'the provider says %' THEN u.status_message
      ELSE p_end->>'statusMessage'
    END
  WHERE u.id = p_source_id;
END
$$;

-- Makes sources due at once because somebody waits for them. Paused ones and those that need their owner stay.
DROP FUNCTION IF EXISTS request_sync;
CREATE FUNCTION request_sync(p_source_ids bigint[], p_now timestamptz) RETURNS bigint
LANGUAGE sql AS $$
  WITH requested AS (
    UPDATE user_source SET next_sync_at = CASE WHEN running_lane < 2 THEN p_now ELSE least(next_sync_at, p_now) END,
      lane = 0
    WHERE id = ANY (p_source_ids) AND status = 'active' AND next_sync_at IS NOT NULL
    RETURNING 1
  )
  SELECT count(*) FROM requested
$$;
