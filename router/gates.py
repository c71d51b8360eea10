"""How far each lane is open in this process: what was shut opens by a ramp."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.office import Office
from router.rules import ramp
from router.rules.ramp import Ramp, Slope
from router.wire import boottime


@dataclass(slots=True)
class Gates:
    """Lanes that nothing holds back, and those that let out a few at a time since they came back."""

    office: Office
    slope: Slope
    _ramps: dict[str, Ramp] = field(default_factory=dict)

    def wide(self) -> list[str]:
        """Lanes from which any number may be let out."""
        return [lane for lane in self._look() if self._ramps[lane].wide]

    def ways(self, most: int) -> list[tuple[list[str], int]]:
        """What may be let out now: of each narrow lane what is due, of all wide ones together `most`."""
        lanes = self._look()
        narrow = [lane for lane in lanes if not self._ramps[lane].wide]
        ways = [([lane], min(most, int(self._ramps[lane].due))) for lane in narrow]
        ways.append(([lane for lane in lanes if self._ramps[lane].wide], most))
        return [(lanes, few) for lanes, few in ways if lanes and few]

    def passed(self, lanes: list[str], replies: int) -> None:
        """So many were let out."""
        for lane in lanes:
            if not self._ramps[lane].wide:
                self._ramps[lane] = ramp.take(self._ramps[lane], replies)

    def _look(self) -> list[str]:
        """Lanes that are open, all ramps as they are now; before the first reading none is shut."""
        if not self.office.facts.caps:
            return []
        now, found = boottime(), self.office.open_lanes(self.office.now())
        for lane in {number.lane for number in self.office.numbers.values()}:
            was, is_open = self._ramps.get(lane), lane in found
            self._ramps[lane] = (
                ramp.begin(now, is_open=is_open)
                if was is None
                else ramp.move(was, now, self.slope, is_open=is_open)
            )
        return found
