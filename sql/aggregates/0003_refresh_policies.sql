-- The policies that refresh what recent writes changed: days over the last 120, months over the last 400 days (a
-- policy's window must hold two buckets). Both end a day ahead of now: an open end would let one row dated in the
-- future drag the watermark along with it.
--
-- They keep the aggregates near; they clear no mark. The maintenance pass in src/db/rollups.ts refreshes what the
-- marks name, however old, and clears them.
--
-- Raw rows may never be dropped inside these windows: the next refresh would empty the aggregates there. The
-- windows are read back from here by src/db/retention.ts, which refuses such a setting.
SELECT add_continuous_aggregate_policy(
  'daily_flow',
  start_offset => INTERVAL '120 days',
  end_offset => INTERVAL '-1 day',
  schedule_interval => INTERVAL '10 minutes'
);

SELECT add_continuous_aggregate_policy(
  'monthly_flow',
  start_offset => INTERVAL '400 days',
  end_offset => INTERVAL '-1 day',
  schedule_interval => INTERVAL '30 minutes'
);
