-- Rows that stand for archived ones. The detail of old transactions is moved to files; what stays in their place is
-- one row for each day, account, asset and kind, whose amount is their sum, so that every sum of transactions is the
-- same as before: flows, balances, reconciliation, and any refresh of the aggregates. archived_count says for how many
-- transactions such a row stands; null, for itself. See docs/decisions/0018-archived-detail.md.
ALTER TABLE transaction ADD COLUMN archived_count integer;
