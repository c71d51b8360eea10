"""All HTTP that comes in: webhooks, probes, the operator's API and the console."""

from router.web.app import app, serve
from router.web.lately import Lately
from router.web.shapes import Bubble
from router.web.terms import Phone, Terms

__all__ = ["Bubble", "Lately", "Phone", "Terms", "app", "serve"]
