"""What is done again and again beside the flow: one small file a duty, put together in `sweep`."""

from router.sweep.ears import Ears
from router.sweep.sweep import Sweep, Terms

__all__ = ["Ears", "Sweep", "Terms"]
