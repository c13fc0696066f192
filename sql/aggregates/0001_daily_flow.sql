-- Daily sums of posted movements, for all time: a continuous aggregate over transaction. Materialised only, since
-- a real-time union would show new rows behind the watermark but not late ones before it; rollup_dirty tells
-- readers exactly what is not in here yet. Created without data: src/db/rollups.ts and the policy fill it.
--
-- Sums only. A balance is folded when it is read: a window function in here would be wrong after a late row.
CREATE MATERIALIZED VIEW daily_flow
WITH (
  timescaledb.continuous,
  timescaledb.materialized_only = true,
  timescaledb.create_group_indexes = false,
  -- A read goes back to a user's first day: few chunks are few index scans and a short plan.
  timescaledb.chunk_interval = '1 year'
) AS
SELECT
  user_id,
  account_id,
  asset,
  time_bucket(INTERVAL '1 day', booked_on) AS day,
  sum(amount) AS amount,
  count(*) AS transactions
FROM transaction
WHERE status = 'posted'
GROUP BY user_id, account_id, asset, time_bucket(INTERVAL '1 day', booked_on)
WITH NO DATA;

CREATE INDEX daily_flow_user_day ON daily_flow (user_id, day);
