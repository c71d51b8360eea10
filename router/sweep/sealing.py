"""Duty: seal what came in and what was decided, under one root a minute that follows the last."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from router.evidence.leaves import Seals, leaves
from router.postgres.evidence import Due, Evidence, Leaf


@dataclass(slots=True)
class Sealing:
    """Seals. Of several that try, one does; one that is killed leaves everything due."""

    seals: Seals
    evidence: Evidence

    async def __call__(self) -> bool:
        """Seal one tree; True if more may be due."""
        root = await self.evidence.seal(self._leaves)
        return root is not None and root.leaves >= self.evidence.most

    async def _leaves(self, due: Due) -> list[Leaf]:
        """Beside the loop: the door goes on answering."""
        return await asyncio.to_thread(leaves, due, self.seals)
