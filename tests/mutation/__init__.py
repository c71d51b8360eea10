"""The rules, the ledger's calls and the signature checks, changed on purpose by mutmut."""
