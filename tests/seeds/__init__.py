"""The house in a loop whose every choice follows from a seed, over books and carriers in memory."""
