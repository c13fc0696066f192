-- Transactions as they are listed: what the provider says, and in its place or beside it what the user says
-- (transaction_annotation). `manual`: entered by hand, on an account of a source of that type; openings and
-- revaluations, which Tidemark writes itself, are not.
DROP TYPE IF EXISTS listed_transaction CASCADE;
CREATE TYPE listed_transaction AS (
  id uuid,
  account_id bigint,
  booked_on date,
  occurred_at timestamptz,
  amount numeric,
  asset text,
  kind text,
  status text,
  description text,
  counterparty text,
  category text,
  note text,
  tags text[],
  transfer boolean,
  excluded boolean,
  manual boolean,
  group_id uuid,
  recorded_at timestamptz
);

-- The first p_limit rows of p_filter between both days, newest first, behind p_after. Planned anew each time, with
-- everything as a constant: only the chunks of those days are opened, and a filter that is not there costs nothing.
--
-- p_filter, of which everything may be missing: {id, asset, kind, status, min, max, category, tag, text}; text is
-- looked for literally, in upper and lower case, in descriptions, counterparties, notes and categories.
--
-- p_archived: transactions of these days that lie in the archive (sql/functions/0034_archive_detail.sql), or null; rows
-- that stand for archived ones are none themselves.
DROP FUNCTION IF EXISTS transactions_between;
CREATE FUNCTION transactions_between(
  p_user_ids bigint[], p_account_ids bigint[], p_first_day date, p_last_day date, p_filter jsonb,
  p_after jsonb, p_limit int, p_archived archived_transaction[] DEFAULT NULL
)
RETURNS SETOF listed_transaction
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY EXECUTE replace($query$
    SELECT t.id, t.account_id, t.booked_on, t.occurred_at, t.amount, t.asset, t.kind, t.status, t.description,
      t.counterparty, coalesce(n.category, t.category), n.note, coalesce(n.tags, '{}'), n.transfer,
      coalesce(n.excluded, false),
      EXISTS (
        SELECT 1 FROM account a JOIN user_source s ON s.id = a.source_id
        WHERE a.id = t.account_id AND s.source_type_id = 'manual'
          AND t.id <> opening_id(t.account_id, t.asset) AND t.id <> revaluation_id(t.account_id, t.asset, t.booked_on)
      ),
      t.group_id, t.recorded_at
    FROM (
      SELECT t.*
      FROM {transaction} t
      LEFT JOIN transaction_annotation n ON n.user_id = t.user_id AND n.transaction_id = t.id
      WHERE t.user_id = ANY ($1) AND t.account_id = ANY ($2) AND t.booked_on BETWEEN $3 AND $4
        AND t.archived_count IS NULL
        AND ($5 IS NULL OR t.id = $5)
        AND ($6 IS NULL OR upper(t.asset) = upper($6))
        AND ($7 IS NULL OR t.kind = $7)
        AND ($8 IS NULL OR t.status = $8)
        AND ($9 IS NULL OR t.amount >= $9)
        AND ($10 IS NULL OR t.amount <= $10)
        AND ($11 IS NULL OR coalesce(n.category, t.category) = $11)
        AND ($12 IS NULL OR $12 = ANY (n.tags))
        AND (
          $13 IS NULL OR t.description ILIKE $13 OR t.counterparty ILIKE $13 OR n.note ILIKE $13
          OR coalesce(n.category, t.category) ILIKE $13
        )
        AND (
          $14 IS NULL
          OR (t.booked_on, coalesce(t.occurred_at, '-infinity'), t.id) < ($14, coalesce($15, '-infinity'), $16)
        )
      ORDER BY t.booked_on DESC, coalesce(t.occurred_at, '-infinity') DESC, t.id DESC
      LIMIT $17
    ) AS t
    LEFT JOIN transaction_annotation n ON n.user_id = t.user_id AND n.transaction_id = t.id
    ORDER BY t.booked_on DESC, coalesce(t.occurred_at, '-infinity') DESC, t.id DESC
  $query$, '{transaction}', CASE WHEN p_archived IS NULL THEN 'transaction' ELSE $both$(
    SELECT * FROM transaction
    UNION ALL
    SELECT user_id, account_id, id, booked_on, instant_of(occurred_at), amount, asset, kind, status, description,
      counterparty, category, group_id, instant_of(recorded_at), NULL
    FROM unnest($18)
  )$both$ END)
  USING p_user_ids, p_account_ids, p_first_day, p_last_day, (p_filter->>'id')::uuid, p_filter->>'asset',
    p_filter->>'kind', p_filter->>'status', (p_filter->>'min')::numeric, (p_filter->>'max')::numeric,
    p_filter->>'category', p_filter->>'tag',
    '%' || regexp_replace(p_filter->>'text', '([\\%_])', '\\\1', 'g') || '%',
    (p_after->>'bookedOn')::date, (p_after->>'occurredAt')::timestamptz, (p_after->>'id')::uuid, p_limit, p_archived;
