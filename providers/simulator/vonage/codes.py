"""What the simulated Vonage says when it says no."""

from __future__ import annotations

# https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
SMS_SAYS = {
    "1": "Throughput Rate Exceeded - please wait [ 33 ] and retry",
    "2": "Missing to param",
    "3": "Invalid to param",
    "4": "Bad Credentials",
    "5": "Internal Error",
    "6": "Invalid Message",
    "7": "Number Barred",
    "8": "Partner Account Barred",
    "9": "Partner quota exceeded",
    "10": "Too Many Existing Binds",
    "11": "Account Not Enabled For HTTP",
    "12": "Message Too Long",
    "14": "Invalid Signature",
    "15": "Illegal Sender Address - rejected",
    "22": "Invalid Network Code",
    "23": "Invalid Callback Url",
    "29": "Non White-listed Destination - rejected",
    "32": "Signature And API Secret Disallowed",
    "33": "Number De-activated",
}

# https://developer.vonage.com/en/api-errors
PROBLEMS = {
    "unauthorized": (401, "You did not provide correct credentials"),
    "jwt-expired": (401, "The token has expired"),
    "jwt-revoked": (401, "The token was revoked"),
    "invalid-signature": (401, "The signature could not be verified"),
    "low-balance": (402, "This request could not be performed due to your account balance being low"),
    "forbidden": (403, "User not authorized to query the requested data"),
    "unprovisioned": (403, "The credentials provided do not have access to the requested product"),
    "account-suspended": (403, "This account has been suspended"),
    "application-suspended": (403, "This application has been suspended"),
    "invalid-json": (422, "The request body did not contain valid JSON"),
    "invalid-filter": (422, "The filters cannot be combined"),
    "rate-limit": (429, "Please wait, then retry your request"),
    "1030": (500, "Internal error"),
}

HTTP_OF_SMS = {"4": 401, "8": 403, "9": 402, "1": 429, "5": 500, "14": 401, "32": 401}
"""What other APIs of an account in SMS mode answer for the same trouble."""
