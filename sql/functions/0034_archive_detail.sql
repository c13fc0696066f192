-- Moves the detail of old transactions between the hypertable and the archive, one file at a time: each call is a whole
-- move or none. In the hypertable a day's transactions of one account, asset and kind become one row, their sum, and
-- back; what is compared on the way proves that no sum has changed.
--
-- Only posted transactions are archived, and none that Tidemark writes itself: openings and revaluations move along with
-- what is reported, pending and requested ones are few and move no balance.
CREATE OR REPLACE FUNCTION is_archivable(
  p_status text, p_archived_count integer, p_kind text, p_id uuid, p_account_id bigint, p_asset text, p_booked_on date
)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_status = 'posted' AND p_archived_count IS NULL AND (
    p_kind NOT IN ('opening', 'revaluation')
    OR p_id <> opening_id(p_account_id, p_asset) AND p_id <> revaluation_id(p_account_id, p_asset, p_booked_on)
  )
$$;

-- The row that stands for archived ones of a day.
CREATE OR REPLACE FUNCTION archived_sum_id(p_account_id bigint, p_asset text, p_kind text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT md5('tidemark archived ' || p_account_id::text || ' ' || p_asset || ' ' || p_kind)::uuid
$$;

-- From now on, what comes late to the month is noted in archive_late. Whether the month is to be archived whole, or what
-- was noted alone; where it is whole, earlier_writes are waited for.
DROP FUNCTION IF EXISTS begin_archive_month;
CREATE FUNCTION begin_archive_month(p_month date) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO archive_month (month, state) VALUES (p_month, 'running')
  ON CONFLICT (month) DO UPDATE SET state = 'running' WHERE archive_month.state <> 'done';
  RETURN FOUND;
END
$$;

-- The transactions under way that may have written to a month, and not have noted it, since they looked before it was begun;
-- asked behind begin_archive_month, in a statement of its own. Whoever looks locks archive_late first, if only to note
-- nothing, then takes the snapshot in which they look, and holds the lock to their end: who is not among these sees the
-- month. A backup reads the table, and is none of them.
CREATE OR REPLACE FUNCTION earlier_writes() RETURNS TABLE (transaction text)
LANGUAGE sql STABLE AS $$
  SELECT l.virtualtransaction FROM pg_locks l
  WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation = 'archive_late'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
$$;

-- The first p_limit archivable transactions of a month and of the users between two, in the order of the files; of these
-- users p_user_ids alone, where they are given.
DROP FUNCTION IF EXISTS archivable_detail;
CREATE FUNCTION archivable_detail(
  p_month date, p_first_user_id bigint, p_last_user_id bigint, p_limit int, p_user_ids bigint[] DEFAULT NULL
)
RETURNS SETOF archived_transaction
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_last_day date := bucket_end(p_month, 'month');
BEGIN
  RETURN QUERY
  SELECT t.user_id, t.account_id, t.id, t.booked_on, microseconds_of(t.occurred_at), t.amount, t.asset, t.kind, t.status,
    t.description, t.counterparty, t.category, t.group_id, microseconds_of(t.recorded_at), r.version, r.digest
  FROM transaction t JOIN transaction_ref r ON r.user_id = t.user_id AND r.id = t.id AND r.booked_on = t.booked_on
  WHERE t.user_id BETWEEN p_first_user_id AND p_last_user_id AND t.booked_on BETWEEN p_month AND v_last_day
    AND (p_user_ids IS NULL OR t.user_id = ANY (p_user_ids))
    AND is_archivable(t.status, t.archived_count, t.kind, t.id, t.account_id, t.asset, t.booked_on)
  ORDER BY t.user_id, t.account_id, t.booked_on, t.id
  LIMIT p_limit;
END
$$;

-- Which users' transactions are in a file, which is known since before it was written (src/archive/write-file.ts). Raises
-- TM005 where it is forgotten by now, or is being removed. p_file: {key, month, bytes, sha256}.
CREATE OR REPLACE FUNCTION put_archive_file(p_file jsonb, p_rows archived_transaction[], p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_file_id bigint;
BEGIN
  UPDATE archive_file
  SET bytes = (p_file->>'bytes')::int, sha256 = decode(p_file->>'sha256', 'hex'), written_at = p_now, unused_since = NULL
  WHERE key = p_file->>'key' AND unused_since IS DISTINCT FROM '-infinity'
  RETURNING id INTO v_file_id;
  IF v_file_id IS NULL THEN
    RAISE EXCEPTION 'the file % is forgotten', p_file->>'key' USING ERRCODE = 'TM005';
  END IF;
  INSERT INTO archive_part (user_id, month, file_id, account_ids, transactions, marks)
  SELECT user_id, (p_file->>'month')::date, v_file_id, array_agg(DISTINCT account_id), count(*),
    array_agg(archive_mark(id) ORDER BY archive_mark(id))
  FROM unnest(p_rows) GROUP BY user_id;
  RETURN v_file_id;
END
$$;

-- Drops what a file holds from the hypertable, and puts the sums in its place. p_rows are the file's, read back from the
-- store; p_file: {key, month, bytes, sha256}. What is dropped must be what the file says: each id with the digest of its
-- content, and of each user, account and asset the number and the sum. Raises TM005, and does nothing, where it is not:
-- somebody has written meanwhile, or the file is not right.
CREATE OR REPLACE FUNCTION archive_detail(p_file jsonb, p_rows archived_transaction[], p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_month date := (p_file->>'month')::date;
  v_last_day date := bucket_end(v_month, 'month');
  v_user_ids bigint[] := ARRAY(SELECT DISTINCT user_id FROM unnest(p_rows) ORDER BY user_id);
  v_first_user_id bigint := v_user_ids[1];
  v_last_user_id bigint := v_user_ids[cardinality(v_user_ids)];
  v_account_ids bigint[] := ARRAY(SELECT DISTINCT account_id FROM unnest(p_rows));
  v_ids uuid[] := ARRAY(SELECT id FROM unnest(p_rows));
  v_differing bigint;
  v_file_id bigint;
BEGIN
  PERFORM allow_decompression();
  -- Whoever writes to one of the accounts ends first, or waits.
  PERFORM 1 FROM account WHERE id = ANY (v_account_ids) ORDER BY id FOR UPDATE;

  SELECT count(*) INTO v_differing
  FROM unnest(p_rows) AS f LEFT JOIN transaction_ref r ON r.user_id = f.user_id AND r.id = f.id
  WHERE (r.booked_on, r.digest, r.version) IS DISTINCT FROM (f.booked_on, f.digest, f.version);
  IF v_differing > 0 THEN
    RAISE EXCEPTION '% transactions of % are not what the file % says', v_differing, to_char(v_month, 'YYYY-MM'), p_file->>'key'
      USING ERRCODE = 'TM005';
  END IF;

  WITH gone AS (
    DELETE FROM transaction t
    WHERE t.user_id BETWEEN v_first_user_id AND v_last_user_id AND t.user_id = ANY (v_user_ids)
      AND t.booked_on BETWEEN v_month AND v_last_day
      AND (
        is_archivable(t.status, t.archived_count, t.kind, t.id, t.account_id, t.asset, t.booked_on)
          AND t.id IN (SELECT unnest(v_ids))
        -- Sums of parts that were archived before are added to. Only of the accounts that are locked: another one may be
        -- on its way out, and a sum that is written anew would stay behind.
        OR t.archived_count IS NOT NULL AND t.account_id IN (SELECT unnest(v_account_ids))
      )
    RETURNING t.user_id, t.account_id, t.asset, t.kind, t.booked_on, t.amount, t.archived_count
  ), put AS (
    INSERT INTO transaction (
      user_id, account_id, id, booked_on, amount, asset, kind, status, recorded_at, archived_count
    )
    SELECT user_id, account_id, archived_sum_id(account_id, asset, kind), booked_on, sum(amount), asset, kind, 'posted',
      p_now, sum(coalesce(archived_count, 1))
    FROM gone
    GROUP BY user_id, account_id, asset, kind, booked_on
  )
  SELECT count(*) INTO v_differing
  FROM (
    SELECT user_id, account_id, asset, count(*) AS transactions, sum(amount) AS amount
    FROM gone WHERE archived_count IS NULL GROUP BY 1, 2, 3
  ) AS g
  FULL JOIN (
    SELECT user_id, account_id, asset, count(*) AS transactions, sum(amount) AS amount FROM unnest(p_rows) GROUP BY 1, 2, 3
  ) AS f USING (user_id, account_id, asset)
  WHERE (g.transactions, g.amount) IS DISTINCT FROM (f.transactions, f.amount);
  IF v_differing > 0 THEN
    RAISE EXCEPTION '% accounts and assets have other sums in % than in the file %',
      v_differing, to_char(v_month, 'YYYY-MM'), p_file->>'key'
      USING ERRCODE = 'TM005';
  END IF;

  DELETE FROM transaction_ref r USING unnest(p_rows) AS f WHERE r.user_id = f.user_id AND r.id = f.id;

  v_file_id := put_archive_file(p_file, p_rows, p_now);
  RETURN v_file_id;
END
$$;

-- Raises TM005 unless the archive's parts of a month, of the users of p_parts, are these: [{user, file}].
CREATE OR REPLACE FUNCTION refuse_changed_parts(p_month date, p_parts jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF EXISTS (
    SELECT 1
    FROM (
      SELECT (p->>'user')::bigint AS user_id, (p->>'file')::bigint AS file_id FROM jsonb_array_elements(p_parts) AS p
    ) AS g
    FULL JOIN (
      SELECT user_id, file_id FROM archive_part
      WHERE month = p_month AND user_id IN (SELECT (p->>'user')::bigint FROM jsonb_array_elements(p_parts) AS p)
    ) AS a USING (user_id, file_id)
    WHERE g IS NULL OR a IS NULL
  ) THEN
    RAISE EXCEPTION 'the archive of % has changed meanwhile', to_char(p_month, 'YYYY-MM') USING ERRCODE = 'TM005';
  END IF;
END
$$;

-- Brings detail of a month back: p_rows are all transactions of the parts p_parts, [{user, file}], of which some may be of
-- accounts that are gone. They are taken out of the sums that stood for them, day by day, which leaves nothing, or, where
-- the archive has other parts of the user, some transactions: else data_corrupted is raised, and nothing done. Raises TM005
-- where a part is not the archive's any more. Returns how many transactions came back.
CREATE OR REPLACE FUNCTION restore_detail(p_month date, p_parts jsonb, p_rows archived_transaction[]) RETURNS bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_last_day date := bucket_end(p_month, 'month');
  v_user_ids bigint[] := ARRAY(SELECT DISTINCT (p->>'user')::bigint FROM jsonb_array_elements(p_parts) AS p ORDER BY 1);
  v_first_user_id bigint := v_user_ids[1];
  v_last_user_id bigint := v_user_ids[cardinality(v_user_ids)];
  v_account_ids bigint[];
  -- Those of whom nothing of the month is left in the archive.
  v_whole_ids bigint[];
  v_differing bigint;
  v_restored bigint;
BEGIN
  PERFORM ensure_transaction_partitions(ARRAY[p_month]);
  PERFORM allow_decompression();
  v_account_ids := ARRAY(
    SELECT a.id FROM (SELECT id FROM account WHERE user_id = ANY (v_user_ids) ORDER BY id FOR UPDATE) AS a
  );

  -- Where an account is removed later, these files hold transactions of it all the same.
  UPDATE archive_file f
  SET left_account_ids = ARRAY(
    SELECT unnest(f.left_account_ids)
    UNION
    SELECT unnest(a.account_ids)
    FROM jsonb_to_recordset(p_parts) AS p ("user" bigint, file bigint)
    JOIN archive_part a ON a.user_id = p."user" AND a.month = p_month AND a.file_id = p.file
    WHERE a.file_id = f.id
    ORDER BY 1
  )
  WHERE f.id IN (SELECT (p->>'file')::bigint FROM jsonb_array_elements(p_parts) AS p);
  DELETE FROM archive_part a
  USING jsonb_to_recordset(p_parts) AS p ("user" bigint, file bigint)
  WHERE a.user_id = p."user" AND a.month = p_month AND a.file_id = p.file;
  GET DIAGNOSTICS v_restored = ROW_COUNT;
  IF v_restored <> jsonb_array_length(p_parts) THEN
    RAISE EXCEPTION 'the archive of % has changed meanwhile', to_char(p_month, 'YYYY-MM') USING ERRCODE = 'TM005';
  END IF;
  v_whole_ids := ARRAY(
    SELECT u FROM unnest(v_user_ids) AS u
    WHERE NOT EXISTS (SELECT 1 FROM archive_part a WHERE a.user_id = u AND a.month = p_month)
  );

  WITH given AS MATERIALIZED (
    SELECT * FROM unnest(p_rows) WHERE account_id = ANY (v_account_ids)
  ), gone AS (
    DELETE FROM transaction t
    WHERE t.user_id BETWEEN v_first_user_id AND v_last_user_id AND t.user_id = ANY (v_user_ids)
      AND t.booked_on BETWEEN p_month AND v_last_day AND t.archived_count IS NOT NULL
    RETURNING t.user_id, t.account_id, t.asset, t.kind, t.booked_on, t.amount, t.archived_count, t.recorded_at
  ), put AS (
    INSERT INTO transaction (
      user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description, counterparty, category,
      group_id, recorded_at
    )
    SELECT user_id, account_id, id, booked_on, instant_of(occurred_at), amount, asset, kind, status, description,
      counterparty, category, group_id, instant_of(recorded_at)
    FROM given
  ), put_ref AS (
    INSERT INTO transaction_ref (user_id, id, booked_on, digest, version)
    SELECT user_id, id, booked_on, digest, version FROM given
  ), remaining AS (
    SELECT user_id, account_id, asset, kind, booked_on, g.recorded_at,
      coalesce(g.transactions, 0) - coalesce(f.transactions, 0) AS transactions,
      coalesce(g.amount, 0) - coalesce(f.amount, 0) AS amount
    FROM (
      SELECT user_id, account_id, asset, kind, booked_on, sum(archived_count) AS transactions, sum(amount) AS amount,
        max(recorded_at) AS recorded_at
      FROM gone GROUP BY 1, 2, 3, 4, 5
    ) AS g
    FULL JOIN (
      SELECT user_id, account_id, asset, kind, booked_on, count(*) AS transactions, sum(amount) AS amount
      FROM given GROUP BY 1, 2, 3, 4, 5
    ) AS f USING (user_id, account_id, asset, kind, booked_on)
  ), put_sum AS (
    INSERT INTO transaction (
      user_id, account_id, id, booked_on, amount, asset, kind, status, recorded_at, archived_count
    )
    SELECT user_id, account_id, archived_sum_id(account_id, asset, kind), booked_on, amount, asset, kind, 'posted',
      recorded_at, transactions
    FROM remaining WHERE transactions > 0 AND recorded_at IS NOT NULL
  )
  SELECT
    count(*) FILTER (
      WHERE transactions < 0 OR (transactions = 0 AND amount <> 0) OR (transactions > 0 AND user_id = ANY (v_whole_ids))
    ),
    (SELECT count(*) FROM given)
  INTO v_differing, v_restored
  FROM remaining;
  IF v_differing > 0 THEN
    RAISE EXCEPTION 'the archive of % does not add up to the sums that were kept of it, in % places',
      to_char(p_month, 'YYYY-MM'), v_differing
      USING ERRCODE = 'data_corrupted';
  END IF;

  -- To be archived again, with the next run.
  INSERT INTO archive_late (user_id, month)
  SELECT u, p_month FROM unnest(v_user_ids) AS u WHERE EXISTS (SELECT 1 FROM archive_month WHERE month = p_month);
  RETURN v_restored;
END
$$;

-- Of the users of p_parts, [{user, file}], the accounts and assets of which the sums that stand for archived transactions
-- of the month differ from those of p_rows, which are all that the archive has of them. Rows of accounts that are gone are
-- passed over. Raises TM005 where the archive has other parts of these users by now.
DROP FUNCTION IF EXISTS differing_detail;
CREATE FUNCTION differing_detail(p_month date, p_parts jsonb, p_rows archived_transaction[])
RETURNS TABLE (
  user_id bigint, account_id bigint, asset text,
  kept_count bigint, kept_amount numeric, archived_count bigint, archived_amount numeric
)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
  v_last_day date := bucket_end(p_month, 'month');
  v_user_ids bigint[] := ARRAY(SELECT DISTINCT (p->>'user')::bigint FROM jsonb_array_elements(p_parts) AS p);
BEGIN
  PERFORM refuse_changed_parts(p_month, p_parts);
  RETURN QUERY
  SELECT user_id, account_id, asset, sum(k.transactions)::bigint, sum(k.amount), sum(f.transactions)::bigint, sum(f.amount)
  FROM (
    SELECT t.user_id, t.account_id, t.asset, t.kind, t.booked_on, sum(t.archived_count) AS transactions,
      sum(t.amount) AS amount
    FROM transaction t
    WHERE t.user_id = ANY (v_user_ids) AND t.booked_on BETWEEN p_month AND v_last_day AND t.archived_count IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
  ) AS k
  FULL JOIN (
    SELECT r.user_id, r.account_id, r.asset, r.kind, r.booked_on, count(*) AS transactions, sum(r.amount) AS amount
    FROM unnest(p_rows) AS r
    WHERE EXISTS (SELECT 1 FROM account a WHERE a.id = r.account_id)
    GROUP BY 1, 2, 3, 4, 5
  ) AS f USING (user_id, account_id, asset, kind, booked_on)
  GROUP BY user_id, account_id, asset
  HAVING bool_or((k.transactions, k.amount) IS DISTINCT FROM (f.transactions, f.amount))
  ORDER BY user_id, account_id, asset;
END
$$;

-- The sums of a month that stand for archived transactions of users of whom the archive has nothing in that month. There
-- are none, unless somebody took a part's row away.
CREATE OR REPLACE FUNCTION unfounded_sums(p_month date)
RETURNS TABLE (user_id bigint, account_id bigint, asset text, kept_count bigint, kept_amount numeric)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
  v_last_day date := bucket_end(p_month, 'month');
BEGIN
  RETURN QUERY
  SELECT t.user_id, t.account_id, t.asset, sum(t.archived_count), sum(t.amount)
  FROM transaction t
  WHERE t.booked_on BETWEEN p_month AND v_last_day AND t.archived_count IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM archive_part p WHERE p.user_id = t.user_id AND p.month = p_month)
  GROUP BY 1, 2, 3
  ORDER BY 1, 2, 3;
END
$$;

-- Puts a file that was written anew in the place of another: p_rows are what it holds, of the month and the users of the
-- earlier one that are still the archive's. Rows that are of no account any more are gone with it, what was said of them,
-- and what is remembered of ids that they had replaced: p_gone, [{user, id}]. Without rows, nothing takes the place. Raises TM005 where the earlier file's parts have
-- changed meanwhile: p_user_ids are whose they were.
DROP FUNCTION IF EXISTS replace_archive_file;
CREATE FUNCTION replace_archive_file(
  p_file_id bigint, p_user_ids bigint[], p_file jsonb, p_rows archived_transaction[], p_gone jsonb, p_now timestamptz
)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM account WHERE user_id = ANY (p_user_ids) ORDER BY id FOR UPDATE;
  IF p_user_ids IS DISTINCT FROM ARRAY(SELECT user_id FROM archive_part WHERE file_id = p_file_id ORDER BY user_id)
    OR EXISTS (
      SELECT 1 FROM unnest(p_rows) AS r WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = r.account_id)
    )
  THEN
    RAISE EXCEPTION 'the archive has changed meanwhile' USING ERRCODE = 'TM005';
  END IF;
  DELETE FROM archive_part WHERE file_id = p_file_id;
  IF cardinality(p_rows) > 0 THEN
    PERFORM put_archive_file(p_file, p_rows, p_now);
  END IF;
  UPDATE archive_file SET renew = false WHERE id = p_file_id;
  -- Not of one that came again with its account, and has the same id.
  DELETE FROM transaction_annotation n USING jsonb_to_recordset(p_gone) AS g ("user" bigint, id uuid)
  WHERE n.user_id = g."user" AND n.transaction_id = g.id
    AND NOT EXISTS (
      SELECT 1 FROM transaction_ref r WHERE r.user_id = n.user_id AND r.id = g.id AND r.booked_on IS NOT NULL
    )
    AND NOT EXISTS (SELECT 1 FROM archived_places(ARRAY[n.user_id], ARRAY[g.id]));
  WITH RECURSIVE gone AS (
    SELECT r.user_id, r.id
    FROM transaction_ref r JOIN jsonb_to_recordset(p_gone) AS g ("user" bigint, id uuid) ON r.user_id = g."user" AND r.digest = g.id
    WHERE r.user_id = ANY (ARRAY(SELECT DISTINCT "user" FROM jsonb_to_recordset(p_gone) AS u ("user" bigint))) AND r.replaced
      AND NOT EXISTS (
        SELECT 1 FROM transaction_ref s WHERE s.user_id = r.user_id AND s.id = g.id AND s.booked_on IS NOT NULL
      )
      AND NOT EXISTS (SELECT 1 FROM archived_places(ARRAY[r.user_id], ARRAY[g.id]))
    UNION
    SELECT r.user_id, r.id FROM transaction_ref r JOIN gone s ON r.user_id = s.user_id AND r.digest = s.id WHERE r.replaced
  )
  DELETE FROM transaction_ref r USING gone g WHERE r.user_id = g.user_id AND r.id = g.id;
END
$$;
