"""Three carriers over real loopback HTTP, with faults and a journal of the truth: for demo, drills, tests."""
