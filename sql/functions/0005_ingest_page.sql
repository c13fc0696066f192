-- The users to whom the accounts of a platform-wide source belong, in the order of p_accounts; who is new is made a
-- user, without an address, whom the provider's identity finds. Behind the lock of the source's row.
CREATE OR REPLACE FUNCTION provision_owners(p_source_id bigint, p_accounts jsonb) RETURNS bigint[]
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM user_source WHERE id = p_source_id FOR UPDATE;
  WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('app_user', 'id')) AS user_id, o.owner, o.currency
    FROM (
      SELECT p->>'owner' AS owner, min(p->>'ownerCurrency') AS currency FROM jsonb_array_elements(p_accounts) AS p
      GROUP BY p->>'owner'
    ) AS o
    WHERE o.owner IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM platform_user u WHERE u.source_id = p_source_id AND u.external_id = o.owner)
  ), made AS (
    INSERT INTO app_user (id, base_currency) OVERRIDING SYSTEM VALUE
    SELECT user_id, coalesce(currency, 'EUR') FROM fresh
  )
  INSERT INTO platform_user (source_id, external_id, user_id) SELECT p_source_id, owner, user_id FROM fresh;

  RETURN ARRAY(
    SELECT u.user_id FROM jsonb_array_elements(p_accounts) WITH ORDINALITY AS p
    LEFT JOIN platform_user u ON u.source_id = p_source_id AND u.external_id = p.value->>'owner'
    ORDER BY p.ordinality
  );
END
$$;

-- The only way into transaction: one page of a source, whole or not at all, since a single call is a single
-- statement. Makes the page's accounts, applies its changes, records the balances that it reports and settles what
-- follows from them.
--
-- p_page, as src/db/page-encoding.ts makes it:
--   {accounts: [{externalId, kind, name, owner, ownerCurrency}],
--    days: one of every month that it may write to,
--    columns: {id, digest, op, version, account, bookedOn, occurredAt, amount, asset, kind, status, description,
--              counterparty, category, groupId},
--    constants: {…},
--    balances: [{account, asset, day, edge, amount, sequence}],
--    completed: [{account, from, to, ids}]}
-- account is an index into accounts, from 0. The changes go by column: each is one text of its values separated by
-- DEL (U+007F), which no cleaned text holds, an empty one standing for null. A column of which all values are equal
-- stands in constants instead. Splitting texts costs a quarter of what an object a row would. Ids are unique within
-- a page. digest tells what a row says; of op replace, it is the id of the row that takes the place, to which
-- annotations follow. completed names all rows of an account between both days: others that are stored there go.
-- Returns one row per account of the page.
--
-- The rows are those of the source's user; on a platform-wide source, of each account's owner, who is made a user when
-- they are first heard of.
CREATE OR REPLACE FUNCTION ingest_page(p_source_id bigint, p_page jsonb, p_now timestamptz)
RETURNS TABLE (
  external_id text,
  account_id bigint,
  added bigint,
  changed bigint,
  unchanged bigint,
  removed bigint,
  stale bigint
)
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
  v_user_id bigint;
  -- Of each account of the page, in its order.
  v_user_ids bigint[];
  v_columns jsonb := p_page->'columns';
  -- The columns of which all values are equal.
  v_same record;
  v_account_ids bigint[];
  v_ids uuid[];
  v_id_user_ids bigint[];
  v_counts jsonb;
  v_rest page_change[];
  v_window record;
  v_balance record;
  -- Of each balance in the middle of a day, by its place: what is known of that day and later.
  v_since numeric[];
  v_touched touched_asset[];
  v_changed_accounts bigint;