END
$$;

-- A page of what a caller may see, newest first: the first p_limit rows of p_filter behind p_after, a row's place in the
-- order: {bookedOn, occurredAt, id}; occurredAt, which may be null, goes before id, and null comes last. p_filter as
-- above, and {accountId, from, to}.
--
-- Goes back from p_today in windows of days, each twice as long as the one before: a page mostly lies in the first
-- one, and what is far back is read in few. They end behind the newest month of which detail lies in the archive, and a
-- row of nulls says so (sql/functions/0035_archived_page.sql goes on from there); or where the flows, and the mark of what these do not hold yet, say
-- that posted rows begin; rows of another status may lie before that, and are looked for there in one more.
-- STABLE: all of it reads one snapshot.
CREATE OR REPLACE FUNCTION transaction_page(
  p_caller_id bigint, p_filter jsonb, p_after jsonb, p_limit int, p_today date
)
RETURNS SETOF listed_transaction
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_user_ids bigint[];
  v_account_ids bigint[];
  v_archived_month date;
  v_from date := coalesce((p_filter->>'from')::date, '-infinity');
  v_last_day date := least((p_filter->>'to')::date, (p_after->>'bookedOn')::date, 'infinity');
  v_first_day date;
  v_posted_from date;
  v_days int := 32;
  v_left int := p_limit;
  v_found int;
BEGIN
  SELECT array_agg(DISTINCT user_id), array_agg(account_id) INTO v_user_ids, v_account_ids
  FROM visible_account(p_caller_id)
  WHERE p_filter->>'accountId' IS NULL OR account_id = (p_filter->>'accountId')::bigint;
  IF v_user_ids IS NULL THEN
    RETURN;
  END IF;
  v_archived_month := newest_archived_month(v_user_ids, v_account_ids, p_filter, v_last_day);
  v_from := greatest(v_from, bucket_end(v_archived_month, 'month') + 1);

  WHILE v_left > 0 AND v_last_day >= v_from LOOP
    v_first_day := greatest(least(v_last_day, p_today) - v_days + 1, v_from);
    -- Asked only where the first window was not enough.
    IF v_days > 32 THEN
      v_posted_from := coalesce(v_posted_from, (
        SELECT least(
          (
            SELECT min(m.month)::date FROM monthly_flow m
            WHERE m.user_id = ANY (v_user_ids) AND m.account_id = ANY (v_account_ids)
          ),
          (SELECT min(d.from_day) FROM rollup_dirty d WHERE d.user_id = ANY (v_user_ids)),
          'infinity'
        )
      ));
      IF v_last_day >= v_posted_from THEN
        v_first_day := greatest(v_first_day, v_posted_from);
      ELSE
        EXIT WHEN p_filter->>'status' = 'posted';
        v_first_day := v_from;
      END IF;
    END IF;
    RETURN QUERY
    SELECT * FROM transactions_between(
      v_user_ids, v_account_ids, v_first_day, v_last_day, p_filter, p_after, v_left
    );
    GET DIAGNOSTICS v_found = ROW_COUNT;
    v_left := v_left - v_found;
    v_last_day := v_first_day - 1;
    v_days := v_days * 2;
    EXIT WHEN v_first_day <= v_from;
  END LOOP;
  IF v_left > 0 AND v_archived_month IS NOT NULL THEN
    RETURN NEXT NULL::listed_transaction;
  END IF;
END
$$;

-- One of them; none where the caller may not see it.
CREATE OR REPLACE FUNCTION find_transaction(p_caller_id bigint, p_id uuid)
RETURNS SETOF listed_transaction
LANGUAGE sql STABLE AS $$
  SELECT t.*
  FROM (
    SELECT array_agg(DISTINCT user_id) AS user_ids, array_agg(account_id) AS account_ids
    FROM visible_account(p_caller_id)
  ) AS v
  JOIN transaction_ref r ON r.user_id = ANY (v.user_ids) AND r.id = p_id AND r.booked_on IS NOT NULL
  CROSS JOIN LATERAL transactions_between(
    v.user_ids, v.account_ids, r.booked_on, r.booked_on, jsonb_build_object('id', p_id), NULL, 1
  ) AS t
$$;
