-- Daily and monthly sums of posted movements, the same relations as in sql/aggregates: tables that statement-level
-- triggers keep exact inside the transaction that writes. They fire on the partitioned parent, so also for COPY
-- and for an UPDATE that moves a row to another partition. TRUNCATE and DETACH PARTITION bypass them, which is
-- wanted: detail that is taken away leaves its sums behind.
CREATE TABLE daily_flow (
  user_id bigint NOT NULL,
  account_id bigint NOT NULL,
  asset text NOT NULL,
  day date NOT NULL,
  amount numeric NOT NULL,
  transactions bigint NOT NULL,
  PRIMARY KEY (user_id, day, account_id, asset)
);

CREATE TABLE monthly_flow (
  user_id bigint NOT NULL,
  account_id bigint NOT NULL,
  asset text NOT NULL,
  month date NOT NULL,
  amount numeric NOT NULL,
  transactions bigint NOT NULL,
  PRIMARY KEY (user_id, month, account_id, asset)
);

-- Adds what a statement changed to both tables. Keys are taken in order, so that two writers wait for each other
-- and do not deadlock. A day or a month that lost its last transaction goes.
CREATE FUNCTION add_to_flows(p_changes daily_flow[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO daily_flow AS f (user_id, account_id, asset, day, amount, transactions)
  SELECT user_id, account_id, asset, day, amount, transactions
  FROM unnest(p_changes)
  ORDER BY user_id, day, account_id, asset
  ON CONFLICT (user_id, day, account_id, asset) DO UPDATE
    SET amount = f.amount + excluded.amount, transactions = f.transactions + excluded.transactions;

  INSERT INTO monthly_flow AS f (user_id, account_id, asset, month, amount, transactions)
  SELECT user_id, account_id, asset, month_start(day), sum(amount), sum(transactions)
  FROM unnest(p_changes)
  GROUP BY user_id, account_id, asset, month_start(day)
  ORDER BY user_id, month_start(day), account_id, asset
  ON CONFLICT (user_id, month, account_id, asset) DO UPDATE
    SET amount = f.amount + excluded.amount, transactions = f.transactions + excluded.transactions;

  DELETE FROM daily_flow f USING unnest(p_changes) AS c
  WHERE c.transactions <= 0 AND f.transactions = 0
    AND (f.user_id, f.day, f.account_id, f.asset) = (c.user_id, c.day, c.account_id, c.asset);

  DELETE FROM monthly_flow f USING unnest(p_changes) AS c
  WHERE c.transactions <= 0 AND f.transactions = 0
    AND (f.user_id, f.month, f.account_id, f.asset) = (c.user_id, month_start(c.day), c.account_id, c.asset);
END
$$;

-- One trigger an event, because a trigger with transition tables may have only one. The branch that is not taken
-- is never planned, so that each may name tables which exist for its own event only.
CREATE FUNCTION transaction_to_flows() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  v_changes daily_flow[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(ROW(c.*)::daily_flow) INTO v_changes FROM (
      SELECT user_id, account_id, asset, booked_on AS day, sum(amount), count(*)
      FROM new_rows WHERE status = 'posted' GROUP BY 1, 2, 3, 4
    ) AS c;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(ROW(c.*)::daily_flow) INTO v_changes FROM (
      SELECT user_id, account_id, asset, booked_on AS day, -sum(amount), -count(*)
      FROM old_rows WHERE status = 'posted' GROUP BY 1, 2, 3, 4
    ) AS c;
  ELSE
    SELECT array_agg(ROW(c.*)::daily_flow) INTO v_changes FROM (
      SELECT user_id, account_id, asset, day, sum(amount), sum(transactions)::bigint
      FROM (
        SELECT user_id, account_id, asset, booked_on AS day, amount, 1 AS transactions
        FROM new_rows WHERE status = 'posted'
        UNION ALL
        SELECT user_id, account_id, asset, booked_on, -amount, -1
        FROM old_rows WHERE status = 'posted'
      ) AS both_sides
      GROUP BY 1, 2, 3, 4
      HAVING sum(amount) <> 0 OR sum(transactions) <> 0
    ) AS c;
  END IF;
  IF v_changes IS NOT NULL THEN
    PERFORM add_to_flows(v_changes);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER transaction_inserted AFTER INSERT ON transaction
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION transaction_to_flows();

CREATE TRIGGER transaction_deleted AFTER DELETE ON transaction
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION transaction_to_flows();

CREATE TRIGGER transaction_updated AFTER UPDATE ON transaction
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION transaction_to_flows();
