-- Transactions as the archive's files hold them; instants in microseconds since 1970.
DROP TYPE IF EXISTS archived_transaction CASCADE;
CREATE TYPE archived_transaction AS (
  user_id bigint,
  account_id bigint,
  id uuid,
  booked_on date,
  occurred_at bigint,
  amount numeric,
  asset text,
  kind text,
  status text,
  description text,
  counterparty text,
  category text,
  group_id uuid,
  recorded_at bigint,
  version bigint,
  digest uuid
);

CREATE OR REPLACE FUNCTION microseconds_of(p_at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (extract(epoch FROM p_at) * 1000000)::bigint
$$;

CREATE OR REPLACE FUNCTION instant_of(p_microseconds bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  -- In two parts: an interval is multiplied in binary fractions, which hold no more digits.
  SELECT TIMESTAMPTZ '1970-01-01 00:00:00+00' + p_microseconds / 3600000000 * INTERVAL '1 hour'
    + p_microseconds % 3600000000 * INTERVAL '1 microsecond'
$$;
