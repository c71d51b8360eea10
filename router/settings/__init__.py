"""What an operator decides: `paravent.toml`, secrets from elsewhere, and every error at once."""

from router.settings.advice import advise
from router.settings.loading import load
from router.settings.problem import Problem, SettingsError
from router.settings.sections import Account, Number, Operator, Settings
from router.settings.workers import Workers

__all__ = [
    "Account",
    "Number",
    "Operator",
    "Problem",
    "Settings",
    "SettingsError",
    "Workers",
    "advise",
    "load",
]