BEGIN
  SELECT user_id INTO STRICT v_user_id FROM user_source WHERE id = p_source_id;
  IF v_user_id IS NULL THEN
    v_user_ids := provision_owners(p_source_id, p_page->'accounts');
  ELSE
    v_user_ids := array_fill(v_user_id, ARRAY[jsonb_array_length(p_page->'accounts')]);
  END IF;

  -- Before the accounts are locked: whoever makes a partition shuts out others who would, and they may hold accounts.
  PERFORM ensure_transaction_partitions(ARRAY(SELECT d::date FROM jsonb_array_elements_text(p_page->'days') AS d));

  INSERT INTO account AS a (user_id, source_id, external_id, kind, name)
  SELECT v_user_ids[p.ordinality], p_source_id, p.value->>'externalId', coalesce(p.value->>'kind', 'other'),
    coalesce(p.value->>'name', p.value->>'externalId')
  FROM jsonb_array_elements(p_page->'accounts') WITH ORDINALITY AS p
  ORDER BY p.value->>'externalId'
  -- A name and a kind that are known only now take the place of the defaults, never of what was known.
  ON CONFLICT ON CONSTRAINT account_external_id DO UPDATE
    SET name = CASE WHEN a.name = a.external_id THEN excluded.name ELSE a.name END,
      kind = CASE WHEN a.kind = 'other' THEN excluded.kind ELSE a.kind END
    WHERE (a.name = a.external_id AND excluded.name <> a.name) OR (a.kind = 'other' AND excluded.kind <> a.kind);
  GET DIAGNOSTICS v_changed_accounts = ROW_COUNT;

  SELECT array_agg(a.id ORDER BY p.ordinality) INTO v_account_ids
  FROM jsonb_array_elements(p_page->'accounts') WITH ORDINALITY AS p
  JOIN account a ON a.source_id = p_source_id AND a.user_id = v_user_ids[p.ordinality]
    AND a.external_id = p.value->>'externalId';

  -- Writers of one account wait for each other here, in one order, and only then look at what is stored.
  PERFORM 1 FROM account WHERE id = ANY (v_account_ids) ORDER BY id FOR UPDATE;

  v_ids := string_to_array(v_columns->>'id', E'\x7f')::uuid[];
  -- The user of each id.
  v_id_user_ids := CASE
    WHEN v_columns->>'account' IS NULL THEN
      array_fill(v_user_ids[(p_page->'constants'->>'account')::int + 1], ARRAY[coalesce(cardinality(v_ids), 0)])
    ELSE ARRAY(
      SELECT v_user_ids[a.account::int + 1]
      FROM unnest(string_to_array(v_columns->>'account', E'\x7f')) WITH ORDINALITY AS a (account, ordinality)
      ORDER BY a.ordinality
    )
  END;
  PERFORM refuse_archived_page(v_id_user_ids, v_ids, p_page->'completed', v_user_ids, v_account_ids);

  SELECT * INTO v_same FROM (
    SELECT c->>'op' AS op, (c->>'version')::bigint AS version, (c->>'account')::int AS account,
      (c->>'bookedOn')::date AS booked_on, (c->>'occurredAt')::timestamptz AS occurred_at,
      (c->>'amount')::numeric AS amount, c->>'asset' AS asset, c->>'kind' AS kind, c->>'status' AS status,
      c->>'description' AS description, c->>'counterparty' AS counterparty, c->>'category' AS category,
      (c->>'groupId')::uuid AS group_id, (c->>'digest')::uuid AS digest
    FROM (SELECT p_page->'constants' AS c) AS constants
  ) AS same;

  -- Rows of unknown ids, nearly all of most pages, are written right here; the others are handed to apply_changes.
  WITH given AS MATERIALIZED (
    SELECT c.*, r.booked_on AS old_day, r.id IS NOT NULL AS known,
      change_outcome(c.op, c.version, c.digest, r.booked_on, r.version, r.digest, r.replaced) AS outcome
    FROM (
      SELECT
        u.id,
        coalesce(u.op, v_same.op) AS op,
        coalesce(u.version, v_same.version, 0) AS version,
        v_account_ids[coalesce(u.account, v_same.account) + 1] AS account_id,
        v_user_ids[coalesce(u.account, v_same.account) + 1] AS user_id,
        coalesce(u.booked_on, v_same.booked_on) AS booked_on,
        coalesce(u.occurred_at, v_same.occurred_at) AS occurred_at,
        coalesce(u.amount, v_same.amount) AS amount,
        coalesce(u.asset, v_same.asset) AS asset,
        coalesce(u.kind, v_same.kind) AS kind,
        coalesce(u.status, v_same.status) AS status,
        coalesce(u.description, v_same.description) AS description,
        coalesce(u.counterparty, v_same.counterparty) AS counterparty,
        coalesce(u.category, v_same.category) AS category,
        coalesce(u.group_id, v_same.group_id) AS group_id,
        coalesce(u.digest, v_same.digest) AS digest
      FROM unnest(
        v_ids,
        string_to_array(v_columns->>'digest', E'\x7f', '')::uuid[],
        string_to_array(v_columns->>'op', E'\x7f'),
        string_to_array(v_columns->>'version', E'\x7f', '')::bigint[],
        string_to_array(v_columns->>'account', E'\x7f')::int[],
        string_to_array(v_columns->>'bookedOn', E'\x7f', '')::date[],
        string_to_array(v_columns->>'occurredAt', E'\x7f', '')::timestamptz[],
        string_to_array(v_columns->>'amount', E'\x7f', '')::numeric[],
        string_to_array(v_columns->>'asset', E'\x7f', ''),
        string_to_array(v_columns->>'kind', E'\x7f', ''),
        string_to_array(v_columns->>'status', E'\x7f', ''),
        string_to_array(v_columns->>'description', E'\x7f', ''),
        string_to_array(v_columns->>'counterparty', E'\x7f', ''),
        string_to_array(v_columns->>'category', E'\x7f', ''),
        string_to_array(v_columns->>'groupId', E'\x7f', '')::uuid[]
      ) AS u (
        id, digest, op, version, account, booked_on, occurred_at, amount, asset, kind, status, description,
        counterparty, category, group_id
      )
    ) AS c
    -- One by one, by the whole key: a plan that went through all ids of the user would do so for every row.
    LEFT JOIN LATERAL (
      SELECT id, booked_on, version, digest, replaced FROM transaction_ref
      WHERE user_id = c.user_id AND id = c.id LIMIT 1
    ) AS r ON true
  ), new_row AS (
    INSERT INTO transaction (
      user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description, counterparty,
      category, group_id, recorded_at
    )
    SELECT user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description, counterparty,
      category, group_id, p_now
    FROM given WHERE outcome = 'added' AND NOT known
  ), new_ref AS (
    INSERT INTO transaction_ref (user_id, id, booked_on, digest, version)
    SELECT user_id, id, booked_on, digest, version
    FROM given WHERE outcome = 'added' AND NOT known
  ), late AS (
    -- What comes to months that were, or are being, archived is archived later: see begin_archive_month.
    INSERT INTO archive_late (user_id, month)
    SELECT DISTINCT user_id, month_start(booked_on) FROM given
    WHERE outcome IN ('added', 'changed') AND month_start(booked_on) IN (SELECT month FROM archive_month)
  )
  SELECT
    (SELECT jsonb_object_agg(n.key, n.count) FROM (
      SELECT account_id || outcome AS key, count(*) AS count FROM given GROUP BY account_id, outcome
    ) AS n),
    ARRAY(
      SELECT ROW(user_id, account_id, asset, min(booked_on))::touched_asset
      FROM given WHERE outcome = 'added' AND NOT known GROUP BY user_id, account_id, asset
    ),
    ARRAY(
      SELECT ROW(
        op, version, user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description,
        counterparty, category, group_id, digest, old_day, outcome
      )::page_change
      FROM given
      WHERE known AND outcome IN ('added', 'changed', 'removed') OR outcome = 'absent'
        OR outcome = 'unchanged' AND version > 0
    )
  INTO v_counts, v_touched, v_rest;

  PERFORM mark_rollup_dirty(d.user_id, d.from_day)
  FROM (SELECT user_id, min(from_day) AS from_day FROM unnest(v_touched) GROUP BY user_id ORDER BY user_id) AS d;
  IF cardinality(v_rest) > 0 THEN
    v_touched := v_touched || apply_changes(v_rest, p_now);
    IF EXISTS (SELECT 1 FROM unnest(v_rest) AS c WHERE c.op = 'replace') THEN
      PERFORM follow_annotations(v_rest);
    END IF;
  END IF;

  -- Only now, behind the page's own changes: a row that they moved out of the days is not gone. One window after the
  -- other, each planned for its own user and days: only their chunks are opened.
  IF jsonb_array_length(coalesce(p_page->'completed', '[]')) > 0 THEN
    v_rest := '{}';
    FOR v_window IN
      SELECT v_user_ids[c.account + 1] AS user_id, v_account_ids[c.account + 1] AS account_id,
        c.from AS first_day, c.to AS last_day, c.ids
      FROM jsonb_to_recordset(p_page->'completed') AS c (account int, "from" date, "to" date, ids uuid[])
    LOOP
      v_rest := v_rest || ARRAY(
        SELECT ROW(
          'delete', r.version, t.user_id, t.account_id, t.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
          NULL, NULL, t.booked_on, 'removed'
        )::page_change
        FROM transaction t
        JOIN transaction_ref r ON r.user_id = t.user_id AND r.id = t.id
        WHERE t.user_id = v_window.user_id AND t.account_id = v_window.account_id
          AND t.booked_on BETWEEN v_window.first_day AND v_window.last_day
          -- Hashed once: a first sync says thousands.
          AND t.id NOT IN (SELECT unnest(v_window.ids))
          AND t.id <> opening_id(t.account_id, t.asset) AND t.id <> revaluation_id(t.account_id, t.asset, t.booked_on)
      );
    END LOOP;
    IF cardinality(v_rest) > 0 THEN
      v_touched := v_touched || apply_changes(v_rest, p_now);
      SELECT coalesce(v_counts, '{}') || jsonb_object_agg(
        g.account_id || 'removed', g.count + coalesce((v_counts->>(g.account_id || 'removed'))::bigint, 0)
      )
      INTO v_counts
      FROM (SELECT account_id, count(*) AS count FROM unnest(v_rest) GROUP BY account_id) AS g;
    END IF;
  END IF;

  IF jsonb_array_length(coalesce(p_page->'balances', '[]')) > 0 THEN
    -- A balance in the middle of a day, less the rows of that day and later that are known with it, is what the day before
    -- closed with; rows of the day that arrive later do not move it. Planned for its own day each: only the chunks from
    -- there on are opened.
    FOR v_balance IN
      SELECT v_user_ids[b.account + 1] AS user_id, v_account_ids[b.account + 1] AS account_id, b.asset, b.day, b.ordinality
      FROM ROWS FROM (jsonb_to_recordset(p_page->'balances') AS (account int, asset text, day date, edge text))
        WITH ORDINALITY AS b
      WHERE b.edge = 'now'
    LOOP
      v_since[v_balance.ordinality] := (
        SELECT sum(t.amount) FROM transaction t
        WHERE t.user_id = v_balance.user_id AND t.account_id = v_balance.account_id
          AND t.asset = v_balance.asset AND t.status = 'posted' AND t.booked_on >= v_balance.day
          AND t.id <> opening_id(t.account_id, t.asset) AND t.id <> revaluation_id(t.account_id, t.asset, t.booked_on)
      );
    END LOOP;

    -- Of several statements on one day, the first one's opening and the last one's closing hold for the day.
    WITH told AS (
      SELECT b.account, b.asset, b.sequence, b.ordinality,
        CASE b.edge WHEN 'now' THEN b.day - 1 ELSE b.day END AS day,
        CASE b.edge WHEN 'now' THEN 'close' ELSE b.edge END AS edge,
        b.amount - coalesce(v_since[b.ordinality], 0) AS amount
      FROM ROWS FROM (jsonb_to_recordset(p_page->'balances') AS (
        account int, asset text, day date, edge text, amount numeric, sequence bigint
      )) WITH ORDINALITY AS b
    ), reported AS (
      SELECT DISTINCT ON (b.account, b.asset, b.day, b.edge)
        v_account_ids[b.account + 1] AS account_id, v_user_ids[b.account + 1] AS user_id, b.asset, b.day, b.edge,
        b.amount, coalesce(b.sequence, 0) AS sequence
      FROM told b
      ORDER BY b.account, b.asset, b.day, b.edge,
        CASE WHEN b.edge = 'open' THEN coalesce(b.sequence, 0) ELSE -coalesce(b.sequence, 0) END, b.ordinality DESC
    ), written AS (
      INSERT INTO reconciliation AS r (user_id, account_id, asset, day, edge, reported, sequence, recorded_at)
      SELECT b.user_id, b.account_id, b.asset, b.day, b.edge, b.amount, b.sequence, p_now
      FROM reported b
      ON CONFLICT ON CONSTRAINT reconciliation_account_id_asset_day_edge_pk DO UPDATE
        SET reported = excluded.reported, sequence = excluded.sequence, recorded_at = excluded.recorded_at
        WHERE (r.reported, r.sequence) IS DISTINCT FROM (excluded.reported, excluded.sequence)
          AND CASE WHEN r.edge = 'open' THEN excluded.sequence <= r.sequence ELSE excluded.sequence >= r.sequence END
      RETURNING r.user_id, r.account_id, r.asset, r.day
    )
    SELECT v_touched || array_agg(ROW(w.user_id, w.account_id, w.asset, w.day)::touched_asset) INTO v_touched
    FROM written w;
  END IF;

  IF EXISTS (SELECT 1 FROM reconciliation WHERE account_id = ANY (v_account_ids)) THEN
    PERFORM settle_touched(v_touched, p_now);
  END IF;

  IF v_changed_accounts > 0 THEN
    PERFORM mark_users_changed(v_user_ids);
  ELSIF cardinality(v_touched) > 0 THEN
    PERFORM mark_users_changed(ARRAY(SELECT user_id FROM unnest(v_touched)));
  END IF;

  RETURN QUERY
  SELECT a.external_id, a.id,
    coalesce((v_counts->>(a.id || 'added'))::bigint, 0), coalesce((v_counts->>(a.id || 'changed'))::bigint, 0),
    coalesce((v_counts->>(a.id || 'unchanged'))::bigint, 0), coalesce((v_counts->>(a.id || 'removed'))::bigint, 0),
    coalesce((v_counts->>(a.id || 'stale'))::bigint, 0)
  FROM account a
  WHERE a.id = ANY (v_account_ids)
  ORDER BY a.id;
END
$$;
