-- Monthly sums of posted movements, for all time: a hierarchical continuous aggregate over daily_flow, so that a
-- refresh reads days and not transactions. Refresh it after daily_flow, never before.
CREATE MATERIALIZED VIEW monthly_flow
WITH (
  timescaledb.continuous,
  timescaledb.materialized_only = true,
  timescaledb.create_group_indexes = false,
  timescaledb.chunk_interval = '5 years'
) AS
SELECT
  user_id,
  account_id,
  asset,
  time_bucket(INTERVAL '1 month', day) AS month,
  sum(amount) AS amount,
  sum(transactions)::bigint AS transactions
FROM daily_flow
GROUP BY user_id, account_id, asset, time_bucket(INTERVAL '1 month', day)
WITH NO DATA;

CREATE INDEX monthly_flow_user_month ON monthly_flow (user_id, month);
