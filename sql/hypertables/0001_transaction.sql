-- The hypertable of all movements: one row for one movement of one asset on one account.
--
-- Partitioned by booked_on, the reporting day, in chunks of 30 days: a date, so that no time zone can move a row
-- to another chunk. The key leads with user_id, the column that segments the columnstore, so that a check for a
-- conflict opens the batches of one user only. It also serves every read: within a chunk, a user's rows are few.
CREATE TABLE transaction (
  user_id bigint NOT NULL,
  account_id bigint NOT NULL,
  id uuid NOT NULL,
  booked_on date NOT NULL,
  occurred_at timestamptz,
  amount numeric NOT NULL,
  asset text NOT NULL,
  kind text NOT NULL,
  status text NOT NULL CHECK (status IN ('posted', 'pending', 'requested')),
  description text,
  counterparty text,
  category text,
  group_id uuid,
  recorded_at timestamptz NOT NULL,
  CHECK (amount > '-infinity' AND amount < 'infinity')
);

SELECT create_hypertable(
  'transaction',
  by_range('booked_on', INTERVAL '30 days'),
  create_default_indexes => false
);

CREATE UNIQUE INDEX transaction_key ON transaction (user_id, id, booked_on);

-- Rows that are written lie where they belong: chunks make themselves.
CREATE FUNCTION ensure_transaction_partitions(p_days date[]) RETURNS void
LANGUAGE sql AS $$ SELECT $$;

-- The aggregates learn of a write at their next refresh. Until then the mark sends readers to the raw rows, from
-- the first day that the write touched. See sql/functions for the reader and src/db/rollups.ts for the refresh.
CREATE FUNCTION mark_rollup_dirty(p_user_id bigint, p_from_day date) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO rollup_dirty AS d (user_id, from_day, marked_xid)
  VALUES (p_user_id, p_from_day, pg_current_xact_id())
  ON CONFLICT (user_id) DO UPDATE
    SET from_day = least(d.from_day, excluded.from_day), marked_xid = excluded.marked_xid
$$;
