-- Keeps the rows that Tidemark itself writes, and the comparison of reported with folded balances, equal to a
-- function of what is stored: the same facts give the same opening, in whatever order they came.
--
-- For one asset of an account, over its rows of reconciliation ordered by day:
--   entries(d)      the provider's own posted rows up to the end of day d
--   opening         reported - entries at the first of them, unless that one was set by hand: an account of which
--                   only the later history is known meets its first reported balance
--   revaluation(k)  what lifts the fold to the k-th balance set by hand: (set - entries) at k, less the same at
--                   the one before, or less the opening
--   folded(d)       entries(d) plus the opening and the revaluations up to d
-- Later reported balances are compared and never met by force: their difference is shown.

-- Brings entries and folded up to date, the former from p_from_day on, and returns the opening and the revaluations
-- as they must be: upserts, and deletions of those that are not needed any more.
CREATE OR REPLACE FUNCTION settle_balances(p_user_id bigint, p_account_id bigint, p_asset text, p_from_day date)
RETURNS page_change[]
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_own_ids uuid[];
  v_last_day date;
  v_base record;
  v_first reconciliation;
  v_opening numeric := 0;
  v_first_entry date;
  v_opening_day date;
  v_opening_moves boolean;
BEGIN
  SELECT max(day), ARRAY[opening_id(p_account_id, p_asset)] || coalesce(
    array_agg(revaluation_id(p_account_id, p_asset, day)) FILTER (WHERE edge = 'set'), '{}'
  )
  INTO v_last_day, v_own_ids
  FROM reconciliation WHERE account_id = p_account_id AND asset = p_asset;
  IF v_last_day IS NULL THEN
    RETURN '{}';
  END IF;

  -- Sums start at the last comparison that the change cannot have moved, or at the beginning.
  SELECT day, entries INTO v_base
  FROM reconciliation
  WHERE account_id = p_account_id AND asset = p_asset AND day < p_from_day
  ORDER BY day DESC LIMIT 1;

  UPDATE reconciliation r SET entries = s.entries
  FROM (
    SELECT day, coalesce(v_base.entries, 0) + sum(sum(amount)) OVER (ORDER BY day) AS entries
    FROM (
      SELECT booked_on AS day, amount FROM transaction
      WHERE user_id = p_user_id AND account_id = p_account_id AND asset = p_asset AND status = 'posted'
        AND booked_on > coalesce(v_base.day, '-infinity') AND booked_on <= v_last_day
        AND id <> ALL (v_own_ids)
      UNION ALL
      SELECT day, 0 FROM reconciliation
      WHERE account_id = p_account_id AND asset = p_asset AND day > coalesce(v_base.day, '-infinity')
    ) AS flow
    GROUP BY day
  ) AS s
  WHERE r.account_id = p_account_id AND r.asset = p_asset AND r.day = s.day AND r.entries <> s.entries;

  SELECT * INTO v_first FROM reconciliation
  WHERE account_id = p_account_id AND asset = p_asset
  ORDER BY day, edge LIMIT 1;

  IF v_first.edge <> 'set' THEN
    v_opening := v_first.reported - v_first.entries;
  END IF;
  -- Rows behind the first comparison and behind the first entry move nothing of the opening: most pages leave here
  -- without a look into every chunk.
  SELECT booked_on INTO v_opening_day FROM transaction_ref
  WHERE user_id = p_user_id AND id = opening_id(p_account_id, p_asset);
  v_opening_moves := p_from_day <= greatest(v_first.day, v_opening_day + 1);
  IF v_opening_moves AND v_opening <> 0 THEN
    SELECT min(booked_on) INTO v_first_entry FROM transaction
    WHERE user_id = p_user_id AND account_id = p_account_id AND asset = p_asset AND status = 'posted'
      AND id <> ALL (v_own_ids);
  END IF;

  UPDATE reconciliation r SET folded = s.folded
  FROM (
    SELECT c.day, c.edge, c.entries + coalesce(b.reported - b.entries, v_opening) AS folded
    FROM (
      SELECT day, edge, entries, max(day) FILTER (WHERE edge = 'set') OVER (ORDER BY day) AS set_day
      FROM reconciliation
      WHERE account_id = p_account_id AND asset = p_asset
    ) AS c
    LEFT JOIN reconciliation b
      ON b.account_id = p_account_id AND b.asset = p_asset AND b.edge = 'set' AND b.day = c.set_day
    WHERE v_opening_moves OR c.day >= p_from_day
  ) AS s
  WHERE r.account_id = p_account_id AND r.asset = p_asset AND r.day = s.day AND r.edge = s.edge
    AND r.folded <> s.folded;

  RETURN ARRAY(
    SELECT ROW(
      w.op, 0, p_user_id, p_account_id, w.id, w.day, NULL, w.amount, p_asset, w.kind, 'posted', w.description,
      NULL, NULL, NULL, w.digest, r.booked_on,
      change_outcome(w.op, 0, w.digest, r.booked_on, r.version, r.digest, r.replaced)
    )::page_change
    FROM (
      SELECT o.*, CASE WHEN o.day IS NULL THEN 'delete' ELSE 'upsert' END AS op,
        md5((o.day - DATE '2000-01-01')::text || ' ' || trim_scale(o.amount)::text)::uuid AS digest
      FROM (
        SELECT opening_id(p_account_id, p_asset) AS id,
          CASE WHEN v_opening <> 0 THEN least(v_first_entry - 1, v_first.day) END AS day,
          v_opening AS amount, 'opening' AS kind, 'Opening balance' AS description
        WHERE v_opening_moves
        UNION ALL
        SELECT revaluation_id(p_account_id, p_asset, v.day), CASE WHEN v.amount <> 0 THEN v.day END,
          v.amount, 'revaluation', 'Balance set by hand'
        FROM (
          SELECT day, reported - entries - lag(reported - entries, 1, v_opening) OVER (ORDER BY day) AS amount
          FROM reconciliation
          WHERE account_id = p_account_id AND asset = p_asset AND edge = 'set'
        ) AS v
      ) AS o
    ) AS w
    LEFT JOIN transaction_ref r ON r.user_id = p_user_id AND r.id = w.id
  );
END
$$;

-- Settles what follows from changes, once for each asset of an account. The accounts are locked.
CREATE OR REPLACE FUNCTION settle_touched(p_touched touched_asset[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_asset touched_asset;
  v_own page_change[] := '{}';
BEGIN
  FOR v_asset IN
    SELECT t.user_id, t.account_id, t.asset, min(t.from_day) FROM unnest(p_touched) AS t
    GROUP BY t.user_id, t.account_id, t.asset ORDER BY t.account_id, t.asset
  LOOP
    v_own := v_own || settle_balances(v_asset.user_id, v_asset.account_id, v_asset.asset, v_asset.from_day);
  END LOOP;
  PERFORM apply_changes(ARRAY(SELECT o FROM unnest(v_own) AS o WHERE o.outcome <> 'unchanged'), p_now);
END
$$;
