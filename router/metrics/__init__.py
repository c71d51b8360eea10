"""What Prometheus is shown: events as counters folded from stories, facts as they were read just now.

Names and labels are closed: a label is a configured name or a word of a set in the code, and every such
series is there from the start, at 0. No number, no text, no word of a stranger ever becomes a label.
"""

from router.metrics.events import NOBODY, OUTCOMES, REJECTIONS, TIERS, Metrics, forget
from router.metrics.facts import REASONS
from router.metrics.machine import STATEMENTS, Machine, spooled
from router.metrics.series import CONTENT_TYPE, page

__all__ = [
    "CONTENT_TYPE",
    "NOBODY",
    "OUTCOMES",
    "REASONS",
    "REJECTIONS",
    "STATEMENTS",
    "TIERS",
    "Machine",
    "Metrics",
    "forget",
    "page",
    "spooled",
]
