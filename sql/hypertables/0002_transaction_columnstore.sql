-- The columnstore of the hypertable: segmented by user_id, because every read is one user's; ordered by account
-- and day within a user, which is how rows repeat. Segmenting by account_id would make the table larger than its
-- rows at one transaction per account and day.
--
-- A chunk is compressed once it lies 90 days back: past the window in which providers still change rows, since
-- compression takes an exclusive lock on its chunk. Later changes are still possible, at a higher price.
ALTER TABLE transaction SET (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'user_id',
  timescaledb.orderby = 'account_id, booked_on, id'
);

CALL add_columnstore_policy('transaction', after => INTERVAL '90 days');
