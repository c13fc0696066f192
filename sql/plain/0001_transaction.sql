-- The same relation as sql/hypertables/0001_transaction.sql on a PostgreSQL without TimescaleDB: monthly range
-- partitions. There is no default partition, which would have to be scanned whenever one is added; partitions
-- are made before rows need them, by ingest for the days of its page and ahead of time by a job.
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
) PARTITION BY RANGE (booked_on);

CREATE UNIQUE INDEX transaction_key ON transaction (user_id, id, booked_on);

-- Makes the partitions of the months of these days that are not there yet. Each is built beside the table and then
-- attached, which unlike CREATE TABLE … PARTITION OF does not shut out readers and writers meanwhile. The lock lets
-- one session at a time do so; taking it also makes what another one has just attached visible here.
CREATE FUNCTION ensure_transaction_partitions(p_days date[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_month date;
  v_name text;
BEGIN
  FOR v_month IN
    SELECT DISTINCT m FROM (SELECT d - extract(day FROM d)::int + 1 AS m FROM unnest(p_days) AS d) AS months
    WHERE to_regclass('transaction_' || to_char(m, 'YYYY_MM')) IS NULL
    ORDER BY m
  LOOP
    LOCK TABLE transaction IN SHARE UPDATE EXCLUSIVE MODE;
    v_name := 'transaction_' || to_char(v_month, 'YYYY_MM');
    CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE transaction INCLUDING ALL)', v_name);
    EXECUTE format(
      'ALTER TABLE transaction ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      v_name, v_month, (v_month + INTERVAL '1 month')::date
    );
  END LOOP;
END
$$;

-- Triggers keep the flows exact inside the writing transaction: nothing is ever dirty.
CREATE FUNCTION mark_rollup_dirty(p_user_id bigint, p_from_day date) RETURNS void
LANGUAGE sql AS $$ SELECT $$;
