"""The contract between the router and whoever can carry a text."""
