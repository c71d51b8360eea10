"""Twilio's error codes, as far as the simulation says them."""

from __future__ import annotations

from collections.abc import Mapping

# https://www.twilio.com/docs/api/errors
SAYS: Mapping[str, str] = {
    "20001": "Invalid parameter",
    "20003": "Authenticate",
    "20005": "Account not active",
    "20404": "The requested resource was not found",
    "20429": "Too Many Requests",
    "20503": "Service unavailable",
    "21211": "Invalid 'To' Phone Number",
    "21212": "Invalid 'From' Number",
    "21266": "'To' and 'From' number cannot be the same",
    "21408": "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    "21602": "Message body is required",
    "21603": "A 'From' phone number is required",
    "21604": "A 'To' phone number is required",
    "21606": "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    "21609": "The 'StatusCallback' URL is not valid",
    "21610": "Attempt to send to unsubscribed recipient",
    "21611": "This 'From' number has exceeded the maximum number of queued messages",
    "21612": "Message cannot be sent with the current combination of 'To' and/or 'From' parameters",
    "21614": "'To' number is not a valid mobile number",
    "21617": "The concatenated message body exceeds the 1600 character limit",
    "21701": "The Messaging Service does not exist",
    "90007": "Invalid validity period value",
}
STATUS: Mapping[str, int] = {"20003": 401, "20005": 403, "20404": 404, "20429": 429, "20503": 503}
