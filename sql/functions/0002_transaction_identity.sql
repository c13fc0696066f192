-- What a change comes to, beside what transaction_ref knows of its id (all null where it knows nothing): added,
-- changed, unchanged, removed, absent (nothing to take away), or stale (a higher version, or what replaced it, is
-- known already). p_op: upsert, delete, or replace, where another id took this one's place.
--
-- Together with "of equal versions the later arrival wins" (most providers give none) this makes the outcome depend
-- on the set of changes seen and not on their order: an id holds its highest version, and one that was replaced
-- stays gone, for as long as the policy `references` keeps what went.
CREATE OR REPLACE FUNCTION change_outcome(
  p_op text, p_version bigint, p_digest uuid,
  p_known_day date, p_known_version bigint, p_known_digest uuid, p_known_replaced boolean
) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_known_replaced OR (p_known_version > p_version AND p_op <> 'replace') THEN 'stale'
    WHEN p_op = 'upsert' THEN
      CASE WHEN p_known_day IS NULL THEN 'added' WHEN p_known_digest = p_digest THEN 'unchanged' ELSE 'changed' END
    WHEN p_known_day IS NULL THEN 'absent'
    ELSE 'removed'
  END
$$;

-- The rows that Tidemark itself keeps: one opening an asset, one revaluation a balance set by hand. The ids of
-- provider rows are made in src/db/page-encoding.ts.
CREATE OR REPLACE FUNCTION opening_id(p_account_id bigint, p_asset text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT md5('tidemark opening ' || p_account_id::text || ' ' || p_asset)::uuid
$$;

CREATE OR REPLACE FUNCTION revaluation_id(p_account_id bigint, p_asset text, p_day date) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT md5('tidemark revaluation ' || p_account_id::text || ' ' || p_asset || ' ' || (p_day - DATE '2000-01-01')::text)::uuid
$$;
