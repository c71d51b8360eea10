"""What the door goes by, out of the settings."""

from __future__ import annotations

from router.settings import Settings
from router.web.terms import Public, Terms


def terms(settings: Settings) -> Terms:
    """Its address, its secrets, its public page."""
    tokens = {name: account.hook_token for name, account in settings.accounts.items()}
    operator, public = settings.operator.token, settings.public
    return Terms(
        base_url=settings.base_url,
        drills=settings.drills,
        public=Public(public.title, public.donation_url) if public.enabled else None,
        hook_tokens={name: token.get_secret_value() for name, token in tokens.items() if token},
        operator_token=None if operator is None else operator.get_secret_value(),
        review_per_day=settings.review.per_day,
    )
