"""The spool: texts and receipts on local disk while the database is away.

A segment is a file of lines, each sealed by the vault and with a checksum. Its writer holds a lock on it; a
segment that nobody holds is finished, or its writer died: whoever locks it may drain it. What stands after
the last line end was never acknowledged. A segment goes only once all of it is stored.
"""

from router.spool.line import Item
from router.spool.spool import Depth, Spool, SpoolError, prove

__all__ = ["Depth", "Item", "Spool", "SpoolError", "prove"]
