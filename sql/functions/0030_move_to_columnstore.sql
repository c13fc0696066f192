-- Puts a chunk into the columnstore; one that lies there already and got rows since is made whole again, by segment,
-- so that only the users whose rows came are rewritten. timescale only.
--
-- Whoever writes to the chunk waits for the conversion. Whoever comes behind a conversion that waits itself would wait
-- for both, so it does not wait for long: it fails with lock_not_available, and is tried again later.
CREATE OR REPLACE FUNCTION move_to_columnstore(p_chunk text) RETURNS void
LANGUAGE plpgsql
SET lock_timeout = '2s'
AS $$
BEGIN
  PERFORM compress_chunk(p_chunk::regclass, if_not_compressed => true);
END
$$;
