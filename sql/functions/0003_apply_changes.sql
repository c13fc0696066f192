-- Writes resolved changes: rows that are new, that say something else than before or lie on another day, and ids
-- whose row goes. transaction_ref tells where the earlier row lies, so that a row which moves is deleted there and
-- inserted here by the same statement, compressed or not: an UPDATE cannot move a row between chunks.
DROP TYPE IF EXISTS page_change CASCADE;
CREATE TYPE page_change AS (
  op text,
  version bigint,
  user_id bigint,
  account_id bigint,
  id uuid,
  booked_on date,
  occurred_at timestamptz,
  amount numeric,
  asset text,
  kind text,
  status text,
  description text,
  counterparty text,
  category text,
  group_id uuid,
  -- what the row says, without when it was learned
  digest uuid,
  -- where the id lies now
  old_day date,
  -- see change_outcome
  outcome text
);

-- The part of an asset's history that a write may have moved, from its first day on.
DROP TYPE IF EXISTS touched_asset CASCADE;
CREATE TYPE touched_asset AS (user_id bigint, account_id bigint, asset text, from_day date);

-- The limit on decompressed rows would refuse a long back-dated page, and what concerns a whole month. Another server does
-- not know the setting, and lets only a superuser invent it.
CREATE OR REPLACE FUNCTION allow_decompression() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regprocedure('_timescaledb_functions.tsl_loaded()') IS NOT NULL THEN
    PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
  END IF;
END
$$;

-- Ids must be unique within the call. Returns what was touched, both where rows were and where they are.
CREATE OR REPLACE FUNCTION apply_changes(p_changes page_change[], p_now timestamptz) RETURNS touched_asset[]
LANGUAGE plpgsql
-- A generic plan of a DELETE on columnstore chunks ignores its parameters and decompresses everything
-- (TimescaleDB <= 2.28).
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_places record;
  v_vacated touched_asset[];
  v_touched touched_asset[] := '{}';
BEGIN
  PERFORM ensure_transaction_partitions(ARRAY(SELECT DISTINCT booked_on FROM unnest(p_changes) WHERE booked_on IS NOT NULL));
  PERFORM allow_decompression();

  -- One delete a user and month, which names its days as constants, so that the planner opens the chunks of those
  -- days and the batches of that user only.
  FOR v_places IN
    SELECT user_id, min(old_day) AS first_day, max(old_day) AS last_day, array_agg(id) AS ids
    FROM unnest(p_changes)
    WHERE outcome IN ('changed', 'removed')
    GROUP BY user_id, month_start(old_day)
    ORDER BY user_id, first_day
  LOOP
    WITH gone AS (
      DELETE FROM transaction t
      WHERE t.user_id = v_places.user_id
        AND t.booked_on BETWEEN v_places.first_day AND v_places.last_day
        AND t.id = ANY (v_places.ids)
      RETURNING t.user_id, t.account_id, t.asset, t.booked_on
    )
    SELECT array_agg(ROW(g.*)::touched_asset) INTO v_vacated FROM gone g;
    IF coalesce(cardinality(v_vacated), 0) <> cardinality(v_places.ids) THEN
      RAISE EXCEPTION 'transaction_ref names % rows of user % between % and %, of which % are there',
        cardinality(v_places.ids), v_places.user_id, v_places.first_day, v_places.last_day,
        coalesce(cardinality(v_vacated), 0)
        USING ERRCODE = 'data_corrupted';
    END IF;
    v_touched := v_touched || v_vacated;
  END LOOP;

  INSERT INTO transaction (
    user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description, counterparty,
    category, group_id, recorded_at
  )
  SELECT user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description, counterparty,
    category, group_id, p_now
  FROM unnest(p_changes)
  WHERE outcome IN ('added', 'changed');

  INSERT INTO transaction_ref AS r (user_id, id, booked_on, digest, version, replaced, gone_on)
  SELECT user_id, id, booked_on, digest, version, op = 'replace', CASE WHEN booked_on IS NULL THEN p_now::date END
  FROM unnest(p_changes)
  WHERE outcome IN ('added', 'changed', 'removed', 'absent', 'unchanged')
  ON CONFLICT (user_id, id) DO UPDATE
    SET booked_on = excluded.booked_on, digest = excluded.digest,
      version = greatest(r.version, excluded.version), replaced = excluded.replaced, gone_on = excluded.gone_on
    WHERE (r.booked_on, r.digest, r.replaced) IS DISTINCT FROM (excluded.booked_on, excluded.digest, excluded.replaced)
      OR r.version < excluded.version;

  v_touched := v_touched || ARRAY(
    SELECT ROW(user_id, account_id, asset, booked_on)::touched_asset
    FROM unnest(p_changes) WHERE outcome IN ('added', 'changed')
  );
  PERFORM mark_rollup_dirty(d.user_id, d.from_day)
  FROM (SELECT user_id, min(from_day) AS from_day FROM unnest(v_touched) GROUP BY user_id ORDER BY user_id) AS d;
  RETURN v_touched;
END
$$;
