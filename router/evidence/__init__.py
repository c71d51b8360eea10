"""What came in, so that a stranger can prove it: sealed, told elsewhere, exported, verified, erased.

The hashes are in `router.rules.evidence`, the rows in `router.postgres`, the duties in `router.sweep`.
"""
