"""The SQL of ledger, claims and receipts, changed on purpose: a named test must notice each change."""
