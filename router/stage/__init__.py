"""Where the router meets the simulated carriers: the demo, and later drills and replays."""
