-- Puts a chunk into the columnstore; one that lies there already and got rows since is made whole again: by segment, so
-- that only the users whose rows came are rewritten, or with p_anew from all its rows, which leaves no gaps behind.
-- timescale only.
--
-- Whoever writes to the chunk waits for the conversion. Whoever comes behind a conversion that waits itself would wait
-- for both, so it does not wait for long: it fails with lock_not_available, and is tried again later.
DROP FUNCTION IF EXISTS move_to_columnstore;
CREATE FUNCTION move_to_columnstore(p_chunk text, p_anew boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql
SET lock_timeout = '2s'
AS $$
BEGIN
  PERFORM compress_chunk(p_chunk::regclass, if_not_compressed => true);
  IF p_anew THEN
    -- Of a chunk that is whole; another one would be mended by segment again.
    PERFORM compress_chunk(p_chunk::regclass, recompress => true);
  END IF;
END
$$;
