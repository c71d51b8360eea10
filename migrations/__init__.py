"""The schema as history: plain SQL, one file a step, applied in order by `paravent migrate`."""
