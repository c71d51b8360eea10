-- A texter's first send was refused, a second one to another text was armed, and the first was proved to have
-- arrived after all: when the second is given back, the first goes on to count. Before, both were forgotten
-- with it, and the texter might be answered again at once.
DO $$
DECLARE
    known text := pg_get_functiondef('settle'::regproc);
    mended text := known;
BEGIN
    mended := replace(mended,
        'CASE WHEN x.holder = ANY (d.unsent) THEN x.holder_before
                WHEN d.late',
        'CASE WHEN x.holder = ANY (d.unsent) THEN greatest(x.holder_before, d.late)
                WHEN d.late');
    mended := replace(mended,
        'holder_before = CASE WHEN x.holder = ANY (d.unsent) THEN NULL ELSE',
        'holder_before = CASE WHEN x.holder = ANY (d.unsent) THEN NULL
                WHEN x.holder IS NOT NULL THEN greatest(x.holder_before, d.late) ELSE');
    ASSERT mended LIKE '%greatest(x.holder_before, d.late)%greatest(x.holder_before, d.late)%',
        'settle is not the one that this file mends';
    EXECUTE mended;
END $$;
